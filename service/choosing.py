"""Which forecasts a question is about: the areas of some releases. Reads no parameter, writes no answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from forecast.core.areas import Area
from forecast.release.read import AreaForecast, Release
from forecast.release.shapes import Chosen
from service.catalogue import Catalogue
from service.problems import Problem
from service.query import ForecastQuery, invalid

__all__ = ["Missing", "areas_of", "check_panel_and_kind", "choose"]

# Why a panel may have no release among those at hand: kinds of problem.
Missing = Literal["nothing-published", "before-first-release", "no-forecast"]
_MISSING: dict[Missing, str] = {
    "nothing-published": "No release of {panel} has been published yet.",
    "before-first-release": "No release of {panel} had been issued by that day.",
    "no-forecast": "The release is not one of {panel}.",
}


def choose(
    catalogue: Catalogue,
    releases: Mapping[str, Release],
    question: ForecastQuery,
    *,
    missing: Missing = "nothing-published",
) -> Chosen:
    """The forecasts that a question is about, with their releases. `missing`: the problem where a panel has none.

    Raises Problem where a named area, kind or horizon is not there.
    """
    if question.areas is None:
        wanted = [question.panel] if question.panel else list(releases)
        _require(releases, wanted, missing)
        chosen = [
            (releases[panel], releases[panel].by_slug[one.slug])
            for panel in wanted
            for one in areas_of(releases[panel])
            if question.kind in (None, one.kind)
        ]
        if not chosen:
            kinds = sorted({one.kind for panel in wanted for one in areas_of(releases[panel])})
            said = f"there is no {question.kind} in {' or '.join(wanted)}. It has {', '.join(kinds)}."
            if question.model is not None and any(question.kind in releases[panel].panel.kinds for panel in wanted):
                said += " Compared models forecast leaves alone: sums of quantiles are no quantiles."
            raise invalid("kind", said)
    else:
        chosen = [_one(releases, catalogue.area(slug), question, missing) for slug in question.areas]
    if question.horizon is not None:
        furthest = min(len(forecast.months) for _, forecast in chosen)
        if question.horizon > furthest:
            raise invalid(
                "horizon",
                f"{question.horizon} is more than the {furthest} months that are forecast. Use 1 to {furthest}.",
            )
    return chosen


def _one(
    releases: Mapping[str, Release], one: Area, question: ForecastQuery, missing: Missing
) -> tuple[Release, AreaForecast]:
    check_panel_and_kind(one, question.panel, question.kind)
    _require(releases, [one.panel], missing)
    release = releases[one.panel]
    if one.slug not in release.by_slug:
        why = f"it closed in {one.closed}" if one.closed else "the counts behind the release have no such area"
        raise Problem(
            "no-forecast", f"{one.slug} is not in release {release.id}: {why}.", area=one.slug, release=release.id
        )
    return release, release.by_slug[one.slug]


def check_panel_and_kind(one: Area, panel: str | None, kind: str | None) -> None:
    """Raises Problem where a named area is not of the panel or kind that is asked for beside it."""
    if panel not in (None, one.panel):
        raise invalid("panel", f"{one.slug} belongs to {one.panel}, not to {panel}. Leave one of the two out.")
    if kind not in (None, one.kind):
        raise invalid("kind", f"{one.slug} is a {one.kind}, not a {kind}. Leave one of the two out.")


def _require(releases: Mapping[str, Release], panels: Iterable[str], missing: Missing) -> None:
    absent = [panel for panel in panels if panel not in releases]
    if absent or not releases:
        raise Problem(missing, _MISSING[missing].format(panel=" or ".join(absent) or "any panel"))


def areas_of(release: Release) -> tuple[Area, ...]:
    """The areas of a release, in the order in which its panel shows them."""
    return tuple(release.panel.ordered(release.by_slug))
