"""The shapes of answers to what-ifs and to questions of beds."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from service.schemas.exceedance import ChanceShape
from service.schemas.parts import DataMonth, KindName, MonthText, PanelId, ReleaseId, Shape, Slug

__all__ = ["CapacityAnswer", "ScenarioAnswer", "ScenarioDrawsAnswer"]


class PlanRelease(Shape):
    """The release that an answer is made of."""

    id: ReleaseId
    panel: PanelId
    issued_at: str = Field(description="UTC.", examples=["2024-12-20T06:00:00Z"])
    data_through: DataMonth
    stale_after: str = Field(description="The day after which newer counts should be out.", examples=["2025-02-28"])
    stale: bool = Field(description="Whether that day has passed.", examples=[False])


class MonthChance(ChanceShape):
    """A month, and the chance that it is the one."""

    month: MonthText


class FirstChance(ChanceShape):
    """The first month in which something happens, and its chance; without a month: in none of these."""

    month: MonthText | None


class ReadInterval(Shape):
    """A central interval; an end that fewer than five worlds lie beyond is null."""

    coverage: int = Field(description="Per cent.", examples=[80])
    lower: int | None = Field(examples=[6900])
    upper: int | None = Field(examples=[11000])


class Spread(Shape):
    """What the worlds say of one quantity."""

    median: int = Field(examples=[8790])
    mean: int = Field(examples=[8920])
    intervals: list[ReadInterval]


class Sides(Shape):
    """A quantity without and with the events, and its difference in the same worlds."""

    baseline: Spread
    scenario: Spread
    difference: Spread


class ScenarioMonth(Sides):
    """One month of one area."""

    month: MonthText
    horizon: int = Field(ge=1, description="Months after the last observed month.", examples=[1])
    lead: int = Field(description="Months from the month of issue; negative: past by then.", examples=[-1])


class Peak(Shape):
    """The largest month: how large, and which."""

    size: Spread
    months: list[MonthChance] = Field(description="How likely each is the largest; of months alike the first one.")


class Peaks(Shape):
    """The largest month on both sides, and the difference in size."""

    baseline: Peak
    scenario: Peak
    difference: Spread


class ScenarioArea(Shape):
    """One area."""

    area: Slug
    name: str = Field(examples=["El Paso, TX"])
    kind: KindName
    panel: PanelId
    release: ReleaseId
    origin: DataMonth
    months: list[ScenarioMonth]
    total: Sides = Field(description="Of all months together.")
    peak: Peaks


class ScenarioAnswer(Shape):
    """A forecast with and without some events."""

    releases: dict[PanelId, PlanRelease]
    unit: str = Field(examples=["encounters per month"])
    worlds: int = Field(description="How many joint draws of the release.", examples=[2000])
    seed: int = Field(examples=[1])
    forecasts: list[ScenarioArea]
    assumptions: list[str] = Field(
        description="Everything that is taken for granted, in plain words.",
        examples=[["Both sides are the same worlds of the published forecast; nothing was fitted again."]],
    )


class EventDraws(Shape):
    """What each world drew of one event; null: the event has no such quantity."""

    event: int = Field(description="Its number, from 1.", examples=[1])
    kind: str = Field(examples=["group_arrival"])
    month: MonthText | None = Field(default=None, description="From which it holds.", examples=[None])
    people: list[int] | None = Field(default=None, examples=[[12012, 14410]])
    beds: list[int] | None = Field(default=None, examples=[None])
    show_up: list[float] | None = Field(default=None, examples=[[0.31, 0.77]])
    share: dict[Slug, list[float]] | None = Field(default=None, examples=[{"el-paso": [0.7, 0.7]}])
    multiplier: list[float] | list[list[float]] | None = Field(
        default=None, description="Per world; per month and world where it differs.", examples=[None]
    )


class AreaDraws(Shape):
    """One area's worlds: encounters by month, then world."""

    area: Slug
    baseline: list[list[int]] = Field(examples=[[[8800, 9100]]])
    scenario: list[list[int]] = Field(examples=[[[9700, 9900]]])


class Draws(Shape):
    """Every world, in one order throughout."""

    events: list[EventDraws]
    areas: list[AreaDraws]


class ScenarioDrawsAnswer(ScenarioAnswer):
    """The same with `include=draws`."""

    draws: Draws


class BedLevels(Shape):
    """People who need a bed: the median, and what is reached in 25, 10 and 5 of a hundred worlds."""

    median: int = Field(examples=[610])
    level_75: int | None = Field(alias="75", examples=[700])
    level_90: int | None = Field(alias="90", examples=[820])
    level_95: int | None = Field(alias="95", examples=[900])


class SafeBeds(Shape):
    """Beds with which in 80, 90 and 95 of a hundred worlds no night lacks one."""

    safe_80: int | None = Field(alias="80", examples=[870])
    safe_90: int | None = Field(alias="90", examples=[960])
    safe_95: int | None = Field(alias="95", examples=[1050])


class CapacityMonth(Shape):
    """One month."""

    month: MonthText
    occupancy: BedLevels = Field(description="Of the month's average night.")
    busiest_night: BedLevels
    full: ChanceShape = Field(description="That on at least one night more people need a bed than there are.")
    nights_full: float = Field(description="Share of nights on which beds lack, over all worlds.", examples=[0.06])
    missing_beds: float = Field(description="Beds that lack on a night, on average over all worlds.", examples=[9.4])
    missing_beds_when_full: int | None = Field(
        description="On the worst night, on average of the worlds in which beds lack; null: in fewer than five.",
        examples=[150],
    )
    idle_beds: float = Field(description="Beds that stay empty on a night, on average.", examples=[340.2])
    beds_for: SafeBeds


class ReleasedSharesUsed(Shape):
    """The table of released people that stands in where no share is given."""

    first: MonthText
    through: MonthText = Field(description="The last month that it knows.", examples=["2024-08"])
    published: date = Field(examples=["2024-12-06"])
    stale_since: MonthText = Field(description="When the next month's table was due.", examples=["2025-01"])


class CapacityAnswer(Shape):
    """Nights in use, the chance that beds run out, and the beds to have."""

    releases: dict[PanelId, PlanRelease]
    area: Slug
    name: str = Field(examples=["El Paso, TX"])
    kind: KindName
    panel: PanelId
    unit: str = Field(examples=["people who need a bed"])
    worlds: int = Field(examples=[2000])
    seed: int = Field(examples=[1])
    months: list[CapacityMonth]
    first_full: list[FirstChance]
    beds_for: SafeBeds = Field(description="Of all months together.")
    months_without: list[CapacityMonth] | None = Field(
        description="The same months without the scenario's events; null where there are none.", examples=[None]
    )
    released_shares: ReleasedSharesUsed | None = Field(
        description="What the share that comes was drawn from; null where one was given.", examples=[None]
    )
    assumptions: list[str] = Field(
        description="Everything that is taken for granted, in plain words.",
        examples=[["Nobody is turned away in these figures."]],
    )
