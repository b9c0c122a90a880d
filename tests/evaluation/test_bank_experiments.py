"""The scripts that take the bank and its chances apart: steps of its constants, and the error of right chances."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from experiments import constants, perfect_calibration
from forecast.core.months import Month
from forecast.counts.bundle import bundled
from forecast.models.bank.future import forecast
from forecast.models.bank.options import Options
from forecast.models.bank.panel import panel_of
from forecast.models.bank.shape import shapes


@pytest.fixture(scope="module")
def states():
    return bundled().as_of("cbp-states", date(2025, 12, 31))


def test_one_run_over_all_months_says_at_a_past_origin_what_the_bank_said_then(states):
    origin, options = Month.of(2024, 3), Options()
    whole = panel_of([states.series(area) for area in states.open_areas], options.offset)
    cut = panel_of([states.until(origin).series(area) for area in states.open_areas], options.offset)
    medians, scale, standardised = constants.history(whole, options)
    then = forecast(cut, constants.HORIZON, options)
    at = len(cut.values) - 1
    assert pytest.approx(then.median, rel=1e-9) == medians[:, at].T
    assert scale[at] == pytest.approx(then.scale, rel=1e-9)
    assert shapes(standardised[: at + 1], whole, options) == pytest.approx(then.shape, rel=1e-9)


def test_wider_growth_covers_more(states):
    origins = [Month.of(2024, 3)]
    narrow, wide = (constants.scored(states, origins, replace(Options(), growth=growth)) for growth in (0.3, 1.0))
    assert np.nanmean(narrow.covered) < np.nanmean(wide.covered)
    assert narrow.swis.shape == (1, len(states.open_areas), constants.HORIZON)


def test_every_step_names_options_that_exist():
    for steps in constants.STEPS.values():
        assert len(steps) >= 2
        for _, changes in steps:
            assert replace(Options(), **changes) != Options()


def test_right_chances_of_a_half_err_as_much_as_a_coin():
    """A hundred origins a year apart, one month ahead, a chance of .5: a share of 100 lies .5 / 10 times the normal's
    mean size, .8, from a half.
    """
    origins = [Month.of(1900 + year, 1) for year in range(100)]
    rows = pd.DataFrame(
        {
            "group": "southwest", "lead_band": "0-2", "area": "yuma", "origin": [str(origin) for origin in origins],
            "horizon": 1, "probability": 0.5,
        }
    )  # fmt: skip
    alike = pd.DataFrame([[1.0]], ["yuma"], ["yuma"])
    errors = perfect_calibration.right_errors(rows, alike, draws=2000)
    assert errors.loc[("southwest", "0-2")].mean() == pytest.approx(0.05 * np.sqrt(2 / np.pi), rel=0.05)


def test_areas_that_go_wrong_together_make_right_chances_err_more():
    both = pd.DataFrame(
        [
            ("southwest", "0-2", area, str(Month.of(1900 + year, 1)), 1, 0.5)
            for year in range(50)
            for area in ("tucson", "yuma")
        ],
        columns=["group", "lead_band", "area", "origin", "horizon", "probability"],
    )
    names = ["tucson", "yuma"]
    apart, together = (
        perfect_calibration.right_errors(both, pd.DataFrame([[1.0, r], [r, 1.0]], names, names)).to_numpy().mean()
        for r in (0.0, 0.99)
    )
    assert together == pytest.approx(np.sqrt(2) * apart, rel=0.1)
