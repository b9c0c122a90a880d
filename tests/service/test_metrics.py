"""`/metrics`: what a monitoring system is told, as a Prometheus reader reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from forecast.core.scorecard import ALARMS, Finding
from forecast.release import alarms
from forecast.release.store import connect
from tests.service.conftest import ISSUED


def scrape(client) -> dict[str, list]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    by_name: dict[str, list] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            by_name.setdefault(sample.name, []).append(
                ({k: v for k, v in sample.labels.items() if k != "worker"}, sample.value)
            )
    return by_name


def of(samples: list, **labels: str) -> float:
    (value,) = [value for labelled, value in samples if labelled == labels]
    return value


def test_release_and_data_grow_old_and_stale_by_the_clock(office):
    office.publish()  # data through 2024-11, stale after 2025-02-28
    with office.client() as client:
        office.now = ISSUED + timedelta(hours=1)
        samples = scrape(client)
        assert samples["encounters_release_age_seconds"] == [({"panel": "usbp-sectors"}, 3600.0)]
        assert samples["encounters_data_age_days"] == [({"panel": "usbp-sectors"}, 51.0)]  # 30 November to 20 January
        assert samples["encounters_release_stale"] == [({"panel": "usbp-sectors"}, 0.0)]
        office.now = datetime(2025, 3, 1, tzinfo=UTC)
        assert scrape(client)["encounters_release_stale"] == [({"panel": "usbp-sectors"}, 1.0)]


def test_every_kind_of_alarm_is_told_open_or_not(office):
    office.publish()
    alarms.record(office.engine, "usbp-sectors", [Finding("big-miss", True, "far out")], now=ISSUED)
    with office.client() as client:
        samples = scrape(client)["encounters_alarm_open"]
    assert len(samples) == 2 * len(ALARMS)
    assert [labels for labels, value in samples if value] == [{"panel": "usbp-sectors", "kind": "big-miss"}]


def test_swaps_are_counted_by_panel(office):
    office.publish(key="a")
    with office.client() as client:
        office.publish(key="b")
        office.publish("cbp-states", key="c")
        client.app.state.context.release_cache.refresh()
        client.app.state.context.release_cache.refresh()
        samples = scrape(client)["encounters_release_swaps_total"]
    assert (of(samples, panel="usbp-sectors"), of(samples, panel="cbp-states")) == (2, 1)


def test_looks_that_fail_are_counted_and_figures_stay(office, tmp_path):
    office.publish()
    with office.client() as client:
        before = scrape(client)
        release_cache = client.app.state.context.release_cache
        release_cache.engine = connect(f"sqlite:///{tmp_path}/elsewhere.db")
        release_cache.refresh()
        release_cache.refresh()
        after = scrape(client)
    assert (before["encounters_store_failures_total"], before["encounters_store_up"]) == ([({}, 0.0)], [({}, 1.0)])
    assert (after["encounters_store_failures_total"], after["encounters_store_up"]) == ([({}, 2.0)], [({}, 0.0)])
    assert after["encounters_release_age_seconds"] == before["encounters_release_age_seconds"]


def test_before_the_first_release_there_is_no_age_and_no_failure_of_the_page(office):
    with office.client() as client:
        samples = scrape(client)
    assert "encounters_release_age_seconds" not in samples
    assert len(samples["encounters_alarm_open"]) == 2 * len(ALARMS)


def test_answers_are_counted_by_route_and_status_with_their_times(office):
    with office.client() as client:
        metrics = client.app.state.context.metrics
        for route, status, seconds in [("/a", 200, 0.0004), ("/a", 200, 0.002), ("/a", 404, 9.0), ("/b", 200, 0.005)]:
            metrics.observe(route, status, seconds)
        samples = scrape(client)
    requests = samples["encounters_requests_total"]
    assert of(requests, route="/a", status="200") == 2
    assert of(requests, route="/a", status="404") == 1
    buckets = samples["encounters_request_duration_seconds_bucket"]
    assert [of(buckets, route="/a", le=end) for end in ("0.0005", "0.001", "0.0025", "2.5", "+Inf")] == [1, 1, 2, 2, 3]
    assert of(buckets, route="/b", le="0.0025") == 0
    assert of(buckets, route="/b", le="0.005") == 1  # an end belongs to its bucket
    assert of(samples["encounters_request_duration_seconds_count"], route="/a") == 3
    assert of(samples["encounters_request_duration_seconds_sum"], route="/a") == pytest.approx(9.0024)


def test_applications_of_one_process_count_apart(office):
    with office.client() as one, office.client() as other:
        one.app.state.context.metrics.observe("/a", 200, 0.1)
        assert "/a" not in other.get("/metrics").text.split("encounters_request_duration_seconds", 1)[0]
