"""The shapes of the answers, for the OpenAPI document.

`bodies` fills them with plain values and writes these; a test holds the two together.
"""

from service.problems import ProblemDocument
from service.schemas.accuracy import (
    Accuracy,
    AccuracyAnswer,
    AccuracyDecisionsAnswer,
    AccuracyReplayedAnswer,
    DecisionCost,
    ReplayedAccuracy,
)
from service.schemas.compare import CompareAnswer, ComparedMonth, SaidByRelease, SaidInReplay
from service.schemas.exceedance import ExceedanceAnswer
from service.schemas.forecasts import (
    ForecastRowsAnswer,
    ForecastsAndCountsAnswer,
    ForecastsAnswer,
    ReleaseAnswer,
    ReleaseForecastRowsAnswer,
    ReleaseForecastsAnswer,
    ReleaseHead,
    ReleaseRow,
    ReleasesAnswer,
)
from service.schemas.frozen import FrozenScenario, FrozenScenariosAnswer, FrozenScore, NamedScenariosAnswer
from service.schemas.parts import CorrectionShape
from service.schemas.planning import CapacityAnswer, ScenarioAnswer, ScenarioDrawsAnswer
from service.schemas.questions import (
    CAPACITY_EXAMPLE,
    SCENARIO_EXAMPLE,
    CapacityBody,
    FrozenScenarioBody,
    ScenarioBody,
    ScenarioName,
)
from service.schemas.resources import (
    AreaAnswer,
    AreasAnswer,
    CountsSource,
    Evaluation,
    LiveAnswer,
    LiveBoardAnswer,
    ModelsAnswer,
    ObservationsAnswer,
    ObservedArea,
    ObservedMonth,
    OpenAlarm,
    PanelStatus,
    ReadyAnswer,
    StatusAnswer,
)

__all__ = [
    "BODIES",
    "CAPACITY_EXAMPLE",
    "SCENARIO_EXAMPLE",
    "Accuracy",
    "AccuracyAnswer",
    "AccuracyDecisionsAnswer",
    "AccuracyReplayedAnswer",
    "AreaAnswer",
    "AreasAnswer",
    "CapacityAnswer",
    "CapacityBody",
    "CompareAnswer",
    "ComparedMonth",
    "CorrectionShape",
    "CountsSource",
    "DecisionCost",
    "Evaluation",
    "ExceedanceAnswer",
    "ForecastRowsAnswer",
    "ForecastsAndCountsAnswer",
    "ForecastsAnswer",
    "FrozenScenario",
    "FrozenScenarioBody",
    "FrozenScenariosAnswer",
    "FrozenScore",
    "LiveAnswer",
    "LiveBoardAnswer",
    "ModelsAnswer",
    "NamedScenariosAnswer",
    "ObservationsAnswer",
    "ObservedArea",
    "ObservedMonth",
    "OpenAlarm",
    "PanelStatus",
    "ProblemDocument",
    "ReadyAnswer",
    "ReleaseAnswer",
    "ReleaseForecastRowsAnswer",
    "ReleaseForecastsAnswer",
    "ReleaseHead",
    "ReleaseRow",
    "ReleasesAnswer",
    "ReplayedAccuracy",
    "SaidByRelease",
    "SaidInReplay",
    "ScenarioAnswer",
    "ScenarioBody",
    "ScenarioDrawsAnswer",
    "ScenarioName",
    "StatusAnswer",
]

# What requests bring.
BODIES = (ScenarioBody, FrozenScenarioBody, CapacityBody)
