"""The shapes of all other answers: areas, observations, models, status, health."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from forecast.core.scorecard import SCORED_COVERAGES, SCORED_INTERVALS, Alarm
from service.schemas.accuracy import WEIGHED, GroupDecisions
from service.schemas.forecasts import LeadConfidence
from service.schemas.parts import CorrectionShape, DataMonth, KindName, MonthText, PanelId, ReleaseId, Shape, Slug


class AreaAnswer(Shape):
    """A thing that is counted."""

    slug: Slug
    name: str = Field(examples=["El Paso, TX"])
    kind: KindName
    panel: PanelId
    series: str = Field(description="Its name in quantile tables.", examples=["El Paso, TX"])
    parents: list[Slug] = Field(description="Areas that it is part of.", examples=[["southwest"]])
    closed: MonthText | None = Field(
        description="The first month in which it no longer existed; null while it exists.", examples=[None]
    )
    forecast: bool = Field(description="Whether the newest release has figures for it.", examples=[True])


class AreasAnswer(Shape):
    """Areas, from the nation down."""

    areas: list[AreaAnswer]


class ObservedMonth(Shape):
    """One month of one area."""

    month: MonthText
    count: int = Field(description="Encounters in the month.", examples=[9120])
    precision: int = Field(description="1: exact; 10: rounded to ten by the source.", examples=[1])
    published: date = Field(description="When the file behind the figure came out.", examples=["2024-12-19"])


class ObservedArea(Shape):
    """One area's months in order; a month that no file covers is left out: it is unknown, not zero."""

    area: Slug
    name: str = Field(examples=["El Paso, TX"])
    kind: KindName
    panel: PanelId
    months: list[ObservedMonth]


class ObservationsAnswer(Shape):
    """Observed encounters per month."""

    as_of: date | None = Field(description="The day asked for; null: everything that is known now.", examples=[None])
    unit: str = Field(examples=["encounters per month"])
    observations: list[ObservedArea]
    corrections: list[CorrectionShape] = Field(
        description="With `as_of`: why these counts are other ones than were answered before."
    )


class ModelScores(Shape):
    """One model's figures at past origins: means over the leaves of a group, their months and the origins."""

    panel: PanelId
    release: ReleaseId
    group: str = Field(
        description="`all` leaves, those of one of the panel's groups (`southwest`), or the `total`: its sums.",
        examples=["all"],
    )
    rank: int = Field(ge=1, description="By sWIS within the group, best first.", examples=[1])
    model: str = Field(
        description="A recipe, or a model family alone; `-log` and `-raw` say on which scale.", examples=["bank"]
    )
    champion: bool = Field(description="Whether it made the release's figures.", examples=[True])
    competes: bool = Field(
        description="Whether it is a recipe that could serve; a family alone does not.", examples=[True]
    )
    sWIS: float | None = Field(  # noqa: N815
        description=f"Of {SCORED_INTERVALS}, scaled as that of /v1/accuracy: smaller is better.", examples=[0.61]
    )
    logWIS: float | None = Field(description="The same of log(1 + count), unscaled.", examples=[0.29])  # noqa: N815
    MASE: float | None = Field(description="Mean error of the median, scaled as sWIS.", examples=[0.92])
    coverage_50: float | None = Field(description="Share of counts that the 50 % intervals held.", examples=[0.49])
    coverage_80: float | None = Field(description="Share of counts that the 80 % intervals held.", examples=[0.8])
    coverage_95: float | None = Field(description="Share of counts that the 95 % intervals held.", examples=[0.94])


class ExceedanceScore(Shape):
    """How the chances of exceeding a threshold came true at past origins, in a group of areas and months of lead.

    Thresholds are the .5, .75 and .9 quantiles of an area's 36 months before the origin.
    """

    group: str = Field(description="A group of leaves, or `total`: the sums.", examples=["southwest"])
    lead: str = Field(description="First and last month of lead.", examples=["0-2"])
    months: int = Field(description="Target months; they, not cells, are independent of each other.", examples=[120])
    cells: int = Field(description="Areas, origins, months and thresholds.", examples=[9720])
    brier: float | None = Field(description="Mean squared error of the chances: smaller is better.", examples=[0.16])
    climatology: float | None = Field(
        description="The same of the share of all the area's earlier months that were above.", examples=[0.31]
    )
    recent: float | None = Field(description="The same of the share of its last 36 months.", examples=[0.25])
    ratio: float | None = Field(description="`brier` over `climatology`: below 1 is better.", examples=[0.52])
    recent_ratio: float | None = Field(description="`brier` over `recent`: below 1 is better.", examples=[0.64])
    reliability_error: float | None = Field(
        description="Mean distance of chances from how often they came true, over ten stretches of probability.",
        examples=[0.03],
    )


class Evaluation(Shape):
    """The evaluation before a release was published, and what came of it."""

    release: ReleaseId
    issued_at: datetime = Field(description="When it was published, UTC.", examples=["2024-12-20T06:00:00Z"])
    data_through: DataMonth
    recipe: str = Field(description="The champion.", examples=["bank"])
    run_id: str | None = Field(
        description="MLflow run behind the release; null until it is logged.", examples=["8f0b1c"]
    )
    code_version: str = Field(description="Version of the code that made it.", examples=["0.1.0"])
    origins: list[MonthText] = Field(
        description="Last observed months of the past forecasts that were scored.", examples=[["2023-11"]]
    )
    selection: dict[str, Any] | None = Field(
        description="The verdict as the release holds it: each challenger's ratios to the champion (below 1 is "
        "better) and the reason.",
        examples=[{"before": "bank", "champion": "bank", "challengers": []}],
    )
    confidence: list[LeadConfidence] = Field(
        description="How far the intervals can be trusted, by lead; measured on past forecasts."
    )
    exceedance: list[ExceedanceScore] = Field(
        description="How chances of exceeding a threshold came true; empty for releases of before they were scored."
    )
    decisions: list[GroupDecisions] = Field(
        description="What planning on the recipe's levels cost; empty for releases of before it was priced."
    )
    issued: list[str] = Field(
        description="Compared models whose forecasts were issued with the release: `/v1/forecasts?model=`.",
        examples=[["ets-log"]],
    )
    note: str | None = Field(description="Why there is no score; null where there are some.", examples=[None])


class ModelsAnswer(Shape):
    """Models by panel, group and score, as the served releases hold them."""

    evaluations: dict[PanelId, Evaluation]
    intervals: list[int] = Field(description=WEIGHED, examples=[list(SCORED_COVERAGES)])
    models: list[ModelScores]


class LiveModel(Shape):
    """One model's forecasts as they were issued: means over the cells (leaf x release) of a month, or of all months."""

    panel: PanelId
    month: MonthText | None = Field(description="The month that was forecast; null where the row is over all.")
    model: str = Field(
        description="`recipe`: what served; `floor`: a random walk; `NAME (outside)`: another program's forecasts, "
        "registered before their counts came out; others: models issued with a release.",
        examples=["recipe"],
    )
    n: int = Field(ge=1, description="Cells.", examples=[40])
    releases: int = Field(ge=1, description="Releases among them.", examples=[2])
    through: MonthText = Field(description="The last month with a count.")
    sWIS: float = Field(description=f"Of {SCORED_INTERVALS}, scaled: smaller is better.", examples=[0.61])  # noqa: N815
    recipe_sWIS: float = Field(description="That of what served, on the same cells.", examples=[0.61])  # noqa: N815
    floor_sWIS: float = Field(description="That of the floor, on the same cells.", examples=[0.74])  # noqa: N815
    over_recipe: float | None = Field(description="sWIS over recipe_sWIS: below 1 is better.", examples=[1.0])
    over_floor: float | None = Field(description="sWIS over floor_sWIS: below 1 is better.", examples=[0.8243])
    coverage_50: float | None = Field(description="Share of counts that the 50 % intervals held.", examples=[0.475])
    coverage_80: float | None = Field(description="Share of counts that the 80 % intervals held.", examples=[0.8])
    coverage_95: float | None = Field(description="Share of counts that the 95 % intervals held.", examples=[0.95])


class LiveBoardAnswer(Shape):
    """Issued releases and the models issued with them, by the counts that came out later."""

    note: str | None = Field(description="Why there is no score; null where there is one.", examples=[None])
    intervals: list[int] = Field(description=WEIGHED, examples=[list(SCORED_COVERAGES)])
    live: list[LiveModel]


class OpenAlarm(Shape):
    """What past releases warn of, measured by the counts that came out after them."""

    kind: Alarm = Field(examples=["intervals-narrow"])
    since: datetime = Field(description="When it was raised, UTC.", examples=["2025-01-20T06:00:00Z"])
    detail: str = Field(
        examples=[
            "80 % intervals held 48 % of the counts of 12 months (2024-01 to 2024-12); surely under 70 % is an alarm"
        ]
    )


class CountsSource(Shape):
    """A file whose counts a release was made from."""

    source: str = Field(
        description="Publisher and title.", examples=["CBP Nationwide Encounters by area of responsibility"]
    )
    file: str = Field(examples=["nationwide-encounters-fy23-fy26-aor.csv"])
    published: date = Field(examples=["2026-08-14"])
    first: MonthText = Field(description="First month that has a count of it.", examples=["2022-10"])
    last: MonthText = Field(description="Last month that has a count of it.", examples=["2026-07"])
    tabulated_by: str | None = Field(
        description="Who summed the official file, where the figures were carried over from somebody's table; null "
        "for an official file.",
        examples=[None],
    )


class PanelStatus(Shape):
    """One panel. Where nothing is published, `sources` and `alarms` are empty,
    all else is null, and a note says what to do.
    """

    release: ReleaseId | None
    issued_at: datetime | None = Field(examples=["2024-12-20T06:00:00Z"])
    data_through: DataMonth | None
    next_data_month: MonthText | None = Field(
        description="The month that the next official file should add.", examples=["2024-12"]
    )
    first_lead: int | None = Field(
        description="Lead of horizon 1; negative: that month was past at issue.", examples=[-1]
    )
    stale_after: date | None = Field(examples=["2025-02-28"])
    stale: bool | None = Field(examples=[True])
    areas: int | None = Field(description="How many areas have a forecast.", examples=[24])
    horizon: int | None = Field(description="Months ahead.", examples=[18])
    code_version: str | None = Field(description="Version of the code that made the release.", examples=["0.1.0"])
    sources: list[CountsSource] = Field(
        description="The files behind the counts of this release, by month; empty for releases of before they were "
        "kept."
    )
    alarms: list[OpenAlarm] = Field(
        description="Alarms that past releases have raised; empty where nothing stands out."
    )
    notes: list[str] = Field(
        examples=[
            [
                "The counts behind these forecasts end in 2025-11: 12 of 18 forecast months had begun or passed when "
                "they were issued."
            ]
        ]
    )


class StatusAnswer(Shape):
    """Whether the figures are fresh."""

    service_version: str = Field(examples=["0.1.0"])
    store: str = Field(description="`ok`, or why the last look at the store failed.", examples=["ok"])
    panels: dict[PanelId, PanelStatus]


class LiveAnswer(Shape):
    """The process answers."""

    status: str = Field(examples=["live"])


class ReadyAnswer(Shape):
    """The newest releases are in memory and the store answers."""

    status: str = Field(examples=["ready"])
    releases: list[ReleaseId]
