"""The access log: a record per request that a client cannot forge."""

from __future__ import annotations

import json
import logging
import logging.config

import pytest

from forecast.core import logs
from forecast.release import keys
from tests.service.conftest import ISSUED
from tests.service.processes import request, served

MEMBERS = {"request_id", "method", "path", "status", "bytes", "ms", "peer", "key"}


@pytest.fixture
def asked(office, caplog):
    """Runs requests against an application with the log on: the records."""
    office.publish()
    office.settings["access_log"] = True

    def ask(*requests, **settings):
        office.settings.update(settings)
        with office.client() as client, caplog.at_level(logging.INFO, "service.access"):
            for method, path, headers in requests:
                client.request(method, path, headers=headers)
        return [record for record in caplog.records if record.name == "service.access"]

    return ask


def test_every_request_is_one_record_refused_ones_too(asked):
    mine = {"X-Request-Id": "mine"}
    records = asked(
        ("GET", "/v1/forecasts?area=el-paso", mine),
        ("GET", "/v1/forecasts?area=el-paso", mine),
        ("HEAD", "/v1/status", mine),
        ("GET", "/nowhere", mine),
        ("GET", "/livez", {"Host": "a b", **mine}),
    )
    logged = [(one.method, one.path, one.status, one.request_id, one.peer, one.key) for one in records]
    assert logged == [
        ("GET", "/v1/forecasts?area=el-paso", 200, "mine", "testclient", None),
        ("GET", "/v1/forecasts?area=el-paso", 200, "mine", "testclient", None),
        ("HEAD", "/v1/status", 200, "mine", "testclient", None),
        ("GET", "/nowhere", 404, "mine", "testclient", None),
        ("GET", "/livez", 400, "mine", "testclient", None),
    ]
    assert records[0].bytes == records[1].bytes > 100
    assert records[2].bytes == 0
    assert all(one.ms > 0 for one in records)


def test_the_name_of_a_key_is_logged_and_the_key_is_not(asked, office):
    key = keys.add(office.engine, "city", now=ISSUED)
    (record,) = asked(("GET", "/v1/status", {"Authorization": f"Bearer {key}"}), keys="optional")
    assert record.key == "city"
    assert key not in str(vars(record))


def test_by_default_nothing_is_logged(asked):
    assert asked(("GET", "/livez", {}), access_log=False) == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_line_end_in_an_address_makes_no_second_line(asked, form):
    (record,) = asked(("GET", "/v1/x%0d%0a2025-01-01T00:00:00Z%20INFO%20forged?y=%0a%1b[31m\u202e", {}))
    setup = logs.setup(form)
    line = logging.config.DictConfigurator(setup).configure_formatter(setup["formatters"][form]).format(record)
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert "\u202e" not in line
    if form == "json":
        assert set(json.loads(line)) >= MEMBERS


def test_a_long_address_is_cut_in_the_log(asked):
    (record,) = asked(("GET", "/v1/forecasts?area=" + "x" * 6000, {}))
    assert len(record.path) == 2000


def test_a_service_writes_its_access_log_as_json_lines(office, tmp_path):
    office.publish()
    with served(office.url, tmp_path, access_log="true", log="json") as one:
        for target in ("/v1/forecasts?area=el-paso", "/a%0d%0ab?x=\\x1b"):
            one.raw(request(target, "X-Request-Id: mine"))
    records = [record for record in one.records() if record.get("request_id") == "mine"]
    assert [record["path"] for record in records] == ["/v1/forecasts?area=el-paso", "/a%0d%0ab?x=\\x1b"]
    assert [record["status"] for record in records] == [200, 404]
    assert all(set(record) >= MEMBERS | {"time", "event"} for record in records)
    assert all(record["peer"] == "127.0.0.1" for record in records)


@pytest.mark.parametrize(
    ("target", "logged"),
    [
        ("/v1/forecasts?key=s3cret&area=el-paso", "/v1/forecasts?key=***&area=el-paso"),
        ("/v1/forecasts?api_key=s3cret", "/v1/forecasts?api_key=***"),
        ("/v1/forecasts?area=el-paso&Access%5FToken=s3cret", "/v1/forecasts?area=el-paso&Access%5FToken=***"),
        ("/v1/forecasts?k%65y=s3cret", "/v1/forecasts?k%65y=***"),
        ("/v1/enc_s3cret_s3cret/x", "/v1/***/x"),
        ("/v1/forecasts?area=enc%5Fs3cret-s3cret", "/v1/forecasts?area=***"),
        ("/v1/forecasts?enc_s3cret_s3cret", "/v1/forecasts?***"),
        ("/v1/forecasts?area=el%20paso", "/v1/forecasts?area=el%20paso"),
    ],
)
def test_a_key_in_an_address_is_not_logged(asked, target, logged):
    (record,) = asked(("GET", target, {}))
    assert record.path == logged
    assert "s3cret" not in str(vars(record))
