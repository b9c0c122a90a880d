from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from forecast.core.errors import RecipeError
from forecast.models.catalog import FAMILIES, Member, libraries, model, options
from forecast.models.ets import Ets


def test_a_member_makes_its_model() -> None:
    assert model(Member.of("ets", scale="raw", trend="damped")) == Ets(scale="raw", trend="damped")


def test_labels_name_family_scale_and_what_differs_from_the_default() -> None:
    assert Member.of("random_walk").label == "random_walk-log"
    assert Member.of("ets", scale="raw", trend="auto").label == "ets-raw"
    assert Member.of("ets", trend="damped", half_life=24.0).label == "ets-log-half_life=24.0-trend=damped"


def test_the_order_of_options_does_not_matter() -> None:
    assert Member("ets", (("trend", "none"), ("scale", "raw"))) == Member("ets", (("scale", "raw"), ("trend", "none")))


def test_an_unknown_family_lists_what_there_is() -> None:
    with pytest.raises(
        RecipeError, match=r"No model is called 'arima'\. The models are random_walk, seasonal_naive, theta, ets"
    ):
        Member.of("arima")


def test_an_unknown_option_lists_what_there_is() -> None:
    with pytest.raises(RecipeError, match=r"theta has no option 'alpha'\. Its options are scale, half_life"):
        Member.of("theta", alpha=1)


@pytest.mark.parametrize(
    ("family", "option", "value", "wanted"),
    [
        ("ets", "scale", "sqrt", "raw or log"),
        ("ets", "trend", "yes", "auto or none or additive or damped"),
        ("theta", "half_life", -3, "a number above 0"),
        ("theta", "half_life", True, "a number above 0"),
        ("structural", "harmonics", 2.5, "a whole number above 0"),
        ("prophet", "events", 1, "true or false"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(family: str, option: str, value: object, wanted: str) -> None:
    with pytest.raises(RecipeError, match=f"{family}: {option} is {wanted}"):
        Member.of(family, **{option: value})


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_scale_its_own_name_and_pickles(family: str) -> None:
    made = model(Member.of(family))
    assert made.name == family
    assert options(family)["scale"] == ("raw" if family == "recent" else "log")
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301  # our own bytes


def test_workers_load_only_what_the_members_need() -> None:
    assert libraries([Member.of("random_walk"), Member.of("theta")]) == ()
    assert libraries([Member.of("theta"), Member.of("prophet")]) == ("forecast.models.prophet_library",)


def test_naming_and_fitting_simple_models_loads_no_model_library() -> None:
    script = """
import sys
import numpy as np
from forecast.core.months import Month
from forecast.core.tables import Series
from forecast.models.catalog import FAMILIES, Member
from forecast.models.fitting import FitTask, fit_one
members = [Member.of(family) for family in FAMILIES]
for family in ("random_walk", "seasonal_naive", "theta"):
    fit_one(FitTask(Member.of(family), Series("here", Month.of(2010, 1), np.arange(1.0, 61.0)), 6, 10, 1))
print(sorted({"pandas", "scipy", "statsmodels", "prophet", "cmdstanpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
