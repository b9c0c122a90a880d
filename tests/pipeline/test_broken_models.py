"""Models that misbehave inside a real retraining: the floor stands in and says so, or nothing is published."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from fastapi.testclient import TestClient

from forecast import pipeline
from forecast.core.errors import GateRefused
from forecast.models import fitting
from forecast.models.protocol import Model
from forecast.release import ledger, read
from service.app import create_app
from service.settings import ServiceSettings
from tests.models.misbehaving import FittedFixed, Raising
from tests.pipeline.conftest import RECIPE

PANEL = "cbp-states"
ONE = "state-tx-southwest"


@dataclass(frozen=True)
class Astray:
    """The real model, but in some areas one value whatever happens; None: the last count, as if it were certain."""

    real: Model
    value: float | None
    areas: tuple[str, ...]

    @property
    def name(self):
        return self.real.name

    def fit(self, series, start=None):
        if series.area not in self.areas:
            return self.real.fit(series, start)
        return FittedFixed(float(series.values[-1]) if self.value is None else self.value)

    def restore(self, series, parameters):
        return self.real.restore(series, parameters)


@pytest.fixture
def astray(monkeypatch):
    """Makes every seasonal_naive of this process go astray in `areas`: a `value`, or another model in its place."""
    real = fitting.model

    def lead(value, areas, instead=None):
        def model(member):
            return real(member) if member.model != "seasonal_naive" else instead or Astray(real(member), value, areas)

        monkeypatch.setattr(fitting, "model", model)

    return lead


@pytest.fixture
def leaves(home):
    return home.archive.as_of(PANEL, home.job().clock().date()).open_areas


def alone(home):
    """A job whose champion is made of the model that goes astray and of nothing else; the floor competes."""
    recipe = home.root / "alone.toml"
    recipe.write_text(
        RECIPE.replace('"small"', '"alone"').replace('[[members]]\nmodel = "random_walk"\nscale = "log"\n', "", 1)
    )
    job = home.without_tracking()
    return replace(job, recipes=(str(recipe), job.recipes[1]))


@pytest.mark.parametrize(
    ("value", "why"), [(1e12, "explodes"), (-5.0, "a simulated count is negative"), (np.nan, "not finite")]
)
def test_an_area_whose_model_fails_gets_the_floor_and_says_so_in_manifest_and_api(home, silence, astray, value, why):
    astray(value, (ONE,))
    job = home.without_tracking()
    pipeline.retrain(PANEL, replace(job, recipes=job.recipes[:1]), silence)
    release = read.latest(job.engine, PANEL)
    assert list(release.manifest.fallbacks) == [ONE]
    assert why in release.manifest.fallbacks[ONE]
    assert np.isfinite(release.by_slug[ONE].quantiles).all()
    assert any("the floor stands in for 1 of 8 fits" in line for line in silence.said)
    settings = ServiceSettings(database_url=job.engine.url.render_as_string(), poll_seconds=3600)
    with TestClient(create_app(settings)) as client:
        answer = client.get("/v1/forecasts", params={"area": [ONE]}).json()["forecasts"][0]
        other = client.get("/v1/forecasts", params={"area": ["state-wa-northern"]}).json()["forecasts"][0]
    assert why in answer["fallback"]
    assert other["fallback"] is None


def test_a_model_that_fails_everywhere_is_refused_and_the_last_release_stays(home, silence, astray):
    job = replace(home.without_tracking(), recipes=home.job().recipes[:1])
    first = pipeline.retrain(PANEL, job, silence)
    astray(0.0, (), instead=Raising(0.0))
    with pytest.raises(GateRefused, match="models failed in 4 of 4 areas"):
        pipeline.retrain(PANEL, job, silence, force=True)
    assert read.pointers(job.engine) == {PANEL: first.release}


def test_a_model_that_lets_an_area_vanish_is_refused(home, silence, astray):
    astray(0.0, (ONE,))
    job = alone(home)
    with pytest.raises(GateRefused, match=rf"{ONE}: a median of 0, where the lowest month of the last year is \d"):
        pipeline.retrain(PANEL, replace(job, recipes=job.recipes[:1]), silence)
    assert read.pointers(job.engine) == {}


@pytest.mark.parametrize("value", [0.0, None])
def test_intervals_that_hold_nothing_are_refused_where_the_floor_holds_more(home, silence, astray, leaves, value):
    """Nothing but zeros, and the last count as if it were certain:
    no fit fails, and with few origins no challenger is surely better.
    """
    astray(value, leaves)
    job = alone(home)
    with pytest.raises(GateRefused, match=r"intervals of alone held \d%.*those of the floor \d\d%"):
        pipeline.retrain(PANEL, job, silence)
    run = ledger.last(job.engine, PANEL)
    assert run.verdict == "refused"
    assert [step.name.split()[0] for step in run.steps][-1] == "scoring"


def test_the_floor_itself_can_be_published(home, silence):
    job = replace(home.without_tracking(), recipes=("floor",))
    assert pipeline.retrain(PANEL, job, silence).verdict == "published"


def test_a_release_keeps_what_its_intervals_held(home, silence):
    job = home.without_tracking()
    pipeline.retrain(PANEL, job, silence)
    held = read.latest(job.engine, PANEL).manifest.scores["selection"]["coverage"]
    assert held["refused"] is False
    assert 0 < held["coverage_80_last_12_months"] <= 1
    assert 0 < held["floor_coverage_80_last_12_months"] <= 1
