"""A chart as an SVG file of its own, with its title, legend, colours and source in it; and how to cite the source."""

from __future__ import annotations

from collections.abc import Sequence

from forecast.release.intervals import in_words
from service.context import Context
from service.dashboard.choices import Choices
from service.dashboard.fan import LETTERS, fan, together
from service.dashboard.figures import Figures
from service.dashboard.plot import text
from service.dashboard.words import day, long

__all__ = ["HEADERS", "citation", "picture"]

_WIDTH, _MARGIN = 960, 24
_STYLE = """
text{font:12px system-ui,sans-serif;fill:#222;paint-order:stroke;stroke:#fff;stroke-width:3px}
.title{font-size:18px;font-weight:600}.small{font-size:11px;fill:#555}
.rule{stroke:#dfe3e6}.tick{fill:#555}.mark{stroke:#5f6b76;stroke-dasharray:4 3}.name{fill:#555}
path{fill:none;vector-effect:non-scaling-stroke}
.seen{stroke:#222;stroke-width:2}.median{stroke:#00507f;stroke-width:2}
.b95{stroke:#7aa7c7;stroke-dasharray:3 3}.b80{fill:#bcd8ec}.b50{fill:#6fabd4}
.own{stroke-width:2.5}.said{stroke-width:1.5}path.area{fill-opacity:.15;stroke:none}.letter{font-weight:700}
.k1{stroke:#00507f}.k2{stroke:#a63c00}.k3{stroke:#00654a}.k4{stroke:#7d2f63}
.k2.own,.k2.said{stroke-dasharray:7 3}.k3.own,.k3.said{stroke-dasharray:2 3}.k4.own,.k4.said{stroke-dasharray:9 3 2 3}
.area.k1{fill:#00507f}.area.k2{fill:#a63c00}.area.k3{fill:#00654a}.area.k4{fill:#7d2f63}
.letter.k1{fill:#00507f;stroke:#fff}.letter.k2{fill:#a63c00;stroke:#fff}.letter.k3{fill:#00654a;stroke:#fff}
.letter.k4{fill:#7d2f63;stroke:#fff}
"""
# A file of its own may have its style within, and nothing else.
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"}


def picture(here: Context, drawn: Sequence[Figures], choices: Choices) -> bytes:
    """The file. `drawn`: the figures of its areas, at least one of which has a month."""
    several = len(drawn) > 1
    inner = together(drawn, choices) if several else fan(drawn[0], choices)
    names = ", ".join(one.area.name for one in drawn)
    unit = in_words(drawn[0].panel, drawn[0].unit)
    if several:
        key = " · ".join(f"{LETTERS[place]}: {one.area.name}" for place, one in enumerate(drawn))
        key += " · thin lines and shading: middle of the forecast with its 80 % interval"
    else:
        key = "black: observed · blue: middle of the forecast · shading: 50 and 80 % intervals"
        key += " · broken lines: 95 % interval"
    lines = [key, *(citation(here, one) for one in drawn)]
    height = 66 + 366 + 18 * len(lines) + 12
    foot = "".join(
        f'<text class="small" x="{_MARGIN}" y="{66 + 366 + 14 + 18 * place}">{text(words)}</text>'
        for place, words in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}"><title>{text(names)}: {text(unit)}</title><style>{_STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/><text class="title" x="{_MARGIN}" y="32">{text(names)}</text>'
        f'<text x="{_MARGIN}" y="52">{text(unit)}{", logarithmic axis" if choices.scale == "log" else ""}</text>'
        f'<svg x="{_MARGIN}" y="62" width="{_WIDTH - 2 * _MARGIN}" height="370">{inner}</svg>{foot}</svg>'
    ).encode()


def citation(here: Context, own: Figures) -> str:
    """Whose figures they are, so that anybody can find the same again."""
    said = f"Encounter forecasts {here.version}: {own.area.name}, {in_words(own.panel, own.unit)}."
    if own.release is None:
        return f"{said} Official counts."
    manifest = own.release.manifest
    return (
        f"{said} Release {own.release.id}, issued {day(manifest.issued_at.date())}, counts through "
        f"{long(manifest.origin)}."
    )
