"""A service answers for every panel in the store, without its declaration, and for a store of before descriptions."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import jsonschema
import numpy as np
import pytest
from sqlalchemy import delete, text

from forecast.core.declarations import declared, with_leaves
from forecast.core.errors import StoreError
from forecast.core.months import Month
from forecast.core.scorecard import Scored
from forecast.core.tables import LEVELS, Forecasts, Paths
from forecast.release import issued_scores, read, schema
from forecast.release.hub_tasks import hub_tasks
from forecast.release.manifest import Manifest
from forecast.release.publish import publish, record_observations, verify
from forecast.release.read import Observation
from tests.core.test_declarations import DEMO, LEAVES
from tests.release.test_shapes import row_rules, rows_of
from tests.samples import SCORE

ORIGIN = Month.of(2024, 11)
ISSUED = datetime(2024, 12, 20, 6, tzinfo=UTC)
PANEL = with_leaves(declared(DEMO), LEAVES)


def issue(engine, panel=PANEL, key="c" * 64):
    """A release of the declared panel: three months of every area."""
    areas = tuple(panel.areas)
    steps = np.arange(len(areas) * 3, dtype=float).reshape(len(areas), 3, 1)
    values = 100 + 10 * steps + np.arange(len(LEVELS), dtype=float)
    publish(
        engine,
        manifest=Manifest(
            panel=panel.id,
            key=key,
            issued_at=ISSUED,
            as_of=ISSUED.date(),
            origin=ORIGIN,
            stale_after=date(2025, 1, 31),
            data_digest="d" * 64,
            recipe="small",
            code_version="0",
        ),
        forecasts=Forecasts("recipe", ORIGIN, areas, values, values.mean(axis=2)),
        paths=Paths("recipe", ORIGIN, areas, np.repeat(values[:, :, 11:12], 4, axis=2)),
        now=ISSUED,
        panel=panel,
    )


@pytest.fixture
def demo(office):
    office.publish()
    office.publish("cbp-states", key="b")
    issue(office.engine)
    return office


def test_areas_units_and_kinds_come_from_the_store(demo):
    with demo.client() as client:
        areas = client.get("/v1/areas?panel=demo").json()["areas"]
        assert [one["slug"] for one in areas][:3] == ["demo", "demo.office-1", "demo.zurich-north"]
        document = client.get("/v1/forecasts?area=demo.zurich-north.flow-7").json()
        assert document["unit"] == "arrivals per month"
        assert document["forecasts"][0]["name"] == "Zürich (north) / Flow 7"
        assert client.get("/v1/forecasts?kind=office").json()["forecasts"][0]["kind"] == "office"
        assert client.get("/v1/areas/Office 1").json()["slug"] == "demo.office-1"
        assert client.get("/v1/forecasts?area=Flow 7").json()["forecasts"][0]["area"] == "demo.flow-7"
        assert client.get("/v1/forecasts?area=demo&unit=day").json()["unit"] == "arrivals per day"
        rows = client.get("/v1/forecasts.csv?panel=demo&shape=hubverse").text.splitlines()
        assert "monthly arrivals" in rows[1]
        assert list(client.get("/v1/status").json()["panels"]) == ["usbp-sectors", "cbp-states", "demo"]
        page = client.get("/").text
        assert "Arrivals by office and nationality" in page
        assert "Arrivals per month" in page


def test_areas_come_in_parts_that_make_up_the_whole(demo):
    with demo.client() as client:
        whole = client.get("/v1/areas").json()["areas"]
        assert len(whole) > 7
        parts = [client.get(f"/v1/areas?limit=7&offset={start}").json()["areas"] for start in range(0, len(whole), 7)]
        assert [one for part in parts for one in part] == whole
        assert client.get(f"/v1/areas?offset={len(whole)}").json() == {"areas": []}
        assert client.get(f"/v1/areas.csv?offset={len(whole)}").text.count("\r\n") == 1
        own = client.get("/v1/areas?panel=demo").json()["areas"]
        assert client.get("/v1/areas?panel=demo&limit=2&offset=1").json()["areas"] == own[1:3]
        for wrong in ("limit=0", "offset=-1", "limit=many"):
            assert client.get(f"/v1/areas?{wrong}").status_code == 422


def test_many_areas_are_written_slice_by_slice_in_the_turns_of_heavy_work(demo, monkeypatch):
    with demo.client() as client:
        as_before = [client.get(address).content for address in ("/v1/areas", "/v1/areas.csv")]
    monkeypatch.setattr("service.routes.areas._SLICE", 5)
    with demo.client() as client:
        assert [client.get(address).content for address in ("/v1/areas", "/v1/areas.csv")] == as_before
        assert len(client.get("/v1/areas?limit=5").json()["areas"]) == 5


def test_a_hubs_tasks_allow_every_row_of_a_declared_panel_and_no_other(demo):
    served = [read.load(demo.engine, identity) for identity in read.pointers(demo.engine).values()]
    tasks = json.loads(hub_tasks(served))
    targets = [group["task_ids"]["target"]["required"] for group in tasks["rounds"][0]["model_tasks"]]
    assert targets == [["monthly USBP encounters"], ["monthly CBP encounters"], ["monthly arrivals"]]
    allowed = jsonschema.Draft202012Validator(row_rules(tasks))
    rows = rows_of(read.latest(demo.engine, "demo"))
    assert len(rows) == len(PANEL.areas) * 3 * len(LEVELS)
    for row in rows:
        written = {name: str(cell) if isinstance(cell, date) else cell for name, cell in row.items()}
        assert allowed.is_valid(written)
        assert not allowed.is_valid(written | {"location": "el-paso"})


def test_a_hubs_rounds_begin_with_the_first_origin(demo):
    release = read.latest(demo.engine, "demo")
    old = replace(release, manifest=replace(release.manifest, origin=Month.of(1984, 12)))
    (group,) = json.loads(hub_tasks([old, release]))["rounds"][0]["model_tasks"]
    assert group["task_ids"]["origin_date"]["optional"][:2] == ["1984-12-31", "1985-01-31"]


def test_a_question_over_panels_of_two_units_names_both(demo):
    with demo.client() as client:
        document = client.get("/v1/forecasts?area=el-paso,demo").json()
        assert document["unit"] == "encounters per month or arrivals per month"


def test_the_document_lists_the_panels_and_kinds_that_are_there(demo):
    with demo.client() as client:
        parameters = client.get("/openapi.json").json()["paths"]["/v1/forecasts"]["get"]["parameters"]
        listed = {
            one["name"]: one["schema"]["anyOf"][0].get("enum") for one in parameters if one["name"] in ("panel", "kind")
        }
        assert listed["panel"] == ["usbp-sectors", "cbp-states", "demo"]
        assert "office" in listed["kind"]


def test_an_unknown_panel_or_kind_is_told_what_is_there(demo):
    with demo.client() as client:
        answer = client.get("/v1/forecasts?panel=dem")
        assert answer.status_code == 422
        assert "Use one of usbp-sectors, cbp-states, demo. Did you mean demo?" in answer.json()["detail"]
        assert "is not a kind" in client.get("/v1/areas?kind=town").json()["detail"]


def test_observations_of_a_declared_panel(demo):
    row = Observation("demo.office-1.flow-7", ORIGIN, date(2024, 12, 19), 17, 1, "by hand", "e" * 64)
    record_observations(demo.engine, PANEL, [row])
    with demo.client() as client:
        document = client.get("/v1/observations?panel=demo&kind=leaf").json()
        assert document["unit"] == "arrivals per month"
        assert document["observations"][0]["months"] == [
            {"month": "2024-11", "count": 17, "precision": 1, "published": "2024-12-19"}
        ]


def test_a_release_without_a_description_is_of_the_bundled_panel_of_its_name(office):
    """As every release is that was made before descriptions were kept."""
    office.publish()
    with office.engine.begin() as connection:
        for trigger in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER release_panel_no_{trigger}"))
        connection.execute(delete(schema.release_panel))
    release = read.latest(office.engine, "usbp-sectors")
    assert release.panel.area("el-paso").name == "El Paso, TX"
    verify(office.engine, release.id)
    with office.client() as client:
        assert client.get("/v1/forecasts?area=el-paso").json()["forecasts"][0]["kind"] == "sector"


def test_a_description_that_was_changed_is_damage(demo):
    release = read.latest(demo.engine, "demo")
    verify(demo.engine, release.id)
    with demo.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER release_panel_no_update"))
        said = connection.execute(
            schema.release_panel.select().where(schema.release_panel.c.release == release.id)
        ).one()
        changed = json.dumps(json.loads(said.description) | {"unit": "people"})
        table = schema.release_panel
        connection.execute(table.update().where(table.c.release == release.id).values(description=changed))
    with pytest.raises(StoreError, match="do not match its checksum"):
        verify(demo.engine, release.id)


def test_scores_of_an_area_that_no_release_describes_any_more_are_left_out(demo):
    """As of a leaf whose table was withdrawn after its release had been scored."""
    release = read.latest(demo.engine, "demo")
    for slug in ("demo.office-1.flow-7", "demo.office-9.flow-9"):
        row = Scored(release.id, slug, ORIGIN + 1, date(2025, 1, 20), 0, **SCORE)
        issued_scores.record(demo.engine, "demo", [row])
    with demo.client() as client:
        document = client.get("/v1/accuracy?panel=demo").json()
        assert [one["area"] for one in document["accuracy"]] == ["demo.office-1.flow-7"]
        assert [one["n"] for one in document["overall"]] == [1]
