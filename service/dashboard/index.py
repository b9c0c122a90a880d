"""The page at `/`: what to know first, an area to find, and by panel small charts and the next months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from forecast.core.areas import Area
from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.release.intervals import level_places
from forecast.release.read import Observation, Release
from service.bodies import is_stale
from service.choosing import areas_of
from service.context import Context
from service.dashboard.caution import caution, first_months
from service.dashboard.fan import small
from service.dashboard.figures import counts_of, figures
from service.dashboard.frame import page
from service.dashboard.listing import link

__all__ = ["index"]

# The interval of the table, in per cent, and how many months ahead of the issue it shows.
_COVERAGE = 80
_AHEAD = 3
# A panel of no more areas has them all on the page, a larger one those that its declaration shows, and no more than
# the second number; what is not shown is one link away.
_ALL, _MOST = 40, 60
# Years of history in a small chart.
_YEARS = 2


def index(here: Context) -> tuple[bytes, bool]:
    """The whole page, and whether it has all that belongs to it, so that it may be kept."""
    releases, panels = here.release_cache.newest, here.catalogue.panels
    shown = {name: _shown_areas(release) for name, release in releases.items()}
    first = min((one.manifest.origin for one in releases.values()), default=None)
    slugs = [one.slug for areas in shown.values() for one in areas]
    counts = counts_of(here.release_cache.engine, slugs, first=None if first is None else first + -12 * _YEARS)
    body = page(
        "index.html",
        marks=" ".join(release.id for release in releases.values()),
        care=caution(here, panels.values(), history=counts is not None),
        sections=[
            _section(panel, releases[name], shown[name], counts or {}, here.today())
            for name, panel in panels.items()
            if name in releases
        ],
        link=link,
        small=small,
    )
    return body, counts is not None


def _shown_areas(release: Release) -> list[Area]:
    areas = areas_of(release)
    return [one for one in areas if len(areas) <= _ALL or release.panel.is_shown(one)][:_MOST]


def _section(
    panel: Panel, release: Release, areas: Sequence[Area], counts: Mapping[str, Sequence[Observation]], today: date
) -> dict[str, Any]:
    """What the template shows of a panel."""
    months, ((median, _), (low, high)) = _shown_months(release), level_places(release.levels, (0, _COVERAGE))
    rows = []
    for one in areas:
        forecast = release.by_slug[one.slug]
        quantiles = dict(zip(forecast.months, forecast.quantiles, strict=True))
        rows.append((one, [[quantiles[month][place] for place in (median, low, high)] for month in months]))
    return {
        "panel": panel,
        "release": release,
        "stale": is_stale(release, today),
        "cards": [figures(one, panel, release, counts.get(one.slug, ()), years=_YEARS) for one in areas],
        "first_months": first_months(release),
        "months": months,
        "rows": rows,
    }


def _shown_months(release: Release) -> list[Month]:
    """The month after the data, and the first ones still ahead at issue; the first ones where none was."""
    months = sorted({month for forecast in release.areas for month in forecast.months})
    ahead = [month for month in months if release.lead(month) >= 0] or months
    return sorted({*months[:1], *ahead[:_AHEAD]})
