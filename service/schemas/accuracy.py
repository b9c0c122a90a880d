"""The shapes of accuracy: issued forecasts beside the counts that came out later, and what decisions on them cost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from forecast.core.scorecard import SCORED_COVERAGES, SCORED_INTERVALS
from service.schemas.parts import KindName, MonthText, PanelId, ReleaseId, Shape, Slug

__all__ = [
    "WEIGHED",
    "Accuracy",
    "AccuracyAnswer",
    "AccuracyDecisionsAnswer",
    "AccuracyReplayedAnswer",
    "DecisionCost",
    "GroupDecisions",
    "ReplayedAccuracy",
]

WEIGHED = "Central intervals, in per cent, that sWIS weighs beside the median."


class Accuracy(Shape):
    """Issued forecasts beside the counts that came out later: means over releases, areas and months."""

    panel: PanelId
    n: int = Field(description="Forecasts that were scored: releases, areas and months.", examples=[3])
    releases: int = Field(description="Releases among them.", examples=[3])
    months: int = Field(
        description="Target months among them; months, not forecasts, are independent of each other.", examples=[3]
    )
    through: MonthText = Field(description="The last target month.", examples=["2025-03"])
    sWIS: float = Field(  # noqa: N815 (the name of the figure everywhere else)
        description=f"Mean weighted interval score of {SCORED_INTERVALS} over the area's mean change within a year.",
        examples=[0.52],
    )
    floor_sWIS: float = Field(  # noqa: N815
        description="The same of the naive floor, from the same counts.", examples=[0.71]
    )
    ratio: float | None = Field(
        description="sWIS over the floor's: below 1 is better; null where the floor was never wrong.", examples=[0.7324]
    )
    coverage_50: float = Field(description="Share of counts that the 50 % intervals held.", examples=[0.6667])
    coverage_80: float = Field(description="Share of counts that the 80 % intervals held.", examples=[1.0])
    coverage_95: float = Field(description="Share of counts that the 95 % intervals held.", examples=[1.0])


class AreaAccuracy(Accuracy):
    """One area at one lead."""

    area: Slug
    name: str = Field(examples=["El Paso, TX"])
    kind: KindName
    lead: int = Field(description="Months from the month of issue; negative: the month was past then.", examples=[0])


class AccuracyAnswer(Shape):
    """Accuracy of past releases by area and lead."""

    hindcasts: bool = Field(
        description="Whether these are scores of hindcasts, which were never issued.", examples=[False]
    )
    note: str | None = Field(description="Why there is no score; null where there is one.", examples=[None])
    intervals: list[int] = Field(description=WEIGHED, examples=[list(SCORED_COVERAGES)])
    overall: list[Accuracy] = Field(description="Per panel, over the areas asked for, or over all leaves.")
    accuracy: list[AreaAccuracy]


class DecisionCost(Shape):
    """What planning costs where a missing place costs `ratio` idle ones, over the area's mean change within a year."""

    ratio: int = Field(description="What a missing place costs, in idle ones.", examples=[4])
    level: float = Field(description="The level that is right for it.", examples=[0.8])
    cost: float | None = Field(description="Of planning on that level; smaller is better.", examples=[0.93])
    median_cost: float | None = Field(description="Of planning on the median.", examples=[1.24])
    saved: float | None = Field(
        description="The share by which the first is below the second; null where the median cost nothing.",
        examples=[0.25],
    )


Decisions = Annotated[list[DecisionCost], Field(description="By ratio.")]


class AccuracyAndDecisions(Accuracy):
    """The same, with what decisions cost on the same cells."""

    decisions: Decisions


class AreaAccuracyAndDecisions(AreaAccuracy):
    """The same of one area at one lead."""

    decisions: Decisions


class AccuracyDecisionsAnswer(AccuracyAnswer):
    """The same with `include=decisions`: what planning on the forecasts cost."""

    overall: list[AccuracyAndDecisions] = Field(  # type: ignore[assignment]  # the same with one more
        description="Per panel, over the areas asked for, or over all leaves."
    )
    accuracy: list[AreaAccuracyAndDecisions]  # type: ignore[assignment]


class ReplayedAccuracy(Shape):
    """How often the intervals of replays would have held an area's counts: what the method of the release that is
    served would have said from 1, 3, 6 and 12 months before its counts end. It was not issued.
    """

    panel: PanelId
    area: Slug
    name: str = Field(examples=["El Paso, TX"])
    kind: KindName
    release: ReleaseId
    replayed: Literal[True] = Field(examples=[True])
    n: int = Field(description="Months with a count, each by the last replay made before it.", examples=[12])
    coverage_50: float | None = Field(
        description="Share of counts that the 50 % intervals held; null without one.", examples=[0.5]
    )
    coverage_80: float | None = Field(description="The same of the 80 % intervals.", examples=[0.8333])
    coverage_95: float | None = Field(description="The same of the 95 % intervals.", examples=[1.0])


class AccuracyReplayedAnswer(AccuracyAnswer):
    """The same with `include=replayed`: what replays would have held, beside what was issued."""

    replayed: list[ReplayedAccuracy]


class GroupDecisions(Shape):
    """What planning on past forecasts cost, of one group of areas and lead."""

    group: str = Field(description="A group of leaves, or `total`: sums.", examples=["southwest"])
    lead: str = Field(description="First and last month of lead.", examples=["0-2"])
    months: int = Field(description="Target months among them.", examples=[120])
    cells: int = Field(description="Areas, origins and months.", examples=[3240])
    costs: Decisions
