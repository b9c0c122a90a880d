"""The bodies that questions come as, for the OpenAPI document; `forecast.planning` reads them, more strictly."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from forecast.release.frozen import NAME
from service.schemas.parts import MonthText, Shape

__all__ = ["CAPACITY_EXAMPLE", "SCENARIO_EXAMPLE", "CapacityBody", "FrozenScenarioBody", "ScenarioBody", "ScenarioName"]

_SHARE = {"ge": 0, "le": 1}
Share = Annotated[float, Field(**_SHARE)]
ShareRange = Annotated[Share | tuple[Share, Share], Field(description="A share, or the two ends of a range.")]
_AREA = r"^[,A-Za-z0-9 ._/()'-]{1,100}$"
AreaText = Annotated[str, Field(pattern=_AREA, description="An area's slug or name.", examples=["el-paso"])]
People = Annotated[float, Field(ge=0, le=10_000_000)]
Beds = Annotated[float, Field(ge=0, le=1_000_000)]
MoreBeds = Annotated[float, Field(ge=-1_000_000, le=1_000_000)]
Factor = Annotated[float, Field(ge=0, le=100)]
Days = Annotated[float, Field(gt=0, le=365)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1, description="Of the worlds' draws; the same seed, the same answer.")]


class GroupArrival(Shape):
    """A group of people on their way."""

    kind: Literal["group_arrival"]
    people: People | tuple[People, People]
    share: dict[AreaText, ShareRange] | Literal["learnt"] | None = Field(
        default=None, description="Of those who are encountered, by area; absent or `learnt`: learnt for `towards`."
    )
    towards: AreaText | None = Field(default=None, description="Where shares are learnt: the area that they come to.")
    arrive: tuple[MonthText, MonthText] = Field(description="First and last month.")
    show_up: ShareRange | None = Field(default=None, description="How many of them are encountered; absent: all.")


class Change(Shape):
    """Arrivals change by a factor from a month on: a multiplier, or that of a past event."""

    kind: Literal["change"]
    month: MonthText
    multiplier: Factor | tuple[Factor, Factor] | None = None
    analogue: str | None = Field(default=None, description="A past event's name.", examples=["title-42-end"])
    areas: list[AreaText] | None = Field(default=None, description="Absent: all areas.", min_length=1, max_length=100)


class Transfer(Shape):
    """A share of one area's arrivals is counted in others; the total stays."""

    kind: Literal["transfer"]
    source: AreaText = Field(alias="from")
    to: dict[AreaText, Share] = Field(description="Parts that add up to 1.")
    share: ShareRange
    from_month: MonthText


class BedsChange(Shape):
    """Beds opened from a month on, or closed where negative."""

    kind: Literal["capacity"]
    month: MonthText
    beds: MoreBeds | tuple[MoreBeds, MoreBeds]


EventBody = Annotated[GroupArrival | Change | Transfer | BedsChange, Field(discriminator="kind")]
Events = Annotated[list[EventBody], Field(max_length=50, description="Applied in this order.")]
Coverages = Annotated[
    list[Literal[10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98]],
    Field(min_length=1, description="Intervals, in per cent. Default: 50, 80, 95."),
]


class ScenarioBody(Shape):
    """A what-if: areas of one panel, and events."""

    areas: list[AreaText] = Field(min_length=1, max_length=200)
    events: Events
    coverage: Coverages | None = None
    seed: Seed | None = None


ScenarioName = Annotated[
    str,
    Field(
        pattern=f"^{NAME}$",
        description="A frozen scenario's id, from GET /v1/scenarios.",
        examples=["A-2026-11-27"],
    ),
]


class FrozenScenarioBody(Shape):
    """A what-if that the operator froze, by its id: answered on the release that it was put to."""

    name: ScenarioName


class ScenarioWithin(Shape):
    """The events of a what-if; what else the body of one has may stay."""

    areas: list[AreaText] | None = None
    events: Events
    coverage: Coverages | None = None
    seed: Seed | None = None


class StayTable(Shape):
    """Shares of people who stay 0, 1, 2 ... nights."""

    days: list[Share] = Field(min_length=1, max_length=730, description="They add up to 1.")


class StayMean(Shape):
    """Stays around a mean."""

    mean: Days | tuple[Days, Days] = Field(description="Nights.")
    variation: float | None = Field(default=None, ge=0, le=3, description="Standard deviation over mean; absent: 0.5.")


class CapacityBody(Shape):
    """A shelter: its beds, who is there today, who comes, how long they stay."""

    area: AreaText
    beds: Beds | tuple[Beds, Beds]
    occupied: Beds | tuple[Beds, Beds] = Field(description="Today's census.")
    share: ShareRange | Literal["released"] | None = Field(
        default=None, description="Of encounters, who come to the shelter; absent: `released`."
    )
    stay: StayTable | StayMean | Days | tuple[Days, Days]
    months: int | None = Field(default=None, ge=1, le=18, description="How many; absent: 6, or as many as there are.")
    first: MonthText | None = Field(default=None, alias="from", description="The first month.")
    daily_variation: float | None = Field(
        default=None, ge=0, le=1, description="By how much days differ from their month's mean; absent: 0.3."
    )
    scenario: ScenarioWithin | None = None
    seed: Seed | None = None


def _stated(*, examples: list[dict[str, Any]]) -> dict[str, Any]:
    """The one example of a body."""
    return examples[0]


SCENARIO_EXAMPLE = _stated(
    examples=[
        {
            "areas": ["el-paso"],
            "events": [
                {
                    "kind": "group_arrival",
                    "people": [10000, 15000],
                    "share": {"el-paso": 0.7},
                    "arrive": ["2025-01", "2025-02"],
                    "show_up": [0.3, 0.9],
                },
                {"kind": "change", "month": "2025-01", "multiplier": [1.1, 1.8], "areas": ["el-paso"]},
            ],
            "coverage": [50, 80, 95],
        }
    ]
)
CAPACITY_EXAMPLE = _stated(
    examples=[
        {
            "area": "el-paso",
            "beds": [900, 1000],
            "occupied": 640,
            "share": [0.1, 0.3],
            "stay": {"days": [0, 0, 0.5, 0.5]},
            "from": "2025-01",
            "months": 2,
        }
    ]
)
