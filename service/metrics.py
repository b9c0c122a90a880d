"""What Prometheus reads: requests by route, ages of releases and counts, open alarms, looks at the store.

Requests are counted in plain lists on the event loop and turned into samples when they are asked for: a lock per
request would cost more than the answer. Every process counts its own requests; behind several workers each scrape meets
one of them, which `worker` names.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate, product
from typing import Any

from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from forecast.core.scorecard import ALARMS
from service.connections import REFUSED
from service.heavy import Heavy
from service.releases import ReleaseCache

__all__ = ["Metrics"]

# Upper ends in seconds: a kept answer takes well under a millisecond, one from the store a few.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics(Collector):
    """The figures of one application. `clock` gives the moment with its time zone."""

    def __init__(self, release_cache: ReleaseCache, clock: Callable[[], datetime], heavy: Heavy) -> None:
        self._release_cache, self._clock, self._heavy = release_cache, clock, heavy
        self._requests: dict[tuple[str, int], int] = {}
        # Per route: how many answers ended in each bucket, the last one without an upper end, and their seconds in all.
        self._durations: dict[str, tuple[list[int], list[float]]] = {}
        self._process = ProcessCollector(registry=None)

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count an answer, on the event loop: the template of its route (`/v1/areas/{slug}`), HTTP status, seconds."""
        key = (route, status)
        try:
            self._requests[key] += 1
            buckets, total = self._durations[route]
        except KeyError:
            self._requests[key] = 1
            buckets, total = self._durations.setdefault(route, ([0] * (len(_BUCKETS) + 1), [0.0]))
        buckets[bisect_left(_BUCKETS, seconds)] += 1
        total[0] += seconds

    def render(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self)

    def collect(self) -> Iterator[Metric]:
        """All samples, each with the process that it is from."""
        worker = {"worker": str(os.getpid())}
        for metric in (*self._answers(), *self._releases(), *self._crowding(), *self._process.collect()):
            metric.samples = [sample._replace(labels=worker | sample.labels) for sample in metric.samples]
            yield metric

    def _answers(self) -> Iterator[Metric]:
        """The requests so far."""
        counts = {(route, str(status)): number for (route, status), number in list(self._requests.items())}
        yield _counter("requests", "Answers by route and HTTP status.", counts, "route", "status")
        seconds = HistogramMetricFamily("encounters_request_duration_seconds", "Time to an answer.", labels=("route",))
        for route, (buckets, total) in list(self._durations.items()):
            ends = (*map(str, _BUCKETS), "+Inf")
            seconds.add_metric((route,), list(zip(ends, accumulate(buckets), strict=True)), total[0])
        yield seconds

    def _releases(self) -> Iterator[Metric]:
        """What is in memory; the store is not asked."""
        cache, now = self._release_cache, self._clock().astimezone(UTC)
        manifests = {panel: release.manifest for panel, release in cache.newest.items()}
        ages = {(panel,): (now - one.issued_at).total_seconds() for panel, one in manifests.items()}
        yield _gauge("release_age_seconds", "Seconds since the served release was issued.", ages, "panel")
        days = {(panel,): (now.date() - one.origin.last_day).days for panel, one in manifests.items()}
        yield _gauge(
            "data_age_days", "Days since the end of the last month that the served release knows.", days, "panel"
        )
        stale = {(panel,): now.date() > one.stale_after for panel, one in manifests.items()}
        yield _gauge("release_stale", "1 where newer counts should be out and are not in.", stale, "panel")
        opened = {(panel, event.kind) for panel, events in cache.alarms.items() for event in events}
        alarms = {key: key in opened for key in product(cache.catalogue.panels, ALARMS)}
        yield _gauge("alarm_open", "1 where an alarm on past releases is open.", alarms, "panel", "kind")
        swaps = {(panel,): cache.swaps[panel] for panel in cache.catalogue.panels}
        yield _counter("release_swaps", "Releases taken into service.", swaps, "panel")
        yield _counter("store_failures", "Looks at the store that failed.", {(): cache.failures})
        yield _gauge("store_up", "1 where the last look at the store succeeded.", {(): not cache.failure})

    def _crowding(self) -> Iterator[Metric]:
        """What was refused, and long answers."""
        kinds = {(kind,): REFUSED[kind] for kind in sorted({"too-busy", *REFUSED})}
        yield _counter(
            "connections_refused", "Connections that ended with a refusal before a request was read.", kinds, "kind"
        )
        heavy = self._heavy
        yield _gauge("heavy_running", "Long answers that are worked on.", {(): heavy.running})
        yield _gauge("heavy_waiting", "Long answers that wait for their turn.", {(): heavy.waiting})
        yield _counter(
            "heavy_refused", "Long answers that were refused because others were worked on.", {(): heavy.refused}
        )


Samples = Mapping[Any, float]  # values of the labels -> figure


def _metric(
    family: type[CounterMetricFamily | GaugeMetricFamily], name: str, help_text: str, samples: Samples, *labels: str
) -> Metric:
    """A metric with a sample for each set of labels."""
    metric = family(f"encounters_{name}", help_text, labels=labels)
    for values, number in samples.items():
        metric.add_metric(values, number)
    return metric


_counter, _gauge = partial(_metric, CounterMetricFamily), partial(_metric, GaugeMetricFamily)
