from __future__ import annotations

import pytest

from service.problem_kinds import KINDS
from service.problems import ProblemDocument
from service.releases import ReleaseCache

RELEASE = "usbp-sectors-2024-11-" + "a" * 10


def _problem(answer, status, kind):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    ProblemDocument.model_validate(document)
    assert document["type"] == f"/docs#{kind}"
    assert document["status"] == status
    assert document["remedy"] == KINDS[kind].remedy
    return document


def test_an_unknown_parameter_is_refused_with_the_known_ones(client):
    document = _problem(client.get("/v1/forecasts?covarage=80"), 422, "unknown-parameter")
    assert document["parameter"] == "covarage"
    known = "area panel kind coverage unit horizon as_of release shape include from to model"
    assert document["known"] == known.split()
    assert document["detail"].endswith("Did you mean coverage?")
    assert document["instance"] == "/v1/forecasts"


def test_an_unknown_parameter_is_told_before_a_bad_value(client):
    assert _problem(client.get("/v1/forecasts?unit=week&x=1"), 422, "unknown-parameter")["parameter"] == "x"


@pytest.mark.parametrize("path", ["/v1/status", "/v1/areas/el-paso", f"/v1/releases/{RELEASE}", "/v1/observations"])
def test_every_resource_refuses_parameters_it_does_not_have(client, path):
    _problem(client.get(f"{path}?debug=1"), 422, "unknown-parameter")


def test_a_repeated_parameter_is_refused(client):
    document = _problem(client.get("/v1/forecasts?area=el-paso&area=tucson"), 422, "repeated-parameter")
    assert document["parameter"] == "area"


@pytest.mark.parametrize(
    "coverage", ["99", "0", "100", "55", "80.0", "80,", "", "50,50", "eighty", "-80", "\uff18\uff10", "1e1", "80;95"]
)
def test_a_coverage_that_is_not_stored_is_refused(client, coverage):
    document = _problem(client.get("/v1/forecasts", params={"coverage": coverage}), 422, "invalid-parameter")
    assert document["parameter"] == "coverage"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("area=elpaso", "area"),
        ("area=", "area"),
        ("area=el-paso,el-paso", "area"),
        ("area=el-paso&panel=cbp-states", "panel"),
        ("area=el-paso&kind=region", "kind"),
        ("panel=usbp-sectors&kind=cell", "kind"),
        ("panel=sectors", "panel"),
        ("kind=city", "kind"),
        ("unit=week", "unit"),
        ("horizon=0", "horizon"),
        ("horizon=4", "horizon"),
        ("horizon=x", "horizon"),
        ("horizon=01", "horizon"),
        ("horizon=1.0", "horizon"),
        ("horizon=%2B1", "horizon"),
        ("horizon=%201", "horizon"),
        ("area=%0Ael-paso", "area"),
        ("as_of=2025-02-30", "as_of"),
        ("as_of=20250220", "as_of"),
        ("as_of=1740000000", "as_of"),
        (f"as_of=2025-02-20&release={RELEASE}", "as_of"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_parameter(client, query, parameter):
    assert _problem(client.get(f"/v1/forecasts?{query}"), 422, "invalid-parameter")["parameter"] == parameter


@pytest.mark.parametrize("number", ["1_0", "05", "5.0", "%205", "99999999999999999999"])
@pytest.mark.parametrize("parameter", ["limit", "offset"])
def test_a_part_of_the_areas_is_asked_for_in_plain_numbers_within_bounds(client, parameter, number):
    problem = _problem(client.get(f"/v1/areas?{parameter}={number}"), 422, "invalid-parameter")
    assert problem["parameter"] == parameter
    assert client.get("/v1/areas?limit=5&offset=0").status_code == 200


def test_a_misspelt_area_is_answered_with_the_nearest(client):
    assert (
        "Did you mean el-paso?" in _problem(client.get("/v1/forecasts?area=elpaso"), 422, "invalid-parameter")["detail"]
    )


def test_an_area_without_a_forecast_says_why(client):
    document = _problem(client.get("/v1/forecasts?area=livermore"), 404, "no-forecast")
    assert "closed in 2004-10" in document["detail"]


@pytest.mark.parametrize("identity", ["usbp-sectors-2024-11-0000000000", "x'--", "a" * 5000, "%00", "..%2f.."])
def test_an_unknown_release_is_not_found(client, identity):
    _problem(client.get(f"/v1/releases/{identity}"), 404, "unknown-release" if "2f" not in identity else "not-found")


def test_a_release_has_no_areas_of_another_panel(client):
    _problem(client.get(f"/v1/releases/{RELEASE}/forecasts?area=state-tx"), 404, "no-forecast")
    _problem(client.get(f"/v1/forecasts?release={RELEASE}&panel=cbp-states"), 404, "no-forecast")


def test_a_day_before_the_first_release_is_not_found(client):
    _problem(client.get("/v1/forecasts?as_of=2025-01-19"), 404, "before-first-release")


@pytest.mark.parametrize("path", ["/nowhere", "/v1/forecasts/", "/v1", "/v1/forecasts.xlsx"])
def test_an_address_that_is_not_there_is_a_problem(client, path):
    _problem(client.get(path), 404, "not-found")


def test_a_mistyped_address_is_answered_with_the_nearest(client):
    assert "Did you mean /v1/forecasts" in client.get("/v1/forecast").json()["detail"]
    for other in ("/healthz", "/ready"):
        assert "Did you mean /livez or /readyz?" in client.get(other).json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_method_that_is_not_answered_is_a_problem(client, method):
    answer = client.request(method, "/v1/forecasts")
    _problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD"


def test_a_format_that_is_not_served_is_a_problem(client):
    _problem(client.get("/v1/forecasts", headers={"Accept": "image/png"}), 406, "not-acceptable")


def test_nothing_published_yet_says_what_to_run(office):
    with office.client() as client:
        answer = client.get("/v1/forecasts?area=el-paso")
    assert "encounters retrain" in _problem(answer, 503, "nothing-published")["remedy"]
    assert int(answer.headers["retry-after"]) > 0


def test_a_store_without_tables_is_one_with_nothing_published(office, tmp_path):
    office.url = f"sqlite:///{tmp_path}/new/encounters.db"
    with office.client() as client:
        for path in ("/v1/forecasts", "/v1/observations?area=el-paso", "/v1/releases", f"/v1/releases/{RELEASE}"):
            _problem(client.get(path), 503, "nothing-published")


def test_a_panel_without_a_release_is_told_while_the_other_is_served(office):
    office.publish()
    with office.client() as client:
        _problem(client.get("/v1/forecasts?area=state-tx"), 503, "nothing-published")
        assert client.get("/v1/forecasts").status_code == 200


def test_a_store_that_is_down_is_a_problem_without_its_address(office):
    office.publish()
    with office.client() as client:
        client.app.state.context.release_cache.engine.dispose()
        path = office.url.removeprefix("sqlite:///")
        with open(path, "r+b") as file:  # noqa: PTH123 (a store that broke under a running service)
            file.write(b"not a database any more")
        document = _problem(client.get("/v1/observations?area=el-paso"), 503, "store-unreachable")
    assert path not in document["detail"]


def test_an_unexpected_error_is_a_problem_that_tells_nothing_of_the_inside(office, monkeypatch):
    office.publish()

    def broken(self, identity):
        raise RuntimeError("secret")

    with office.client(raises=False) as client:
        monkeypatch.setattr(ReleaseCache, "release", broken)
        answer = client.get(f"/v1/releases/{RELEASE}")
    _problem(answer, 500, "internal")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_problems_are_not_cached(client):
    assert client.get("/v1/forecasts?area=nowhere").headers["cache-control"] == "no-store"
