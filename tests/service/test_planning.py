"""What-ifs and questions of beds over HTTP, on a release that the real command has trained."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from forecast.core.months import Month
from forecast.release import what_if
from service.app import create_app
from service.request_bodies import Bodies, BodyRefused
from service.schemas.planning import CapacityAnswer, ScenarioAnswer, ScenarioDrawsAnswer
from service.schemas.questions import CAPACITY_EXAMPLE, SCENARIO_EXAMPLE
from service.settings import ServiceSettings
from tests.service.test_limits import problem
from tests.waiting import HANG

NOW = datetime(2026, 1, 20, 6, 0, tzinfo=UTC)
# The month after those of the bundled counts of states.
FIRST = Month.of(2025, 12)
GROUP = {
    "kind": "group_arrival",
    "people": [10000, 15000],
    "share": {"state-tx": 0.7, "state-nm": 0.3},
    "arrive": [str(FIRST), str(FIRST + 1)],
    "show_up": [0.3, 0.9],
}
CHANGE = {"kind": "change", "month": str(FIRST), "multiplier": [1.1, 1.8], "areas": ["states-southwest"]}
TRANSFER = {
    "kind": "transfer",
    "from": "state-tx",
    "to": {"state-az": 0.5, "state-ca": 0.5},
    "share": [0.1, 0.2],
    "from_month": str(FIRST + 1),
}
BODY = {"areas": ["state-tx", "states-nation"], "events": [GROUP, CHANGE, TRANSFER], "coverage": [50, 80, 95]}
BEDS = {
    "area": "state-tx",
    "beds": [900, 1000],
    "occupied": 640,
    "share": [0.1, 0.3],
    "stay": {"days": [0, 0, 0.5, 0.5]},
    "months": 4,
}


@pytest.fixture(scope="module")
def service(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planning")
    shutil.copy(trained.home / "encounters.db", folder)
    settings = ServiceSettings(database_url=f"sqlite:///{folder}/encounters.db", poll_seconds=3600)
    with TestClient(create_app(settings, clock=lambda: NOW)) as client:
        yield client


def ask(client, body, path="/v1/scenarios", **more):
    return client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"} | more)


def test_a_what_if_is_answered_in_the_shape_of_the_document(service):
    answer = ask(service, BODY)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    document = answer.json()
    ScenarioAnswer.model_validate(document)
    assert [entry["area"] for entry in document["forecasts"]] == BODY["areas"]
    months = document["forecasts"][0]["months"]
    assert [month["month"] for month in months] == [str(FIRST + step) for step in range(6)]
    assert document["worlds"] == 2000
    assert len(document["assumptions"]) == 4 + 3


def test_the_baseline_is_the_forecast_that_is_served(service):
    served = service.get("/v1/forecasts?area=state-tx&coverage=50,80").json()["forecasts"][0]["months"]
    for month, own in zip(served, ask(service, BODY).json()["forecasts"][0]["months"], strict=True):
        assert own["lead"] == month["lead"]
        # Of 2,000 draws and of as many others of the same worlds: within sampling error.
        assert own["baseline"]["median"] == pytest.approx(month["median"], rel=0.08)
        assert own["baseline"]["intervals"][1]["upper"] == pytest.approx(month["intervals"][1]["upper"], rel=0.12)


def test_a_transfer_alone_changes_no_nation_and_every_area_it_names(service):
    areas = ["states-nation", "state-tx", "state-az"]
    document = ask(service, {"areas": areas, "events": [TRANSFER]}).json()
    nation, texas, arizona = ([month["difference"] for month in entry["months"]] for entry in document["forecasts"])
    assert {(month["median"], month["mean"]) for month in nation} == {(0, 0)}
    assert texas[2]["median"] < 0 < arizona[2]["median"]
    assert texas[0]["median"] == arizona[0]["median"] == 0


def test_the_same_question_has_the_same_bytes_and_another_seed_others(service):
    first, again = ask(service, BODY), ask(service, BODY)
    assert first.content == again.content
    assert ask(service, {**BODY, "seed": 7}).content != first.content


def test_every_world_can_be_had_with_what_it_drew(service):
    answer = ask(service, {**BODY, "areas": ["state-tx"]}, "/v1/scenarios?include=draws")
    document = answer.json()
    ScenarioDrawsAnswer.model_validate(document)
    tags, area = document["draws"]["events"], document["draws"]["areas"][0]
    assert [tag["kind"] for tag in tags] == ["group_arrival", "change", "transfer"]
    assert len(tags[0]["people"]) == len(tags[0]["show_up"]) == len(tags[1]["multiplier"]) == 2000
    assert min(tags[0]["people"]) >= 10_000
    assert (len(area["scenario"]), len(area["scenario"][0])) == (6, 2000)
    medians = sorted(area["scenario"][0])[999:1001]
    assert document["forecasts"][0]["months"][0]["scenario"]["median"] == pytest.approx(sum(medians) / 2, abs=0.5)


def test_shares_are_learnt_where_none_are_given(service):
    group = {"kind": "group_arrival", "people": 5000, "towards": "state-tx-southwest", "arrive": [str(FIRST)] * 2}
    document = ask(service, {"areas": ["states-southwest"], "events": [group]}).json()
    assert "learnt from" in document["assumptions"][-1]
    assert document["forecasts"][0]["months"][0]["difference"]["median"] == pytest.approx(5000, abs=3)


def test_an_analogue_says_what_it_was(service):
    change = {"kind": "change", "month": str(FIRST), "analogue": "title-42-end"}
    document = ask(service, {"areas": ["state-tx"], "events": [change]}).json()
    assert "11 May 2023" in document["assumptions"][-1]


def test_beds_are_answered_in_the_shape_of_the_document(service):
    answer = ask(service, BEDS, "/v1/capacity")
    assert answer.status_code == 200, answer.text
    document = answer.json()
    CapacityAnswer.model_validate(document)
    # Asked on 20 January, the nights begin in February.
    assert [month["month"] for month in document["months"]] == [str(FIRST + step) for step in range(2, 6)]
    for month in document["months"]:
        levels = list(month["occupancy"].values())
        assert levels == sorted(levels)
        assert month["occupancy"]["95"] <= month["beds_for"]["95"]
    assert document["months_without"] is None


def test_beds_with_a_what_if_show_both_sides(service):
    events = [{**CHANGE, "month": str(FIRST + 2)}, {"kind": "capacity", "month": str(FIRST + 3), "beds": 5000}]
    document = ask(service, {**BEDS, "scenario": {"events": events}}, "/v1/capacity").json()
    CapacityAnswer.model_validate(document)
    more = [
        with_["occupancy"]["median"] - without["occupancy"]["median"]
        for with_, without in zip(document["months"], document["months_without"], strict=True)
    ]
    assert min(more) > 0
    idle = [document[name][1]["idle_beds"] for name in ("months", "months_without")]
    assert idle[0] > idle[1] + 3000


def test_beds_come_as_a_table_at_their_own_address_and_by_accept(service):
    own, accepted = ask(service, BEDS, "/v1/capacity.csv"), ask(service, BEDS, "/v1/capacity", Accept="text/csv")
    assert own.headers["content-type"] == accepted.headers["content-type"] == "text/csv; charset=utf-8"
    assert own.content == accepted.content
    rows = list(csv.DictReader(io.StringIO(own.text)))
    assert [row["month"] for row in rows] == [str(FIRST + step) for step in range(2, 6)]
    (release,) = ask(service, BEDS, "/v1/capacity").json()["releases"].values()
    named = ("id", "data_through", "stale_after")
    assert [rows[0][name] for name in ("release", *named[1:])] == [release[name] for name in named]
    assert (rows[0]["area"], rows[0]["stale"]) == ("state-tx", str(release["stale"]).lower())


@pytest.mark.parametrize(
    ("members", "member", "event"),
    [
        ({"areas": ["nowhere"]}, "areas", None),
        ({"areas": ["state-tx", "el-paso"]}, "areas", None),
        ({"events": [GROUP, {**CHANGE, "areas": ["el-paso"]}]}, "areas", 2),
        ({"events": [GROUP, {**GROUP, "share": {"state-tx": 0.7, "state-nm": 0.4}}]}, "share", 2),
        ({"events": [{**CHANGE, "multiplier": [2, 1]}]}, "multiplier", 1),
        ({"events": [{**CHANGE, "multiplier": 10**400}]}, "multiplier", 1),
        ({"seed": 10**400}, "seed", None),
        ({"events": [{**CHANGE, "month": "2025-11"}]}, "month", 1),
        ({"events": [{**CHANGE, "month": "2026-06"}]}, "month", 1),
        ({"events": [{}] * 51}, "events", None),
        ({"coverage": [99]}, "coverage", None),
        ({"areas": ["state-guam"]}, "areas", None),
    ],
)
def test_a_question_that_cannot_be_answered_is_one_problem(service, members, member, event):
    document = problem(ask(service, {**BODY, **members}), 422, "invalid-body")
    assert (document["member"], document["event"]) == (member, event)


@pytest.mark.parametrize("path", ["/v1/scenarios", "/v1/capacity", "/v1/capacity.csv"])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1, "a": 2}', b"[" * 9999]
)
def test_what_is_no_plain_json_is_400(service, path, body):
    problem(service.post(path, content=body, headers={"Content-Type": "application/json"}), 400, "malformed-request")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_a_body_of_another_type_is_415(service, media):
    problem(
        service.post("/v1/scenarios", content=json.dumps(BODY), headers={"Content-Type": media}),
        415,
        "unsupported-media-type",
    )


def test_a_million_events_are_413_and_nothing_is_read(service):
    body = {**BODY, "events": [CHANGE] * 10**6}
    assert problem(ask(service, body), 413, "body-too-long")["limit"] == 65_536


def test_a_body_in_pieces_is_read_no_further_than_the_limit(service):
    taken = []

    async def piece():
        taken.append(1)
        return {"type": "http.request", "body": b" " * 1000, "more_body": True}

    bodies = Bodies(longest=10_000, seconds=HANG, most=1)
    with pytest.raises(BodyRefused) as refused:
        asyncio.run(bodies.read(Request({"type": "http", "method": "POST", "headers": []}, piece)))
    assert (refused.value.kind, len(taken)) == ("body-too-long", 11)
    pieces = (b" " * 1000 for _ in range(100))
    answer = service.post("/v1/scenarios", content=pieces, headers={"Content-Type": "application/json"})
    assert problem(answer, 413, "body-too-long")["limit"] == 65_536


def test_bodies_that_do_not_come_are_waited_for_a_while_and_a_few_at_once():
    """Two are waited for, a third is refused at once, and the two end by themselves; then there is room again."""

    async def scene():
        bodies = Bodies(longest=100, seconds=0.2, most=2)

        async def never():
            await asyncio.sleep(HANG)

        def request(receive):
            return Request({"type": "http", "method": "POST", "headers": []}, receive)

        async def whole():
            return {"type": "http.request", "body": b"{}", "more_body": False}

        slow = [asyncio.create_task(bodies.read(request(never))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BodyRefused) as busy:
            await bodies.read(request(whole))
        ended = await asyncio.gather(*slow, return_exceptions=True)
        return busy.value.kind, [error.kind for error in ended], await bodies.read(request(whole))

    assert asyncio.run(scene()) == ("too-busy", ["head-too-slow"] * 2, b"{}")


@pytest.mark.parametrize("path", ["/v1/scenarios", "/v1/capacity", "/v1/capacity.csv"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_other_methods_are_told_which_one_answers(service, path, method):
    answer = service.request(method, path)
    if path == "/v1/scenarios":  # there GET lists what was frozen
        assert answer.status_code == (200 if method in ("GET", "HEAD") else 405)
        assert answer.headers.get("allow") == (None if method in ("GET", "HEAD") else "GET, HEAD, POST")
    else:
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_other_addresses_still_answer_no_post(service):
    answer = ask(service, BODY, "/v1/forecasts")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_an_unknown_parameter_and_an_unwanted_format_are_refused(service):
    problem(ask(service, BODY, "/v1/scenarios?draws=1"), 422, "unknown-parameter")
    problem(ask(service, BODY, "/v1/scenarios?include=all"), 422, "invalid-parameter")
    problem(ask(service, BODY, Accept="text/csv"), 406, "not-acceptable")
    problem(ask(service, BEDS, "/v1/capacity", Accept="application/vnd.apache.parquet"), 406, "not-acceptable")


def test_a_panel_without_a_release_is_no_forecast(service):
    body = {"areas": ["el-paso"], "events": []}
    problem(ask(service, body), 404, "no-forecast")


def test_before_anything_is_published_the_answer_says_so(office):
    with office.client() as client:
        problem(ask(client, {"areas": ["el-paso"], "events": []}), 503, "nothing-published")


def test_every_draw_of_many_areas_is_refused(service):
    cells = [area["slug"] for area in service.get("/v1/areas?kind=cell").json()["areas"] if area["forecast"]]
    answer = ask(service, {"areas": cells[:11], "events": []}, "/v1/scenarios?include=draws")
    assert problem(answer, 422, "invalid-body")["member"] == "areas"


@pytest.mark.parametrize(
    ("event", "member"),
    [
        ({"kind": "change", "month": "2024-12", "multiplier": 2, "areas": ["el-paso", "laredo"]}, "areas"),
        ({"kind": "group_arrival", "people": 9, "share": {"laredo": 1}, "arrive": ["2024-12", "2024-12"]}, "share"),
        ({"kind": "group_arrival", "people": 9, "towards": "laredo", "arrive": ["2024-12", "2024-12"]}, "towards"),
        ({"kind": "transfer", "from": "laredo", "to": {"tucson": 1}, "share": 1, "from_month": "2024-12"}, "from"),
        ({"kind": "transfer", "from": "tucson", "to": {"laredo": 1}, "share": 1, "from_month": "2024-12"}, "to"),
    ],
)
def test_an_event_about_an_area_without_draws_is_named_with_its_member(client, event, member):
    """Of the panel's sectors this release has two; a closed sector has none in any release."""
    beds = {"kind": "capacity", "month": "2024-12", "beds": 5}
    whatif = {"areas": ["el-paso"], "events": [beds, event]}
    shelter = {"area": "el-paso", "beds": 9, "occupied": 0, "share": 0.1, "stay": 2, "from": "2024-12"}
    for path, body in (("/v1/scenarios", whatif), ("/v1/capacity", {**shelter, "scenario": {"events": [beds, event]}})):
        document = problem(ask(client, body, path), 422, "invalid-body")
        assert (document["event"], document["member"]) == (2, member)
        assert document["detail"].startswith(f"Event 2 ({event['kind'].replace('_', ' ')}), {member}: laredo cannot be")


def test_more_parts_than_fit_in_memory_are_refused_before_any_is_read(service, monkeypatch):
    monkeypatch.setattr(what_if, "MOST_LEAVES", 10)
    assert problem(ask(service, {"areas": ["states-nation"], "events": []}), 422, "invalid-body")["member"] == "areas"
    assert problem(ask(service, {**BEDS, "area": "states-nation"}, "/v1/capacity"), 422, "invalid-body")
    assert ask(service, {"areas": ["state-nm"], "events": []}).status_code == 200


def test_the_documents_examples_are_answered(office):
    office.publish()
    with office.client() as client:
        assert ask(client, SCENARIO_EXAMPLE).status_code == 200
        assert ask(client, CAPACITY_EXAMPLE, "/v1/capacity").status_code == 200
        page = client.get("/docs").text
    assert "POST <code>/v1/scenarios</code>" in page
    assert "&quot;kind&quot;: &quot;group_arrival&quot;" in page


@pytest.mark.parametrize("path", ["/v1/capacity", "/v1/capacity.csv"])
def test_a_question_asked_by_get_with_its_body_is_told_the_method(service, path):
    answer = service.request("GET", path, content=json.dumps(BODY))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_what_if_asked_by_get_with_its_body_is_told_how_to_send_it(service):
    answer = service.request("GET", "/v1/scenarios", content=json.dumps(BODY))
    assert (answer.status_code, "POST" in answer.json()["detail"]) == (400, True), answer.text
