"""The page at `/`: what to know first, an area to find, and by panel small charts and the next months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forecast.core.areas import Area
from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.release.intervals import in_words, level_places
from forecast.release.read import AreaForecast, Observation, Release
from service.choosing import areas_of
from service.context import Context
from service.dashboard.caution import caution, first_months
from service.dashboard.fan import small
from service.dashboard.figures import figures
from service.dashboard.frame import page
from service.dashboard.history import counts_of
from service.dashboard.listing import link, search
from service.dashboard.plot import text
from service.dashboard.words import RISK, amount, long, promise, spread

__all__ = ["index"]

# The interval of the table, in per cent, and how many months ahead of the issue it shows.
_COVERAGE = 80
_AHEAD = 3
# A panel of no more areas has them all on the page, a larger one those that its declaration shows, and no more than
# the second number; what is not shown is one link away.
_ALL, _MOST = 40, 60
# Years of history in a small chart.
_YEARS = 2
_INTRODUCTION = (
    "<h1>Border encounters: forecasts</h1>"
    "<p>Forecasts of monthly U.S. border encounters from official counts. An encounter is an event, not a person. "
    f"Each figure is a median; with it comes the {_COVERAGE} % interval, expected to hold the outcome "
    f"{_COVERAGE // 10} times out of 10. Published forecasts never change.</p>"
)


def index(here: Context) -> tuple[bytes, bool]:
    """The whole page, and whether it has all that belongs to it, so that it may be kept."""
    releases, panels = here.release_cache.newest, here.catalogue.panels
    shown = {name: _shown_areas(release) for name, release in releases.items()}
    first = min((one.manifest.origin for one in releases.values()), default=None)
    slugs = [one.slug for areas in shown.values() for one in areas]
    counts = counts_of(here.release_cache.engine, slugs, first=None if first is None else first + -12 * _YEARS)
    parts = [
        f"{_INTRODUCTION}<p>{text(RISK)}</p>",
        caution(here, panels.values(), history=counts is not None),
        search(""),
    ]
    parts += [
        _panel(panel, releases[name], shown[name], counts or {}) for name, panel in panels.items() if name in releases
    ]
    marks = " ".join(release.id for release in releases.values())
    return page("Border encounters: forecasts", "".join(parts), marks=marks), counts is not None


def _shown_areas(release: Release) -> list[Area]:
    areas = areas_of(release)
    return [one for one in areas if len(areas) <= _ALL or release.panel.is_shown(one)][:_MOST]


def _panel(panel: Panel, release: Release, areas: Sequence[Area], counts: Mapping[str, Sequence[Observation]]) -> str:
    manifest = release.manifest
    facts = (
        f"<p>Data through <strong>{manifest.origin}</strong> · issued {manifest.issued_at:%Y-%m-%d %H:%M} UTC · "
        f"newer counts are due by {manifest.stale_after} · "
        f'release <a href="v1/releases/{text(release.id)}">{text(release.id)}</a></p>'
    )
    name = text(panel.id)
    cards = "".join(_card(one, panel, release, counts.get(one.slug, ())) for one in areas)
    more = "" if len(areas) == len(release.areas) else f" {len(areas)} of {len(release.areas)} areas are shown."
    return (
        f'<section aria-labelledby="panel-{name}"><h2 id="panel-{name}">{text(panel.title)}</h2>{facts}'
        f"<p>{text(promise(manifest.scores))}</p>"
        f'<ul class="cards">{cards}</ul><p>{more} <a href="areas">All areas by region</a>; as tables: '
        f'<a href="v1/areas?panel={name}">list</a> · <a href="v1/forecasts?panel={name}">JSON</a> · '
        f'<a href="v1/forecasts.csv?panel={name}">CSV</a></p>'
        f'<details id="table-{name}"><summary>The next months of these areas as a table, and where the figures come '
        f"from</summary><p>{text(first_months(release))}</p>{_confidence(release)}{_sources(release)}"
        f"{_table(release, areas)}</details></section>"
    )


def _card(area: Area, panel: Panel, release: Release, observed: Sequence[Observation]) -> str:
    own = figures(area, panel, release, observed, years=_YEARS)
    said = ""
    if own.next is not None:
        month, row = own.next
        said = (
            f"<span>{long(month)}: <b>{amount(row.median, 'month')}</b><br>"
            f"<small>8 in 10: {spread(row.ends[2], row.ends[3], 'month')}</small></span>"
        )
    return f'<li><a href="{link(area, "")}"><strong>{text(area.name)}</strong>{small(own)}{said}</a></li>'


def _confidence(release: Release) -> str:
    """How far the intervals can be trusted now, by lead, as the release itself says."""
    rows = release.manifest.scores.get("confidence", [])
    if not rows:
        return ""
    said = "; ".join(f"months {text(row['lead'])} ahead: {text(row['label'])}" for row in rows)
    return f"<p>Confidence in the intervals by lead: {said}.</p>"


def _sources(release: Release) -> str:
    """Whose counts the release was made from, month by month."""
    said = "; ".join(
        f"{source.first} to {source.last}: {text(source.credit)} (published {source.published})"
        for source in release.manifest.sources
    )
    return f"<p>Counts: {said}.</p>" if said else ""


def _table(release: Release, areas: Sequence[Area]) -> str:
    months = _shown_months(release)
    places = level_places(release.levels, (0, _COVERAGE))
    heads = "".join(
        f'<th class="figure" scope="col">{month}<br><small>lead {release.lead(month)}</small></th>' for month in months
    )
    rows = "".join(_row(one, release.by_slug[one.slug], months, places, release) for one in areas)
    unit = text(in_words(release.panel, "month").capitalize())
    header = f'<thead><tr><th scope="col">{unit}</th>{heads}<th scope="col">Download</th></tr></thead>'
    name = f"The next months of {text(release.panel.title)}"
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{name}"><table>{header}<tbody>{rows}</tbody>'
        "</table></div>"
    )


def _shown_months(release: Release) -> list[Month]:
    """The month after the data, and the first ones still ahead at issue; the first ones where none was."""
    months = sorted({month for forecast in release.areas for month in forecast.months})
    ahead = [month for month in months if release.lead(month) >= 0] or months
    return sorted({*months[:1], *ahead[:_AHEAD]})


def _row(
    one: Area, forecast: AreaForecast, months: list[Month], places: tuple[tuple[int, int], ...], release: Release
) -> str:
    row = dict(zip(forecast.months, forecast.quantiles, strict=True))
    (median, _), (low, high) = places
    cells = "".join(
        f'<td class="figure">{round(row[month][median]):,}<br><small>{round(row[month][low]):,} to '
        f"{round(row[month][high]):,}</small></td>"
        for month in months
    )
    reason = release.manifest.fallbacks.get(one.slug)
    fallback = f"<br><small>Floor model: {text(reason)}</small>" if reason else ""
    slug = text(one.slug)
    links = f'<a href="v1/forecasts?area={slug}">JSON</a> <a href="v1/forecasts.csv?area={slug}">CSV</a>'
    return (
        f'<tr><th scope="row"><a href="{link(one, "")}">{text(one.name)}</a>{fallback}</th>{cells}<td>{links}</td></tr>'
    )
