"""Joint draws as a hub's samples, by hubverse's published rules: ids unique over the file, one compound set per origin.

Source: hubverse, "Sample output type".
"""

from __future__ import annotations

import io

import jsonschema
import numpy as np
import pandas as pd
import pytest

from forecast.release import read, shapes
from forecast.release.hub_tasks import hub_tasks
from service import sampled
from service.answers import ALIAS
from tests.service.conftest import DRAWS

RELEASE = "usbp-sectors-2024-11-" + "a" * 10
SAMPLES = "/v1/forecasts.csv?shape=samples&"


def _rows(answer):
    assert answer.status_code == 200, answer.text
    return pd.read_csv(io.StringIO(answer.text))


def test_an_id_is_one_world_through_all_areas_and_horizons(client):
    table = _rows(client.get(f"{SAMPLES}panel=usbp-sectors"))
    assert tuple(table.columns) == tuple(shapes.HUBVERSE)
    assert set(table["output_type"]) == {"sample"}
    assert set(table["origin_date"]) == {"2024-11-30"}
    task = ["origin_date", "target", "horizon", "location", "target_end_date"]
    assert not table.duplicated([*task, "output_type_id"]).any()
    tasks = table.groupby("output_type_id")[["horizon", "location"]].apply(
        lambda own: frozenset(map(tuple, own.values))
    )
    assert list(tasks.index) == list(range(1, DRAWS + 1))
    assert len(set(tasks)) == 1
    assert len(tasks.iloc[0]) == 6 * 3
    # In draw k the n-th area has n (5 k + 100 h).
    one = table[table["output_type_id"] == 11].set_index(["location", "horizon"])["value"]
    assert (one["el-paso", 1], one["el-paso", 3], one["tucson", 1]) == (150, 350, 300)


def test_every_value_is_the_stored_draw(client):
    table = _rows(client.get(f"{SAMPLES}area=tucson,nation"))
    paths = read.joint_paths(client.app.state.context.release_cache.engine, RELEASE, ["tucson", "nation"])
    assert np.array_equal(table["value"].to_numpy(), paths.values.reshape(-1))


def test_a_draw_has_the_same_id_in_every_answer(client):
    few = client.get(f"{SAMPLES}area=tucson&horizon=1")
    many = _rows(client.get(f"{SAMPLES}kind=sector"))
    assert _rows(few).equals(many[(many["location"] == "tucson") & (many["horizon"] == 1)].reset_index(drop=True))
    of_release = client.get(f"/v1/releases/{RELEASE}/forecasts.csv?shape=samples&area=tucson&horizon=1")
    assert of_release.content == few.content
    assert few.headers["cache-control"] == ALIAS
    assert of_release.headers["cache-control"].endswith("immutable")
    assert client.get(few.url, headers={"If-None-Match": few.headers["etag"]}).status_code == 304


def test_the_hubs_tasks_allow_them(office):
    office.publish()
    with office.client() as client:
        table = _rows(client.get(f"{SAMPLES}panel=usbp-sectors"))
    tasks = hub_tasks([read.latest(office.engine, "usbp-sectors")])
    group = next(
        one for one in pd.io.json.ujson_loads(tasks)["rounds"][0]["model_tasks"]
        if one["task_ids"]["target"]["required"] == ["monthly USBP encounters"]
    )  # fmt: skip
    rule = group["output_type"]["sample"]["output_type_id_params"]
    jsonschema.validate(table["output_type_id"].tolist(), {"items": {"type": rule["type"]}})
    per_task = table.groupby(["horizon", "location"])["output_type_id"].nunique()
    assert per_task.between(rule["min_samples_per_task"], rule["max_samples_per_task"]).all()
    # What all rows of an id have in common is what the tasks say, and the target, of which a file has one.
    assert rule["compound_taskid_set"] == ["origin_date"]
    for name in ("origin_date", "target", "location", "horizon", "target_end_date"):
        values = table[name].astype(str if name != "horizon" else int)
        allowed = {*(group["task_ids"][name]["required"] or ()), *(group["task_ids"][name]["optional"] or ())}
        assert set(values) <= allowed, name


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/v1/forecasts?area=el-paso&shape=samples", "ends in .csv or .parquet"),
        ("/v1/forecasts.csv?shape=samples", "Ask for one: panel=cbp-states or panel=usbp-sectors."),
        ("/v1/forecasts.csv?shape=samples&area=el-paso,state-tx", "a draw is one world of one release"),
    ],
)
def test_what_is_no_table_of_one_release_is_refused(client, address, says):
    answer = client.get(address)
    assert (answer.status_code, answer.json()["parameter"]) == (422, "shape")
    assert says in answer.json()["detail"]


def test_more_rows_than_are_answered_at_once_are_refused(client, monkeypatch):
    monkeypatch.setattr(sampled, "_MOST", DRAWS * 3)
    assert client.get(f"{SAMPLES}area=blaine").status_code == 200
    answer = client.get(f"{SAMPLES}area=blaine,el-paso")
    assert (answer.status_code, answer.json()["parameter"]) == (422, "shape")
    assert "1,200 rows are in question; at most 600" in answer.json()["detail"]
