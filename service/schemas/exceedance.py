"""The shapes of chances: above a threshold, for the first time, in any month, and of a change.

A chance is a `probability`, or where under five draws speak for it or against it a `bound` in words.
"""

from __future__ import annotations

from pydantic import Field

from service.schemas.forecasts import CurrentRelease
from service.schemas.parts import DataMonth, KindName, MonthText, PanelId, ReleaseId, Shape, Slug

_PROBABILITY = "Share of the release's draws; null where under five speak for it or against it: see `bound`."
_BOUND = "What is known where there is no number, such as `under 1 in 400`; null where there is one."


class ChanceShape(Shape):
    """A chance: exactly one of its two members is null."""

    probability: float | None = Field(description=_PROBABILITY, ge=0, le=1, examples=[0.1325])
    bound: str | None = Field(description=_BOUND, examples=[None])


class MonthAbove(ChanceShape):
    """The chance of more than the threshold in one month."""

    month: MonthText
    horizon: int = Field(ge=1, description="Months after the last observed month.", examples=[1])
    lead: int = Field(
        description="Months from the month of issue; negative: the month was past when the release was issued.",
        examples=[-1],
    )
    first: ChanceShape = Field(description="The chance that it is the first month above the threshold of those here.")


class ThresholdAnswer(Shape):
    """One threshold: above is strict, a month of exactly the threshold is not above it."""

    threshold: float = Field(ge=0, description="In the answer's unit.", examples=[1500])
    months: list[MonthAbove]
    any: ChanceShape = Field(description="Of more than the threshold in at least one of the months.")
    never: ChanceShape = Field(description="Of that in none of them. With `first` of every month it adds up to 1.")


class ChangeChance(ChanceShape):
    """The chance of one change."""

    percent: float = Field(
        description="More than so many per cent above the last observed month, or where negative below it.",
        examples=[25],
    )


class ChangeAnswer(Shape):
    """Changes against the last observed month."""

    since: DataMonth
    count: int = Field(description="Its encounters, as they were public when the release was made.", examples=[9120])
    months: list[MonthText] = Field(description="In at least one of these months.", examples=[["2024-12", "2025-01"]])
    chances: list[ChangeChance]


class AreaExceedance(Shape):
    """One area's chances from one release."""

    area: Slug
    name: str = Field(description="The area's name.", examples=["El Paso, TX"])
    kind: KindName
    panel: PanelId
    release: ReleaseId
    origin: DataMonth
    fallback: str | None = Field(
        description="Why the floor model stands in for this area; null where it does not.", examples=[None]
    )
    draws: int = Field(description="Joint draws that are counted.", examples=[2000])
    thresholds: list[ThresholdAnswer]
    change: ChangeAnswer | None = Field(
        description="With `unit=day` of means per day. Null where the last observed month is 0 or not known."
    )


class ExceedanceAnswer(Shape):
    """Chances of more than some thresholds."""

    releases: dict[PanelId, CurrentRelease]
    unit: str = Field(description="Of the thresholds.", examples=["encounters per day"])
    note: str | None = Field(
        description="What a threshold per day is compared with, and that a list such as `10,500` may have been one "
        "number; null otherwise.",
        examples=["A threshold per day is compared with the month's mean per day."],
    )
    exceedance: list[AreaExceedance]
