"""Questions as people ask them: areas by name, many counts at once, formats, slashes;
and a probe that watches over the figures.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from forecast.release.publish import rollback
from service.routes import forecasts
from service.schemas.resources import ObservationsAnswer

RELEASE = "usbp-sectors-2024-11-" + "a" * 10


def _problem(answer, status, kind):
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert document["type"] == f"/docs#{kind}"
    return document


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("El Paso", ["el-paso"]),
        ("El Paso, TX", ["el-paso"]),
        ("EPT", ["el-paso"]),
        ("TX", ["state-tx"]),
        ("texas,EL PASO,TX,nation", ["state-tx", "el-paso", "nation"]),
        ("Texas (Southwest)", ["state-tx-southwest"]),
    ],
)
def test_every_answer_takes_areas_as_people_write_them_and_names_their_slugs(client, text, slugs):
    asked = {"area": text}
    assert [one["area"] for one in client.get("/v1/forecasts", params=asked).json()["forecasts"]] == slugs
    assert [one["area"] for one in client.get("/v1/observations", params=asked).json()["observations"]] == slugs
    assert client.get("/v1/accuracy", params=asked).status_code == 200
    rows = client.get("/v1/forecasts.csv", params=asked).text.splitlines()[1:]
    assert list(dict.fromkeys(row.split(",")[5] for row in rows)) == slugs
    if len(slugs) == 1:
        assert client.get(f"/v1/areas/{text}").json()["slug"] == slugs[0]


def test_the_short_way_takes_names_too(client):
    short = forecasts.at_once(client.app.state.context, "/v1/forecasts", b"area=El+Paso%2C+TX", b"")
    assert short.body == client.get("/v1/forecasts?area=el-paso").content


def test_one_area_by_two_names_is_named_twice(client):
    assert _problem(client.get("/v1/forecasts?area=el-paso,EPT"), 422, "invalid-parameter")["parameter"] == "area"


@pytest.mark.parametrize(
    ("path", "kind", "hint"),
    [
        ("/v1/forecasts?area=elpaso", "invalid-parameter", "Did you mean el-paso?"),
        ("/v1/observations?area=Texs", "invalid-parameter", "Did you mean state-tx?"),
        ("/v1/accuracy?area=USA", "invalid-parameter", "can mean nation or states-nation"),
        ("/v1/observations?area=state-*", "invalid-parameter", "by panel or kind"),
        ("/v1/areas/elpaso", "unknown-area", "Did you mean el-paso?"),
        ("/v1/areas/SWB", "unknown-area", "swanton or southwest"),
    ],
)
def test_a_name_that_is_not_clear_is_answered_with_the_right_slugs(client, path, kind, hint):
    assert hint in _problem(client.get(path), 404 if kind == "unknown-area" else 422, kind)["detail"]


@pytest.fixture
def observed(office):
    office.publish()
    office.observe("el-paso", "2024-11", date(2024, 12, 20), 900)
    office.observe("nation", "2024-11", date(2024, 12, 20), 9000)
    with office.client() as running:
        yield running


def test_counts_of_a_panel_or_a_kind_are_asked_for_at_once(observed):
    document = observed.get("/v1/observations?panel=usbp-sectors&kind=sector").json()
    ObservationsAnswer.model_validate(document)
    assert {one["kind"] for one in document["observations"]} == {"sector"}
    assert [one["months"][0]["count"] for one in document["observations"] if one["months"]] == [900]
    every = observed.get("/v1/observations?panel=usbp-sectors").json()["observations"]
    assert {one["area"] for one in every} >= {"nation", "southwest", "el-paso", "livermore"}
    assert observed.get("/v1/observations.csv?kind=nation").text.count("\r\n") == 2


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "area"),
        ("area=el-paso&panel=cbp-states", "panel"),
        ("area=el-paso&kind=state", "kind"),
        ("panel=usbp-sectors&kind=state", "kind"),
        ("panel=cbp-states", "panel"),  # nothing is published of it
    ],
)
def test_a_question_for_counts_that_names_no_area_says_what_to_name(observed, query, parameter):
    assert _problem(observed.get(f"/v1/observations?{query}"), 422, "invalid-parameter")["parameter"] == parameter


TABLES = [
    "/v1/forecasts",
    f"/v1/releases/{RELEASE}/forecasts",
    "/v1/observations?area=el-paso",
    "/v1/exceedance?threshold=100",
    "/v1/accuracy",
    "/v1/models",
    "/v1/areas",
    "/v1/releases",
    "/v1/compare?area=el-paso",
    "/v1/models/live",
]
JSON_ALONE = ["/v1/status", "/v1/areas/el-paso", f"/v1/releases/{RELEASE}", "/v1/scenarios"]


def test_every_address_gives_csv_to_whoever_asks_for_it_or_refuses(client):
    accept = {"Accept": "text/csv"}
    for path in TABLES:
        assert client.get(path, headers=accept).headers["content-type"].startswith("text/csv"), path
    for path in JSON_ALONE:
        assert "application/json" in _problem(client.get(path, headers=accept), 406, "not-acceptable")["detail"]
        for other in ("*/*", "application/json", "text/html,*/*;q=0.8", "text/csv, application/json;q=0.1"):
            assert client.get(path, headers={"Accept": other}).status_code == 200
    asked = {
        path.replace("{slug}", "").replace("{release}", "")
        for path, operations in client.get("/openapi.json").json()["paths"].items()
        if "get" in operations and "{name}" not in path  # of what was frozen, which here is nothing
    }
    covered = {path.partition("?")[0].replace("el-paso", "").replace(RELEASE, "") for path in TABLES + JSON_ALONE}
    assert {path for path in asked if path.startswith("/v1") and "." not in path} == covered


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/v1/forecasts?area=el-paso&format=csv", "/v1/forecasts.csv"),
        ("/v1/forecasts.csv?format=parquet", "/v1/forecasts.parquet"),
        ("/v1/models?format=csv", "Accept: text/csv"),
        ("/v1/status?format=csv", "JSON alone"),
    ],
)
def test_a_format_in_the_query_is_answered_with_where_it_is_chosen(client, path, hint):
    assert hint in _problem(client.get(path), 422, "unknown-parameter")["detail"]


@pytest.mark.parametrize(
    "path",
    ["/v1/areas/", "/v1/areas/x/", "/v1/forecasts/", "/v1/forecasts.csv/", "/docs/", "http://testserver//v1/status"],
)
def test_a_slash_too_many_is_answered_with_the_address_without_it(client, path):
    assert _problem(client.get(path), 404, "not-found")["detail"].endswith(
        f"A slash is too many: ask for /{path.removeprefix('http://testserver').strip('/')}."
    )


def test_a_strict_probe_fails_while_a_release_is_stale_and_a_lenient_one_does_not(office):
    stale = office.publish(stale_after=date(2025, 2, 28))
    office.publish("cbp-states", key="b", stale_after=date(2025, 12, 31))
    with office.client() as client:
        office.now = datetime(2025, 2, 28, 23, 59, tzinfo=UTC)
        assert client.get("/readyz?strict=true").json() == client.get("/readyz").json()
        office.now = datetime(2025, 3, 1, tzinfo=UTC)
        assert client.get("/readyz").status_code == client.get("/readyz?strict=false").status_code == 200
        document = _problem(client.get("/readyz?strict=true"), 503, "stale")
        assert document["stale"] == [stale]
        assert "2025-02-28" in document["detail"]
        assert "encounters ingest" in document["remedy"]
        assert client.get("/v1/forecasts?area=el-paso").status_code == 200
        assert _problem(client.get("/readyz?strict=yes"), 422, "invalid-parameter")["parameter"] == "strict"
        _problem(client.get("/readyz?strikt=true"), 422, "unknown-parameter")


def test_as_of_follows_the_pointer_through_publications_and_rollbacks(office):
    first = office.publish(key="a", issued_at=datetime(2025, 1, 20, 6, tzinfo=UTC))
    second = office.publish(key="b", issued_at=datetime(2025, 2, 20, 6, tzinfo=UTC))
    rollback(office.engine, first, now=datetime(2025, 2, 22, 12, tzinfo=UTC))
    third = office.publish(
        key="c", issued_at=datetime(2025, 3, 20, 23, 50, tzinfo=UTC), published=datetime(2025, 3, 21, 0, 10, tzinfo=UTC)
    )
    days = {
        "2025-01-20": first,
        "2025-02-19": first,
        "2025-02-20": second,
        "2025-02-21": second,
        "2025-02-22": first,
        "2025-03-20": first,  # the third was issued before midnight and served after it
        "2025-03-21": third,
        "9999-12-31": third,
    }
    with office.client() as client:
        for day, release in days.items():
            document = client.get(f"/v1/forecasts?area=el-paso&as_of={day}").json()
            assert document["forecasts"][0]["release"] == release, day
        _problem(client.get("/v1/forecasts?as_of=2025-01-19"), 404, "before-first-release")


def test_the_hub_shape_never_mixes_two_rounds(office):
    office.publish()
    office.publish("cbp-states", key="b", origin="2025-09")
    with office.client() as client:
        for path in ("/v1/forecasts", "/v1/forecasts.csv", "/v1/forecasts.parquet"):
            for query in ("", "area=el-paso,state-tx", "as_of=2025-02-01"):
                document = _problem(client.get(f"{path}?shape=hubverse&{query}"), 422, "invalid-parameter")
                assert "usbp-sectors of 2024-11-30, cbp-states of 2025-09-30" in document["detail"]
                assert "panel=cbp-states or panel=usbp-sectors" in document["detail"]
            assert client.get(f"{path}?shape=hubverse&panel=cbp-states").status_code == 200
        assert client.get("/v1/forecasts?shape=quantiles&kind=nation").status_code == 200


def test_the_weighted_interval_score_says_which_intervals_it_is_of(client):
    for path in ("/v1/accuracy", "/v1/models"):
        assert client.get(path).json()["intervals"] == [50, 80, 90, 95]
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("AreaAccuracy", "ModelScores"):
        assert "the median and the 50, 80, 90 and 95 % intervals" in schemas[name]["properties"]["sWIS"]["description"]
