"""The shapes of forecasts and of releases.

Counts are encounters (events, not persons) per month, or their mean per day of the month.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from service.schemas.parts import CorrectionShape, DataMonth, KindName, MonthText, PanelId, ReleaseId, Shape, Slug


class Interval(Shape):
    """A central interval: the outcome is expected inside it `coverage` times out of a hundred."""

    coverage: int = Field(description="Per cent.", examples=[80])
    lower: float = Field(description="Lower end, in the answer's unit.", examples=[6900])
    upper: float = Field(description="Upper end, in the answer's unit.", examples=[11000])


class ForecastMonth(Shape):
    """What was to be expected of one month."""

    month: MonthText
    horizon: int = Field(ge=1, description="Months after the last observed month.", examples=[1])
    lead: int = Field(
        description="Months from the month of issue; negative: the month was past when the forecast was issued.",
        examples=[-1],
    )
    median: float = Field(description="As likely to be exceeded as not, in the answer's unit.", examples=[8790])
    mean: float | None = Field(
        description="Expected value, in the answer's unit; means add up over areas, medians don't. Null for a compared "
        "model, of which quantiles alone are kept.",
        examples=[8920],
    )
    intervals: list[Interval]


class AreaForecasts(Shape):
    """One area's months from one release."""

    area: Slug
    name: str = Field(description="The area's name.", examples=["El Paso, TX"])
    kind: KindName
    panel: PanelId
    release: ReleaseId
    origin: DataMonth
    fallback: str | None = Field(
        description="Why the floor model stands in for this area; null where it does not.", examples=[None]
    )
    months: list[ForecastMonth]


class LeadConfidence(Shape):
    """How far the intervals can be trusted, for some months of lead."""

    lead: str = Field(description="First and last month of lead.", examples=["0-2"])
    label: str = Field(
        description="`normal`, or `low` or `wide` with the coverage of the last 12 months.", examples=["normal"]
    )
    coverage_80: float | None = Field(
        description="Share of the last 12 months' counts that 80 % intervals of this lead held; null where unknown.",
        examples=[0.79],
    )


class ReleaseHead(Shape):
    """What a reader of a release's figures must know of it; part of its body."""

    id: ReleaseId
    panel: PanelId
    issued_at: datetime = Field(description="When it was published, UTC.", examples=["2024-12-20T06:00:00Z"])
    as_of: date = Field(description="What was public by that day went in.", examples=["2024-12-20"])
    data_through: DataMonth
    stale_after: date = Field(description="The day after which newer counts should be out.", examples=["2025-02-28"])
    model: str = Field(
        description="Who made the figures: `recipe`, or the compared model that was asked for.", examples=["recipe"]
    )
    recipe: str = Field(description="Name of the recipe.", examples=["first-light"])
    run_id: str | None = Field(
        description="MLflow run behind the release; null until it is logged.", examples=["8f0b1c"]
    )
    hindcast: bool = Field(description="Made later for a past as-of date; never counts as issued.", examples=[False])
    notes: list[str] = Field(
        description="Read these first.",
        examples=[
            [
                "The counts behind these forecasts end in 2025-11: 12 of 18 forecast months had begun or passed when "
                "they were issued."
            ]
        ],
    )
    confidence: list[LeadConfidence] = Field(
        description="How far the intervals can be trusted, by lead; measured on past forecasts."
    )


class CurrentRelease(ReleaseHead):
    """The same, with what today makes of it."""

    stale: bool = Field(
        description="Whether `stale_after` has passed: newer counts should be out, and are not in.", examples=[True]
    )
    corrections: list[CorrectionShape] = Field(description="Of files behind its counts, made since it was issued.")


class ForecastsAnswer(Shape):
    """Forecasts from the newest releases, or from those that were asked for."""

    releases: dict[PanelId, CurrentRelease]
    unit: str = Field(examples=["encounters per month"])
    forecasts: list[AreaForecasts]


class ReleaseForecastsAnswer(Shape):
    """Forecasts of one release; the answer never changes."""

    releases: dict[PanelId, ReleaseHead]
    unit: str = Field(examples=["encounters per month"])
    forecasts: list[AreaForecasts]


class ObservedCount(Shape):
    """An official count before the forecast begins, or beside it where it came since."""

    month: MonthText
    count: float = Field(description="As known now, or by `as_of`, in the answer's unit.", examples=[9120])


class AreaForecastsAndCounts(AreaForecasts):
    """One area's months, and the counts before them."""

    observed: list[ObservedCount] = Field(description="In order; a month that no file covers is left out.")


class ForecastsAndCountsAnswer(Shape):
    """The same with `include=observed`: each area's counts beside its forecast."""

    releases: dict[PanelId, CurrentRelease]
    unit: str = Field(examples=["encounters per month"])
    forecasts: list[AreaForecastsAndCounts]


class QuantileRow(Shape):
    """One level of one month, in encounters per month as stored."""

    panel: PanelId
    release: ReleaseId
    area: Slug
    model: str = Field(description="Who made the figures.", examples=["recipe"])
    series: str = Field(description="The area's name in quantile tables.", examples=["El Paso, TX"])
    origin: date = Field(description="First day of the last observed month.", examples=["2024-11-01"])
    target_month: date = Field(description="First day of the month that is forecast.", examples=["2024-12-01"])
    horizon: int = Field(ge=1, description="Months after the last observed month.", examples=[1])
    level: float = Field(description="Chance of a count at or below the value.", examples=[0.9])
    value: float = Field(examples=[11000])


class HubverseRow(Shape):
    """One row of a forecast hub's model output, in encounters per month as stored."""

    origin_date: date = Field(description="Last day of the last observed month.", examples=["2024-11-30"])
    target: str = Field(description="What is counted.", examples=["monthly USBP encounters"])
    horizon: int = Field(ge=1, description="Months after the last observed month.", examples=[1])
    location: Slug
    target_end_date: date = Field(description="Last day of the month that is forecast.", examples=["2024-12-31"])
    output_type: Literal["quantile"]
    output_type_id: float = Field(description="Chance of a count at or below the value.", examples=[0.9])
    value: float = Field(examples=[11000])


Rows = Annotated[
    list[QuantileRow] | list[HubverseRow],
    Field(description="By area, month and level; one kind of row, as `shape` asks."),
]


class ForecastRowsAnswer(Shape):
    """The same with `shape=quantiles` or `shape=hubverse`: every level that is stored."""

    releases: dict[PanelId, CurrentRelease]
    unit: str = Field(examples=["encounters per month"])
    rows: Rows


class ReleaseForecastRowsAnswer(Shape):
    """The same of one release, with `shape=quantiles` or `shape=hubverse`; the answer never changes."""

    releases: dict[PanelId, ReleaseHead]
    unit: str = Field(examples=["encounters per month"])
    rows: Rows


class ReleaseAnswer(ReleaseHead):
    """A release's passport; the answer never changes."""

    code_version: str = Field(examples=["0.1.0"])
    data_digest: str = Field(description="sha256 of the counts that went in.", examples=["5d41…"])
    checksum: str = Field(
        description="sha256 of all that the release holds; `encounters verify` recomputes it.", examples=["9e107d…"]
    )
    horizon: int = Field(description="Months ahead.", examples=[18])
    levels: list[float] = Field(description="Quantile levels that are stored.", examples=[[0.025, 0.5, 0.975]])
    areas: list[Slug]
    fallbacks: dict[str, str] = Field(
        description="Area slug to the reason why the floor model stands in.", examples=[{}]
    )
    scores: dict[str, Any] = Field(
        description="The evaluation before publication: past origins, figures by group and model, verdict, confidence.",
        examples=[{"origins": ["2023-11"], "figures": {"all": {"bank": {"sWIS": 0.61}}}}],
    )


class ReleaseRow(Shape):
    """A line of the list of releases."""

    id: ReleaseId
    panel: PanelId
    issued_at: datetime = Field(examples=["2024-12-20T06:00:00Z"])
    data_through: DataMonth
    stale_after: date = Field(examples=["2025-02-28"])
    hindcast: bool = Field(examples=[False])
    current: bool = Field(description="Whether /v1/forecasts serves it.", examples=[True])


class ReleasesAnswer(Shape):
    """Every release, newest first."""

    releases: list[ReleaseRow]
