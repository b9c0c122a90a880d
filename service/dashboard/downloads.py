"""How to take a page's figures along: tables, pictures, and a citation that names the release."""

from __future__ import annotations

from forecast.release.intervals import in_words
from service.context import Context
from service.dashboard.choices import Choices
from service.dashboard.figures import Figures
from service.dashboard.plot import text
from service.dashboard.words import day, long

__all__ = ["citation", "downloads"]


def downloads(here: Context, own: Figures, choices: Choices, *, up: str) -> str:
    """HTML of the links and the citation."""
    slug, query = text(own.area.slug), text(choices.query)
    unit = "&amp;unit=day" if own.unit == "day" else ""
    links = [f'<a href="{up}v1/observations.csv?area={slug}" download="{slug}-counts.csv">counts as CSV</a>']
    if own.release is not None:
        links = [
            f'<a href="{up}v1/forecasts.csv?area={slug}{unit}" download="{slug}-forecast.csv">forecast as CSV</a>',
            *links,
            f'<a href="{up}v1/forecasts?area={slug}{unit}">forecast as JSON</a>',
            f'<a href="{up}v1/releases/{text(own.release.id)}/forecasts?area={slug}">this release, for ever</a>',
        ]
    links.append(f'<a id="svg" href="{up}charts/{slug}.svg{query}" download="{slug}.svg">chart as SVG</a>')
    links.append(f'<button type="button" id="png" hidden data-name="{slug}.png">chart as PNG</button>')
    return (
        '<section aria-labelledby="take"><h2 id="take">Take it along</h2>'
        f'<p class="links">{" ".join(links)}</p>'
        f'<p id="cite">{text(citation(here, own))} <span id="cite-address"></span></p>'
        '<p><button type="button" id="copy" hidden>Copy the citation</button></p></section>'
    )


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
