"""A client of the service: forecasts and counts as pandas tables.
Knows HTTP and the answers' shapes, and no other module of the project but that of some tables.

    from forecast.client import Client

    with Client("http://127.0.0.1:8000") as service:
        table = service.forecasts("el-paso", coverage=[80])
    table.plot(x="month", y=["lower_80", "median", "upper_80"], ylabel="encounters per month")

Install it with `pip install 'encounter-forecast[client]'`; pandas is loaded by the first table.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from datetime import date
from email.utils import parsedate_to_datetime
from importlib import metadata
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import httpx2
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_exception,
    wait_random_exponential,
)

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Client", "NoAnswer", "ProblemError", "ServiceError"]

# How many answers are remembered for their ETag.
_REMEMBERED = 128


class ServiceError(Exception):
    """What a caller of the service can act on, in one line."""


class NoAnswer(ServiceError):
    """The service could not be reached, did not answer in time, or answered what is not JSON."""


class ProblemError(ServiceError):
    """The service refused (RFC 9457): `status`, `type`, `title`, `detail`, `remedy`; `document`: the whole problem.

    `retry_after`: seconds after which the service asks to be asked again; None where it does not say.
    """

    def __init__(self, status: int, document: Mapping[str, Any], retry_after: float | None = None) -> None:
        # All of them, so that the error survives a pickle between processes.
        super().__init__(status, document, retry_after)
        self.status, self.document, self.retry_after = status, dict(document), retry_after
        self.type = str(document.get("type", "about:blank"))
        self.title = str(document.get("title", "The request failed"))
        self.detail = str(document.get("detail", ""))
        self.remedy = str(document.get("remedy", ""))

    def __str__(self) -> str:
        return " ".join(f"{self.status} {self.title}: {self.detail} {self.remedy}".split())


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
        headers = {
            "User-Agent": f"encounter-forecast/{_version()} httpx2/{httpx2.__version__}",
            "Accept": "application/json",
        }
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._http = httpx2.Client(base_url=base_url, headers=headers, timeout=timeout)
        self._tries, self._patience = tries, patience
        self._known: dict[str, tuple[str, bytes]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

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
        document = self._get("/v1/forecasts", area=_listed(area), coverage=_listed(map(str, wanted)), **asked)
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

        return client_tables.exceedance(self._get("/v1/exceedance", area=_listed(area), **given, **asked))

    def compare(
        self,
        area: str | Iterable[str],
        first: str | date | None = None,
        last: str | date | None = None,
        *,
        coverage: Iterable[int] = (50, 80, 95),
        unit: Literal["month", "day"] = "month",
        hindcasts: bool = False,
    ) -> DataFrame:
        """What each release said of the months from `first` to `last`, beside what came: one row per area, month and
        release, newest first; `observed` is missing while there is no count.
        """
        wanted = sorted(coverage)
        asked = {"from": _month(first), "to": _month(last), "unit": unit, "hindcasts": "true" if hindcasts else None}
        document = self._get("/v1/compare", area=_listed(area), coverage=_listed(map(str, wanted)), **asked)
        from forecast import client_tables

        return client_tables.compare(document, wanted)

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

        return client_tables.observations(self._get("/v1/observations", area=_listed(area), **asked))

    def areas(self, *, panel: str | None = None, kind: str | None = None) -> DataFrame:
        """One row per area: slug, name, kind, panel, parents, and whether there is a forecast of it."""
        import pandas as pd

        return pd.DataFrame(self._get("/v1/areas", panel=panel, kind=kind)["areas"])

    def releases(self, *, panel: str | None = None) -> DataFrame:
        """One row per release that was ever published, newest first."""
        import pandas as pd

        return pd.DataFrame(self._get("/v1/releases", panel=panel)["releases"])

    def accuracy(
        self,
        area: str | Iterable[str] | None = None,
        *,
        lead: int | Iterable[int] | None = None,
        panel: str | None = None,
        hindcasts: bool = False,
    ) -> DataFrame:
        """How past forecasts fared against the counts that came out later, one row per area and lead.

        `sWIS` is the scaled weighted interval score of the median and the 50, 80, 90 and 95 % intervals, and `ratio`
        its share of a naive floor's; `coverage_80` is the share of counts that 80 % intervals held. `attrs`: `overall`,
        the means by panel, and `note`, why there is no score where there is none.
        """
        leads = _listed(map(str, lead)) if isinstance(lead, Iterable) else None if lead is None else str(lead)
        asked = {"panel": panel, "hindcasts": "true" if hindcasts else None}
        from forecast import client_tables

        return client_tables.accuracy(self._get("/v1/accuracy", area=_listed(area), lead=leads, **asked))

    def models(self, *, panel: str | None = None) -> DataFrame:
        """How recipes and model families did at past origins, one row per panel, group of areas and model, best first.

        `attrs["evaluations"]` has by panel the release, its verdict on each challenger and the confidence in its
        intervals.
        """
        import pandas as pd

        document = self._get("/v1/models", panel=panel)
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

        return client_tables.scenario(self._post("/v1/scenarios", body))

    def capacity(self, area: str, *, beds: Any, occupied: Any, stay: Any, **more: Any) -> DataFrame:
        """How many beds, one row per month: people who need one (`occupancy_median`, `busiest_night_90`), the chance
        that beds run out (`full`, NaN where `full_bound` says it in words), beds that lack or stay idle, `beds_for_90`.

        `beds`, `occupied`: a number or a range, today's census; `stay`: nights, a range, `{"days": [...]}` or `{"mean":
        3}`; `more`: share, months, scenario and the other members of `POST /v1/capacity`; `start` for its `from`.
        `attrs`: `first_full`, `beds_for` all months, `months_without`, `assumptions`, `releases`.
        """
        if "start" in more:
            more["from"] = more.pop("start")
        body = {"area": area, "beds": beds, "occupied": occupied, "stay": stay, **more}
        from forecast import client_tables

        return client_tables.capacity(self._post("/v1/capacity", body))

    def status(self) -> dict[str, Any]:
        """By panel: the release that is served,
        through which month its counts go, and whether newer ones are overdue.
        """
        return self._get("/v1/status")

    def _get(self, path: str, **parameters: object) -> dict[str, Any]:
        asked = {name: str(value) for name, value in parameters.items() if value is not None}
        return self._answer(self._http.build_request("GET", path, params=asked))

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        asked = {name: value for name, value in body.items() if value is not None}
        return self._answer(self._http.build_request("POST", path, json=asked))

    def _answer(self, request: httpx2.Request) -> dict[str, Any]:
        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            # Never earlier than the service asks for, and not at the same moment as every other client.
            wait=wait_exception(_pause_asked_for) + wait_random_exponential(multiplier=0.25, max=8),
            stop=stop_after_attempt(self._tries) | stop_before_delay(self._patience),
            reraise=True,
        )
        try:
            found = json.loads(retrying(self._ask, request))
        except httpx2.RequestError as error:
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise NoAnswer(
                f"No answer from {self._http.base_url}: {reason}. Check the address, and that the service runs."
            ) from error
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise NoAnswer(
                f"{request.url} answered what is not a JSON object. Check that the address is that of the service."
            )
        return found

    def _ask(self, request: httpx2.Request) -> bytes:
        """One try: the body of the answer, or of the one remembered where the service says that it still holds."""
        address = str(request.url)
        with self._lock:
            known = self._known.get(address) if request.method == "GET" else None
        if known is not None:
            request.headers["If-None-Match"] = known[0]
        answer = self._http.send(request)
        if answer.status_code == 304 and known is not None:
            return known[1]
        if answer.status_code != 200:
            raise ProblemError(answer.status_code, _problem(answer), _retry_after(answer.headers))
        if tag := answer.headers.get("etag"):
            with self._lock:
                self._known.pop(address, None)
                self._known[address] = (tag, answer.content)
                while len(self._known) > _REMEMBERED:
                    del self._known[next(iter(self._known))]
        return answer.content


def _version() -> str:
    try:
        return metadata.version("encounter-forecast")
    except metadata.PackageNotFoundError:
        return "unknown"


def _listed(words: str | Iterable[str] | None) -> str | None:
    return words if words is None or isinstance(words, str) else ",".join(words)


def _month(day: str | date | None) -> str | None:
    return f"{day:%Y-%m}" if isinstance(day, date) else day


def _may_pass(error: BaseException) -> bool:
    """Whether the same question may be answered later.
    Every question here only reads, so that asking twice does no harm.
    """
    if isinstance(error, ProblemError):
        return error.status in (429, 503) and error.retry_after is not None
    return isinstance(error, httpx2.NetworkError | httpx2.ConnectTimeout | httpx2.RemoteProtocolError)


def _pause_asked_for(error: BaseException) -> float:
    return (isinstance(error, ProblemError) and error.retry_after) or 0.0


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After, which is a number or a date (RFC 9110, section 10.2.3);
    the answer's own Date is the clock.
    """
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None


def _problem(answer: httpx2.Response) -> dict[str, Any]:
    """The problem+json of an answer, or what stands in for it where something else than the service answered."""
    try:
        found = json.loads(answer.content)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    return {"title": answer.reason_phrase, "detail": f"{answer.url} answered without saying why."}
