"""A client of the service: forecasts and counts as pandas tables.
Knows the addresses and the answers' shapes, and no other module of the project but its own two.

    from forecast.client import Client

    with Client("http://127.0.0.1:8000") as service:
        table = service.forecasts("el-paso", coverage=[80])
    table.plot(x="month", y=["lower_80", "median", "upper_80"], ylabel="encounters per month")

Install it with `pip install 'encounter-forecast[client]'`; pandas is loaded by the first table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from forecast.client_transport import NoAnswer, ProblemError, ServiceError, Transport

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Client", "NoAnswer", "ProblemError", "ServiceError"]


class Client:
    """Asks one service; use it as a context, from any thread.

    `base_url`: the service without `/v1`. `key`: sent as a bearer token. `timeout`: seconds without a sign of the
    service that end one try. A lost connection, and a 429 or 503 that says when to come back, are tried again, at most
    `tries` times and `patience` seconds in all. An answer that was given before is asked for by its ETag and travels
    only if it has changed. Every method raises ProblemError, NoAnswer.
    """

    def __init__(
        self, base_url: str, key: str | None = None, *, timeout: float = 10.0, tries: int = 5, patience: float = 20.0
    ) -> None:
        self._service = Transport(base_url, key, timeout=timeout, tries=tries, patience=patience)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._service.close()

    def forecasts(
        self,
        area: str | Iterable[str] | None = None,
        *,
        panel: str | None = None,
        kind: str | None = None,
        coverage: Iterable[int] = (50, 80, 95),
        unit: Literal["month", "day"] = "month",
        horizon: int | None = None,
        as_of: str | date | None = None,
        release: str | None = None,
        model: str | None = None,
    ) -> DataFrame:
        """One row per area and month: `median`, `mean`, `lower_80`,
        `upper_80` and so on, in the row's `unit`, and their `release`.

        `month` is its first day; `lead` counts from the month of issue, negative where it was past. `area`: slugs, or
        names as people write them, in the order wanted. `attrs["releases"]` says by panel what a reader must know of
        the release: notes, staleness, confidence. `model`: a compared one's forecasts instead, of leaves and without
        means, as they were issued with the release; `models()` has the names.
        """
        asked = {"panel": panel, "kind": kind, "unit": unit, "horizon": horizon, "as_of": as_of, "release": release}
        asked["model"], wanted = model, sorted(coverage)
        document = self._service.get("/v1/forecasts", area=_listed(area), coverage=_listed(map(str, wanted)), **asked)
        from forecast import client_tables

        return client_tables.forecasts(document, wanted)

    def exceedance(
        self,
        area: str | Iterable[str] | None = None,
        threshold: float | Iterable[float] = (),
        *,
        unit: Literal["month", "day"] = "month",
        change: Iterable[float] = (-50, -25, 25, 50),
        panel: str | None = None,
        kind: str | None = None,
        horizon: int | None = None,
        as_of: str | date | None = None,
        release: str | None = None,
    ) -> DataFrame:
        """The chances of more than each threshold, in encounters per `unit`: one row per area and chance.

        `question`: `above` in a month, `first` such month, `any` and `never` of all months, `change` by more than
        `percent` within three months. `probability` is missing where under five of the `draws` speak for it or against
        it; `bound` says what is known, such as `under 1 in 400`. `attrs`: `releases`, and `note`.
        """
        numbers = list(threshold) if isinstance(threshold, Iterable) else [threshold]
        given = {"threshold": ",".join(map("{:f}".format, numbers)), "change": ",".join(map("{:f}".format, change))}
        asked = {"panel": panel, "kind": kind, "unit": unit, "horizon": horizon, "as_of": as_of, "release": release}
        from forecast import client_tables

        return client_tables.exceedance(self._service.get("/v1/exceedance", area=_listed(area), **given, **asked))

    def compare(
        self,
        area: str | Iterable[str],
        first: str | date | None = None,
        last: str | date | None = None,
        *,
        coverage: Iterable[int] = (50, 80, 95),
        unit: Literal["month", "day"] = "month",
        hindcasts: bool = False,
        replayed: bool = False,
    ) -> DataFrame:
        """What each release said of the months from `first` to `last`, beside what came: one row per area, month and
        release, newest first; `observed` is missing while there is no count.

        `replayed`: with rows, marked in a column of that name, of what the served release's method would have said from
        1, 3, 6 and 12 months before its counts end.
        """
        wanted = sorted(coverage)
        asked = {"from": _month(first), "to": _month(last), "unit": unit, "hindcasts": "true" if hindcasts else None}
        asked["include"] = "replayed" if replayed else None
        document = self._service.get("/v1/compare", area=_listed(area), coverage=_listed(map(str, wanted)), **asked)
        from forecast import client_tables

        return client_tables.compare(document, wanted, replays=replayed)

    def observations(
        self,
        area: str | Iterable[str] | None = None,
        first: str | date | None = None,
        last: str | date | None = None,
        as_of: str | date | None = None,
        *,
        panel: str | None = None,
        kind: str | None = None,
    ) -> DataFrame:
        """Official counts, one row per area and month,
        from `first` to `last` (2024-11 or a day in it), as they were public on `as_of`.

        Of the areas named, or without `area` of all of a `panel` or `kind`.

        `count` in encounters per month; `precision` 1 for exact figures, 10 for figures rounded to ten; `published`: by
        its official file.
        """
        asked = {"panel": panel, "kind": kind, "from": _month(first), "to": _month(last), "as_of": as_of}
        from forecast import client_tables

        return client_tables.observations(self._service.get("/v1/observations", area=_listed(area), **asked))

    def areas(self, *, panel: str | None = None, kind: str | None = None) -> DataFrame:
        """One row per area: slug, name, kind, panel, parents, and whether there is a forecast of it."""
        import pandas as pd

        return pd.DataFrame(self._service.get("/v1/areas", panel=panel, kind=kind)["areas"])

    def releases(self, *, panel: str | None = None) -> DataFrame:
        """One row per release that was ever published, newest first."""
        import pandas as pd

        return pd.DataFrame(self._service.get("/v1/releases", panel=panel)["releases"])

    def accuracy(
        self,
        area: str | Iterable[str] | None = None,
        *,
        lead: int | Iterable[int] | None = None,
        panel: str | None = None,
        hindcasts: bool = False,
        decisions: bool = False,
        replayed: bool = False,
    ) -> DataFrame:
        """How past forecasts fared against the counts that came out later, one row per area and lead.

        `sWIS` is the scaled weighted interval score of the median and the 50, 80, 90 and 95 % intervals, and `ratio`
        its share of a naive floor's; `coverage_80` is the share of counts that 80 % intervals held. `attrs`: `overall`,
        the means by panel, and `note`, why there is no score where there is none. `decisions`: with `cost_4`,
        `median_cost_4`, `saved_4` and so on too: what planning on the forecasts cost where a missing place costs 4, 9
        or 19 idle ones. `replayed`: in place of all this one row per area, how often the intervals of the served
        release's method would have held the last year's counts, had it been asked 1, 3, 6 and 12 months before. Raises
        ValueError for both at once.
        """
        if decisions and replayed:
            raise ValueError("Replays are not priced. Ask for decisions or for replayed.")
        leads = _listed(map(str, lead)) if isinstance(lead, Iterable) else None if lead is None else str(lead)
        asked = {"panel": panel, "hindcasts": "true" if hindcasts else None}
        asked["include"] = "decisions" if decisions else "replayed" if replayed else None
        from forecast import client_tables

        document = self._service.get("/v1/accuracy", area=_listed(area), lead=leads, **asked)
        return client_tables.replayed(document) if replayed else client_tables.accuracy(document)

    def models(self, *, panel: str | None = None) -> DataFrame:
        """How recipes and model families did at past origins, one row per panel, group of areas and model, best first.

        `attrs["evaluations"]` has by panel the release, its verdict on each challenger and the confidence in its
        intervals.
        """
        import pandas as pd

        document = self._service.get("/v1/models", panel=panel)
        table = pd.DataFrame(document["models"])
        table.attrs["evaluations"] = document["evaluations"]
        return table

    def scenario(
        self,
        areas: str | Iterable[str],
        events: Iterable[Mapping[str, Any]],
        *,
        coverage: Iterable[int] = (50, 80, 95),
        seed: int | None = None,
    ) -> DataFrame:
        """What if: one row per area and month, `baseline_median`, `scenario_median`, `difference_median`, their means
        and ends such as `difference_lower_80`. The difference is that of the same worlds, not of the medians.

        `events`: as `POST /v1/scenarios` takes them: `{"kind": "change", "month": "2026-12", "multiplier": [1, 2]}`.
        `attrs`: `assumptions`, all that is taken for granted; `total` and `peak` by area; `releases`.
        """
        named = [areas] if isinstance(areas, str) else list(areas)
        body = {"areas": named, "events": list(events), "coverage": sorted(coverage), "seed": seed}
        from forecast import client_tables

        return client_tables.scenario(self._service.post("/v1/scenarios", body))

    def frozen_scenarios(self) -> DataFrame:
        """The what-ifs that the operator froze, oldest first: `id`, `together`, `title`, `release`, `frozen_at`,
        `question`.
        """
        from forecast import client_tables

        return client_tables.frozen_scenarios(self._service.get("/v1/scenarios"))

    def frozen_scenario(self, name: str) -> DataFrame:
        """What the frozen what-if of an id said, as `scenario` gives it, on the release that it was put to; or those of
        a name that several share, with the `id` of each in a column.

        `attrs["scores"]`: by id, a row per area and month whose count came out since, with the CRPS of both sides.
        """
        from forecast import client_tables

        return client_tables.frozen_scenario(self._service.get(f"/v1/scenarios/{name}"))

    def capacity(self, area: str, *, beds: Any, occupied: Any, stay: Any, **more: Any) -> DataFrame:
        """How many beds, one row per month: people who need one (`occupancy_median`, `busiest_night_90`), the chance
        that beds run out (`full`, NaN where `full_bound` says it in words), beds that lack or stay idle, `beds_for_90`.

        `beds`, `occupied`: a number or a range, today's census; `stay`: nights, a range, `{"days": [...]}` or `{"mean":
        3}`; `more`: share, months, scenario and the other members of `POST /v1/capacity`; `start` for its `from`.
        `attrs`: `first_full`, `beds_for` all months, `months_without`, `released_shares`, `assumptions`, `releases`.
        """
        if "start" in more:
            more["from"] = more.pop("start")
        body = {"area": area, "beds": beds, "occupied": occupied, "stay": stay, **more}
        from forecast import client_tables

        return client_tables.capacity(self._service.post("/v1/capacity", body))

    def status(self) -> dict[str, Any]:
        """By panel: the release that is served,
        through which month its counts go, and whether newer ones are overdue.
        """
        return self._service.get("/v1/status")


def _listed(words: str | Iterable[str] | None) -> str | None:
    return words if words is None or isinstance(words, str) else ",".join(words)


def _month(day: str | date | None) -> str | None:
    return f"{day:%Y-%m}" if isinstance(day, date) else day
