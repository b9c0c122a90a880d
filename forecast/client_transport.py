"""How the client asks: connections, retries, ETags, and what a refusal or a silence becomes. Knows no address and no
shape of an answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import Any

import httpx2
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_exception,
    wait_random_exponential,
)

__all__ = ["NoAnswer", "ProblemError", "ServiceError", "Transport"]

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


class Transport:
    """Asks one service for JSON objects; from any thread. As `client.Client` says of its own arguments."""

    def __init__(self, base_url: str, key: str | None, *, timeout: float, tries: int, patience: float) -> None:
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

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get(self, path: str, **parameters: object) -> dict[str, Any]:
        """The answer to a question as an address; parameters that are None are left out. Raises ServiceError."""
        asked = {name: str(value) for name, value in parameters.items() if value is not None}
        return self._answer(self._http.build_request("GET", path, params=asked))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a question as a body; members that are None are left out. Raises ServiceError."""
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
            answer = json.loads(retrying(self._ask, request))
        except httpx2.RequestError as error:
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise NoAnswer(
                f"No answer from {self._http.base_url}: {reason}. Check the address, and that the service runs."
            ) from error
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise NoAnswer(
                f"{request.url} answered what is not a JSON object. Check that the address is that of the service."
            )
        return answer

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
        problem = json.loads(answer.content)
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        return problem
    return {"title": answer.reason_phrase, "detail": f"{answer.url} answered without saying why."}
