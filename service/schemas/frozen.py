"""The shapes of what-ifs that the operator froze: what was asked, what was said, what came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from service.schemas.parts import MonthText, ReleaseId, Shape, Slug
from service.schemas.planning import ScenarioAnswer
from service.schemas.questions import SCENARIO_EXAMPLE, ScenarioName

__all__ = ["FrozenScenario", "FrozenScenariosAnswer", "FrozenScore", "NamedScenariosAnswer"]


class FrozenScenario(Shape):
    """A what-if that was kept with the release that it was put to."""

    id: ScenarioName
    together: ScenarioName = Field(description="The name that it shares with those that were frozen with it.")
    title: str = Field(examples=["Two groups are on their way"])
    release: ReleaseId
    frozen_at: datetime = Field(description="When it was kept, UTC.", examples=["2026-11-27T06:00:00Z"])
    question: dict[str, Any] = Field(description="As it was asked of POST /v1/scenarios.", examples=[SCENARIO_EXAMPLE])


class FrozenScenariosAnswer(Shape):
    """Every what-if that was frozen, oldest first."""

    note: str | None = Field(description="Why there is none; null where there is one.", examples=[None])
    scenarios: list[FrozenScenario]


class FrozenScore(Shape):
    """One month of one area whose count is out: the forecast as it was, and with the events."""

    area: Slug
    month: MonthText
    count: int = Field(description="What came, as known now.", examples=[9120])
    baseline: int = Field(description="Median without the events.", examples=[8790])
    scenario: int = Field(description="Median with them.", examples=[9400])
    baseline_crps: float = Field(description="Of the forecast as it was; smaller is better.", examples=[310.5])
    scenario_crps: float = Field(description="Of the same with the events.", examples=[240.0])


class SaidScenario(FrozenScenario):
    """The same with what it said, on the release that it was put to, and what came of it."""

    answer: ScenarioAnswer
    scores: list[FrozenScore] = Field(
        description="Months whose counts came out since; one that was public on that day is no forecast."
    )


class NamedScenariosAnswer(Shape):
    """What the frozen scenarios of a name said, and what came."""

    scenarios: list[SaidScenario]
