"""The shape of `/v1/compare`: what each release said of a month, beside what came."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from service.schemas.forecasts import Interval
from service.schemas.parts import DataMonth, KindName, MonthText, PanelId, ReleaseId, Shape, Slug

__all__ = ["CompareAnswer", "ComparedMonth", "SaidByRelease", "SaidInReplay"]


class SaidByRelease(Shape):
    """One release's forecast of the month."""

    release: ReleaseId
    issued_at: datetime = Field(description="When it was published, UTC.", examples=["2024-12-20T06:00:00Z"])
    data_through: DataMonth
    hindcast: bool = Field(examples=[False])
    horizon: int = Field(ge=1, description="Months after the last observed month.", examples=[1])
    lead: int = Field(description="Months from the month of issue; negative: past at issue.", examples=[-1])
    median: float = Field(description="As likely to be exceeded as not, in the answer's unit.", examples=[8790])
    mean: float = Field(description="Expected value, in the answer's unit.", examples=[8920])
    intervals: list[Interval]


class SaidInReplay(Shape):
    """What the method of the release that is served would have said of the month; it was not issued."""

    release: ReleaseId
    data_through: DataMonth
    as_of: date | None = Field(
        description="Made from what was public on this day; null: from the counts behind the release, later revisions "
        "among them, without the months after `data_through`.",
        examples=[None],
    )
    horizon: int = Field(ge=1, description="Months after the last observed month.", examples=[1])
    replayed: Literal[True] = Field(examples=[True])
    median: float = Field(description="As likely to be exceeded as not, in the answer's unit.", examples=[8790])
    intervals: list[Interval] = Field(description="Those asked for that are kept: 50, 80, 90 and 95 %.")


class ComparedMonth(Shape):
    """One month of one area: the official count, once there is one, and every release's forecast of it."""

    area: Slug
    name: str = Field(examples=["El Paso, TX"])
    kind: KindName
    panel: PanelId
    month: MonthText
    observed: float | None = Field(description="The count as known now, in the answer's unit.", examples=[9120])
    published: date | None = Field(description="When the count came out.", examples=["2025-01-19"])
    releases: list[SaidByRelease] = Field(description="Newest issue first.")
    replayed: list[SaidInReplay] = Field(
        description="With `include=replayed`, newest origin first; empty otherwise, and where the release has none."
    )


class CompareAnswer(Shape):
    """What each release said of the same months, beside what came."""

    unit: str = Field(examples=["encounters per month"])
    compare: list[ComparedMonth]
