"""`/v1/models`: what the served releases hold of their evaluation."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from forecast.core.scorecard import FIGURES
from service.schemas.resources import ModelsAnswer

RELEASE = "usbp-sectors-2024-11-" + "a" * 10


def figures(*values):
    """The first figures of an evaluation, and a half for each of the others."""
    return dict(zip(FIGURES, (*values, *[0.5] * len(FIGURES)), strict=False))


SELECTION = {
    "before": "pool",
    "champion": "pool",
    "challengers": [{"name": "floor", "promoted": False, "reason": "worse", "coverage_80_last_12_months": 0.8}],
    "coverage": {"refused": False},
}
CHANCES = {
    "group": "southwest",
    "lead": "0-2",
    "months": 120,
    "cells": 9720,
    "brier": 0.16,
    "climatology": 0.31,
    "recent": 0.0,
    "ratio": 0.5161,
    "recent_ratio": None,
    "reliability_error": 0.03,
}
DECISIONS = {
    "group": "southwest",
    "lead": "0-2",
    "months": 120,
    "cells": 3240,
    "costs": [{"ratio": 4, "level": 0.8, "cost": 0.93, "median_cost": 1.24, "saved": 0.25}],
}
SCORES = {
    "origins": ["2023-11", "2024-02"],
    "figures": {
        "total": {"pool": figures(0.4, 0.1, 0.5, 0.5, 0.8, 0.95)},
        "all": {
            "ets-log": figures(0.55, 0.3, 0.9, 0.45, 0.75, 0.9),
            "floor": figures(0.7, 0.4, 1.0, 0.5, 0.8, 0.95),
            "pool": figures(0.5, 0.25, 0.8, 0.5, 0.81, 0.94),
        },
    },
    "selection": SELECTION,
    "confidence": [{"lead": "0-2", "label": "normal", "coverage_80": 0.79}],
    "exceedance": {"thresholds": [0.5], "window": 36, "figures": [CHANCES]},
    "decisions": {"ratios": [4, 9, 19], "figures": [DECISIONS]},
}


@pytest.fixture
def scored(office):
    """A service with a scored release of the sectors and one of the states that was never evaluated."""
    office.publish(scores=SCORES)
    office.publish("cbp-states", key="b")
    with office.client() as running:
        yield running


def test_models_are_ranked_within_each_group_as_the_release_scored_them(scored):
    document = scored.get("/v1/models").json()
    ModelsAnswer.model_validate(document)
    rows = document["models"]
    ranked = [(one["group"], one["rank"], one["model"], one["champion"], one["competes"], one["sWIS"]) for one in rows]
    assert ranked == [
        ("all", 1, "pool", True, True, 0.5),
        ("all", 2, "ets-log", False, False, 0.55),
        ("all", 3, "floor", False, True, 0.7),
        ("total", 1, "pool", True, True, 0.4),
    ]
    assert {(one["panel"], one["release"]) for one in rows} == {("usbp-sectors", RELEASE)}
    assert {name: rows[0][name] for name in FIGURES} == SCORES["figures"]["all"]["pool"]


def test_the_verdict_and_the_confidence_are_those_of_the_release(scored):
    evaluation = scored.get("/v1/models?panel=usbp-sectors").json()["evaluations"]
    assert evaluation == {
        "usbp-sectors": {
            "release": RELEASE,
            "issued_at": "2025-01-20T06:00:00Z",
            "data_through": "2024-11",
            "recipe": "pool",
            "run_id": "run-1",
            "code_version": "0.1.0",
            "origins": ["2023-11", "2024-02"],
            "selection": SELECTION,
            "confidence": SCORES["confidence"],
            "exceedance": [CHANCES],
            "decisions": [DECISIONS],
            "issued": [],
            "note": None,
        }
    }


def test_a_release_without_an_evaluation_says_so(scored):
    document = scored.get("/v1/models?panel=cbp-states").json()
    ModelsAnswer.model_validate(document)
    assert document["models"] == []
    assert document["evaluations"]["cbp-states"]["note"] == "The release was published without an evaluation."
    assert document["evaluations"]["cbp-states"]["selection"] is None
    assert document["evaluations"]["cbp-states"]["exceedance"] == []


def test_a_figure_that_the_release_does_not_have_is_null_and_its_model_comes_last(office):
    office.publish(scores={"figures": {"all": {"old": {"MASE": 1.0}, "pool": {"sWIS": 0.5, "bias": 3.0}}}})
    with office.client() as client:
        rows = client.get("/v1/models").json()["models"]
        table = pd.read_csv(io.BytesIO(client.get("/v1/models.csv").content))
    assert [(one["model"], one["rank"], one["sWIS"], one["MASE"]) for one in rows] == [
        ("pool", 1, 0.5, None),
        ("old", 2, None, 1.0),
    ]
    assert "bias" not in rows[0]
    assert table["sWIS"].isna().to_list() == [False, True]


def test_the_csv_has_the_rows_of_the_json_by_suffix_and_by_header(scored):
    by_suffix, by_header = scored.get("/v1/models.csv"), scored.get("/v1/models", headers={"Accept": "text/csv"})
    assert by_suffix.content == by_header.content
    assert by_suffix.headers["content-type"] == "text/csv; charset=utf-8"
    table = pd.read_csv(io.BytesIO(by_suffix.content))
    assert table.to_dict("records") == scored.get("/v1/models").json()["models"]
    assert table["champion"].dtype == bool


def test_the_answer_moves_with_the_next_release_and_is_not_sent_twice(office):
    office.publish(scores=SCORES)
    with office.client() as client:
        first = client.get("/v1/models")
        assert first.headers["cache-control"] == "public, max-age=60"
        known = {"If-None-Match": first.headers["etag"]}
        assert client.get("/v1/models", headers=known).status_code == 304
        new = office.publish(key="c", scores=SCORES)
        client.app.state.context.release_cache.refresh()
        again = client.get("/v1/models", headers=known)
    assert again.status_code == 200
    assert {one["release"] for one in again.json()["models"]} == {new}


def test_before_a_release_of_the_panel_it_is_503(office):
    office.publish()
    with office.client() as client:
        answer = client.get("/v1/models?panel=cbp-states")
        assert (answer.status_code, answer.json()["type"]) == (503, "/docs#nothing-published")
        assert "cbp-states" in answer.json()["detail"]
        assert client.get("/v1/models?panel=sectors").status_code == 422
        assert client.get("/v1/models?release=x").json()["type"] == "/docs#unknown-parameter"
