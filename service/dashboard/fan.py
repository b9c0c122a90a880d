"""The chart of one area, history and fan; of several areas together; and the small ones of the first page."""

from __future__ import annotations

from collections.abc import Sequence

from forecast.core.months import Month
from forecast.release.hindsight import PastForecast
from service.dashboard import plot
from service.dashboard.choices import Choices
from service.dashboard.figures import COVERAGES, Figures
from service.dashboard.scales import Across, Up, up_to
from service.dashboard.words import long

__all__ = ["LETTERS", "fan", "hedgehog", "small", "together"]

# What areas that are compared are called in the chart beside their colours.
LETTERS = "ABCD"
_HEIGHT = 320.0


def fan(own: Figures, choices: Choices) -> str:
    """Counts, and the forecast as a median in a fan: 50 % darkest, 80 %, 95 % as an outline. Empty without a figure."""
    if not own.months:
        return ""
    across, up = Across(own.months[0], own.months[-1]), _axis(own.values(), choices)
    shapes = _fan(own, across, up, outlined=True) + plot.line(own.observed, across, up, "seen")
    over = _origin(own, across, up) + plot.ticks(across, up)
    return plot.chart(shapes, plot.rules(across, up), over, up, name=_name(own))


def together(areas: Sequence[Figures], choices: Choices) -> str:
    """Several areas on one axis, each with its 80 % interval, a colour, a pattern of dashes and a letter."""
    months = sorted({month for one in areas for month in one.months})
    across, up = Across(months[0], months[-1]), _axis([v for one in areas for v in one.values((50, 80))], choices)
    shapes, letters = [], []
    for place, one in enumerate(areas):
        kind = f"k{place + 1}"
        start = [one.start] if one.start else []
        shapes.append(plot.band(*_ends(one, 1), across, up, f"{kind} area"))
        shapes.append(
            plot.line([*start, *((month, row.median) for month, row in one.ahead)], across, up, f"{kind} said")
        )
        shapes.append(plot.line(one.observed, across, up, f"{kind} own"))
        if one.observed or one.ahead:
            last = (one.ahead[-1][0], one.ahead[-1][1].median) if one.ahead else one.observed[-1]
            letters.append(
                plot.label(
                    LETTERS[place],
                    100 * across.share(last[0]) - 0.4 - 3.5 * place,
                    plot.TOP + up.at(last[1]) - 5,
                    f"letter k{place + 1}",
                    anchor="end",
                )
            )
    name = f"{', '.join(one.area.name for one in areas)}: observed counts and forecasts with 80 % intervals"
    over = "".join([_origin(areas[0], across, up), plot.ticks(across, up), *letters])
    return plot.chart("".join(shapes), plot.rules(across, up), over, up, name=name)


def hedgehog(own: Figures, said: Sequence[PastForecast], back: Sequence[int], choices: Choices) -> str:
    """What was said earlier, each from its own last observed month, over what came. `back`: how many months ago each
    was, beside `said`; where some were issued and others replayed, the latter are marked.
    """
    first = min(one.origin for one in said) + -12
    seen = [point for point in own.counts if point[0] >= first]
    last = max([seen[-1][0] if seen else first, *(one.rows[-1][0] for one in said)])
    values = [v for one in said for row in one.rows for v in row[1:]] + [v for _, v in seen]
    across, up = Across(first, last), _axis(values, choices)
    counts, shapes, names = dict(seen), [], []
    mixed = len({one.replayed for one in said}) > 1
    for place, one in enumerate(said):
        start = [(one.origin, counts[one.origin])] if one.origin in counts else []
        kind = f"k{place + 1}"
        low = [*start, *((month, least) for month, _, least, _ in one.rows)]
        high = [*start, *((month, most) for month, _, _, most in one.rows)]
        shapes.append(plot.band(low, high, across, up, f"{kind} area"))
        shapes.append(plot.line([*start, *((row[0], row[1]) for row in one.rows)], across, up, f"{kind} said"))
        at = one.rows[-1]
        share = min(100 * across.share(at[0]), 99.5)
        mark = f"{back[place]} replayed" if one.replayed and mixed else str(back[place])
        names.append(plot.label(mark, share, plot.TOP + up.at(at[1]) - 4, f"letter k{place + 1}", anchor="end"))
    shapes.append(plot.line(seen, across, up, "seen"))
    name = f"{own.area.name}: what was forecast earlier, over what came"
    over = plot.ticks(across, up) + "".join(names)
    return plot.chart("".join(shapes), plot.rules(across, up), over, up, name=name)


def small(own: Figures) -> str:
    """The same as `fan`, without axes, for a page of many: counts, the median, the 50 and 80 % intervals."""
    if not own.months:
        return ""
    across, up = Across(own.months[0], own.months[-1]), up_to(own.values((50, 80)), log=False, height=64, least=1)
    shapes = _fan(own, across, up, outlined=False) + plot.line(own.observed, across, up, "seen")
    share = 100 * across.share(own.origin or own.months[-1])
    return (
        '<svg class="small" width="100%" height="66" aria-hidden="true" viewBox="0 0 1000 66" '
        f'preserveAspectRatio="none"><path class="mark" d="M{10 * share:.0f} 0V66"/>{shapes}</svg>'
    )


def _fan(own: Figures, across: Across, up: Up, *, outlined: bool) -> str:
    if not own.ahead:
        return ""
    bands = [plot.band(*_ends(own, place), across, up, f"b{COVERAGES[place]}") for place in (1, 0)]
    if outlined:
        bands.insert(0, "".join(plot.line(end, across, up, "b95") for end in _ends(own, 2)))
    start = [own.start] if own.start else []
    return "".join(bands) + plot.line(
        [*start, *((month, row.median) for month, row in own.ahead)], across, up, "median"
    )


def _ends(own: Figures, place: int) -> tuple[list[tuple[Month, float]], list[tuple[Month, float]]]:
    """The lower and the upper line of an interval, by its place among COVERAGES, from the last observed month on."""
    start = [own.start] if own.start else []
    low, high = ([*start, *((month, row.ends[2 * place + end]) for month, row in own.ahead)] for end in (0, 1))
    return low, high


def _axis(values: Sequence[float], choices: Choices) -> Up:
    return up_to(values, log=choices.scale == "log", height=_HEIGHT, least=1.0 if choices.unit == "month" else 0.1)


def _origin(own: Figures, across: Across, up: Up) -> str:
    """The line between what was observed and what is forecast."""
    if own.origin is None or not own.ahead:
        return ""
    return plot.mark(own.origin, across, up, "observed", "forecast")


def _name(own: Figures) -> str:
    """What the picture shows, for those who do not see it; the figures are in the table."""
    said = f"{own.area.name}: observed {own.panel.unit} per {own.unit}"
    if own.observed:
        said += f", {long(own.observed[0][0])} to {long(own.observed[-1][0])}"
    if own.ahead:
        said += f", and the forecast to {long(own.ahead[-1][0])} with 50, 80 and 95 % intervals"
    return f"{said}. The same figures are in the table."
