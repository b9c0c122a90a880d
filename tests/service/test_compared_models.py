"""`/v1/forecasts?model=`: what compared models said, as it was issued with a release."""

from __future__ import annotations

import csv
import io

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from forecast.client import Client
from forecast.recipe import routing
from service.schemas.forecasts import ForecastsAnswer
from tests.service.conftest import Office, _open
from tests.service.test_models_route import SCORES

MODELS = {"ets-log": ("el-paso", "tucson"), "theta-log": ("el-paso",)}
STATES = {"ets-log": ("state-nm-southwest",)}


@pytest.fixture(scope="module")
def ids() -> dict[str, str]:
    """Panel -> release, filled by `asked`."""
    return {}


@pytest.fixture(scope="module")
def asked(blank, tmp_path_factory, ids):
    """A service whose releases came with compared models, one of them for both panels."""
    for office in _open(blank, tmp_path_factory.mktemp("models")):
        confidence = [{"lead": "0-2", "label": "normal", "coverage_80": 0.8}]
        first = office.publish(
            models=MODELS,
            fallbacks={"tucson": "no fit"},
            scores={**SCORES, "confidence": confidence},
            notes=("These months are past.", routing.sentence(1, 9)),
            recipe_notes=(routing.sentence(1, 9),),
        )
        ids |= {"usbp-sectors": first, "cbp-states": office.publish("cbp-states", key="b", models=STATES)}
        with office.client() as running:
            yield running


def test_a_compared_models_figures_are_those_that_were_issued_and_have_no_mean(asked: TestClient, ids) -> None:
    document = asked.get("/v1/forecasts?area=tucson&model=ets-log&coverage=80").json()
    ForecastsAnswer.model_validate(document)
    head, (forecast,) = document["releases"]["usbp-sectors"], document["forecasts"]
    assert (head["id"], head["model"], head["recipe"]) == (ids["usbp-sectors"], "ets-log", "pool")
    assert head["confidence"] == []  # it is of the recipe's intervals
    assert forecast["fallback"] is None  # that is the recipe's
    first = forecast["months"][0]
    # 1.1 times 2 (1000 q + 100): q a tenth, a half and nine tenths.
    assert (first["month"], first["median"], first["mean"]) == ("2024-12", 1320, None)
    assert first["intervals"] == [{"coverage": 80, "lower": 440, "upper": 2200}]
    daily = asked.get("/v1/forecasts?area=tucson&model=ets-log&unit=day").json()["forecasts"][0]["months"][0]
    assert (daily["median"], daily["mean"]) == (42.6, None)


def test_without_a_name_it_is_every_area_that_the_model_has(asked: TestClient) -> None:
    both = asked.get("/v1/forecasts?model=ets-log").json()["forecasts"]
    assert [one["area"] for one in both] == ["el-paso", "tucson", "state-nm-southwest"]
    theirs = asked.get("/v1/forecasts?model=theta-log").json()
    assert (list(theirs["releases"]), [one["area"] for one in theirs["forecasts"]]) == (["usbp-sectors"], ["el-paso"])


def test_as_csv_and_parquet_a_column_says_whose_figures_they_are(asked: TestClient) -> None:
    answer = asked.get("/v1/forecasts.csv?area=tucson&model=ets-log&horizon=1")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["model"], row["median"], row["mean"], row["fallback"]) == ("ets-log", "1320", "", "")
    assert answer.headers["content-disposition"] == 'attachment; filename="forecasts-ets-log-tucson.csv"'
    table = pq.read_table(io.BytesIO(asked.get("/v1/forecasts.parquet?area=tucson&model=ets-log").content))
    assert table["model"].to_pylist() == ["ets-log"] * 3
    assert table["mean"].null_count == 3
    assert "model" not in asked.get("/v1/forecasts.csv?area=tucson").text.splitlines()[0].split(",")


def test_the_long_tables_are_the_models_own(asked: TestClient) -> None:
    rows = asked.get("/v1/forecasts?area=el-paso&model=theta-log&shape=quantiles&horizon=1").json()["rows"]
    assert {row["model"] for row in rows} == {"theta-log"}
    assert [row["value"] for row in rows if row["level"] in (0.1, 0.5)] == [220.0, 660.0]
    hub = asked.get("/v1/forecasts.csv?panel=usbp-sectors&model=ets-log&shape=hubverse")
    assert {row["location"] for row in csv.DictReader(io.StringIO(hub.text))} == {"el-paso", "tucson"}
    # A hub has a model's name from that of its file.
    assert hub.headers["content-disposition"] == 'attachment; filename="forecasts-ets-log.csv"'


def test_of_one_release_and_of_the_served_one_it_is_the_same(asked: TestClient, ids) -> None:
    of_release = asked.get(f"/v1/releases/{ids['usbp-sectors']}/forecasts?area=el-paso&model=ets-log").json()
    assert of_release["forecasts"] == asked.get("/v1/forecasts?area=el-paso&model=ets-log").json()["forecasts"]
    named = asked.get(f"/v1/forecasts?area=el-paso&model=ets-log&release={ids['usbp-sectors']}&include=observed").json()
    assert named["forecasts"][0].pop("observed") == []
    assert named["forecasts"] == of_release["forecasts"]


@pytest.mark.parametrize("question", ["forecasts?", "forecasts.csv?shape=samples&area=el-paso&horizon=1&"])
def test_the_recipe_by_its_name_is_what_serves(asked: TestClient, question: str) -> None:
    answer = asked.get(f"/v1/{question}model=recipe")
    assert answer.status_code == 200
    assert answer.content == asked.get(f"/v1/{question}").content


def test_notes_on_the_recipe_are_not_a_compared_models(asked: TestClient) -> None:
    notes = [
        asked.get(f"/v1/forecasts?area=tucson{model}").json()["releases"]["usbp-sectors"]["notes"]
        for model in ("&model=ets-log", "")
    ]
    assert notes == [["These months are past."], ["These months are past.", routing.sentence(1, 9)]]


@pytest.mark.parametrize(
    ("question", "status", "says"),
    [
        ("/v1/forecasts?panel=usbp-sectors&model=ets-lgo", 422, "Those that were: ets-log, theta-log."),
        ("/v1/forecasts?panel=usbp-sectors&model=floor", 422, "Those that were: ets-log, theta-log."),
        ("/v1/forecasts?area=state-nm-southwest&model=theta-log", 422, "Those that were: ets-log."),
        ("/v1/forecasts?area=el-paso,state-nm-southwest&model=theta-log", 422, "was not issued with cbp-states"),
        ("/v1/forecasts?area=southwest&model=ets-log", 404, "sums of quantiles are no quantiles"),
        ("/v1/forecasts?area=blaine&model=ets-log", 404, "has no forecast of blaine"),
        ("/v1/forecasts?kind=region&model=ets-log", 422, "there is no region"),
        (
            "/v1/forecasts?panel=cbp-states&kind=state&model=ets-log",
            422,
            "It has cell. Compared models forecast leaves",
        ),
        ("/v1/forecasts.csv?panel=usbp-sectors&model=ets-log&shape=samples", 422, "quantiles and no draws"),
        ("/v1/forecasts?model=", 422, "was not issued"),
        ("/v1/forecasts?panel=usbp-sectors&model=pool", 422, "It is the recipe that serves: leave model out."),
        ("/v1/exceedance?area=el-paso&threshold=1&model=ets-log", 422, "a compared model has quantiles alone"),
    ],
)
def test_what_cannot_be_had_of_a_model_is_one_problem(asked: TestClient, question: str, status: int, says: str) -> None:
    answer = asked.get(question)
    assert answer.status_code == status, answer.text
    assert says in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]


def test_a_release_without_models_says_so(office: Office) -> None:
    office.publish()
    with office.client() as client:
        detail = client.get("/v1/forecasts?model=ets-log").json()["detail"]
    assert "No compared model was." in detail


def test_the_models_that_can_be_asked_for_are_listed(asked: TestClient) -> None:
    evaluations = asked.get("/v1/models").json()["evaluations"]
    assert {panel: one["issued"] for panel, one in evaluations.items()} == {
        "usbp-sectors": ["ets-log", "theta-log"],
        "cbp-states": ["ets-log"],
    }


def test_the_client_asks_for_a_model(asked: TestClient) -> None:
    client = Client(str(asked.base_url))
    client._service._http = asked  # the application itself, without a socket
    table = client.forecasts("el-paso", model="ets-log", coverage=[80])
    assert table["mean"].isna().all()
    assert table["upper_80"].tolist() == [1100.0, 1210.0, 1320.0]
    assert table.attrs["releases"]["usbp-sectors"]["model"] == "ets-log"
