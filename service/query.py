"""What a client asks for: parameters read strictly, a format agreed. Chooses no area, builds no body.

Nothing is ignored, clamped or guessed: a parameter that is unknown, repeated or out of range is a problem that says so.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request

from forecast.core.errors import AreaError
from forecast.core.months import Month
from forecast.release import parquet
from forecast.release.intervals import Wanted
from service.accept import weights
from service.catalogue import Catalogue
from service.context import Context, context
from service.problems import ROOT, Problem, did_you_mean

__all__ = [
    "COVERAGES",
    "MEDIA",
    "ForecastQuery",
    "Format",
    "Shape",
    "accepted",
    "check",
    "coverages",
    "day",
    "format_of",
    "invalid",
    "json_alone",
    "known_parameters",
    "month",
    "months_between",
    "numbers",
    "pairs",
    "slugs",
    "slugs_of",
]

T = TypeVar("T")
Format = Literal["json", "csv", "parquet"]
Shape = Literal["intervals", "quantiles", "hubverse", "samples"]

# Each is bounded by two of the levels that every release stores, so that no interval is interpolated.
COVERAGES: tuple[int, ...] = (*range(10, 100, 10), 95, 98)
_WRITTEN = {str(one): one for one in COVERAGES}
# The formats, those first that are preferred where a client takes several as gladly.
MEDIA: dict[Format, str] = {"json": "application/json", "csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


class ForecastQuery(NamedTuple):
    """One question about forecasts; a named tuple, because one is made with every request.

    `areas`: slugs in the order asked for, None for all; `model`: a compared one, None for what serves.
    """

    areas: tuple[str, ...] | None = None
    panel: str | None = None
    kind: str | None = None
    wanted: Wanted = Wanted()
    shape: Shape = "intervals"
    model: str | None = None


async def known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have, and those given twice.
    A dependency of every route under /v1.
    """
    fields = request.scope["route"].dependant.query_params
    # Where the parameters are a model, the one field is the model.
    known = [name for field in fields for name in _names(field)]
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            listed = f"The parameters are {', '.join(known)}." if known else "It has no parameters."
            hint = _how_to_choose(request) if name.lower() in _MEANS_FORMAT else did_you_mean(name, known)
            hint = _QUANTILES_ALONE if name == "model" and "threshold" in known else hint
            detail = (
                f"{name[:100]!r} is not a parameter of {request.scope.get(ROOT, '')}{request.scope['path']}. "
                f"{listed}{hint}"
            )
            raise Problem("unknown-parameter", detail, parameter=name[:100], known=known)
        if name in seen:
            raise Problem("repeated-parameter", f"{name!r} is given more than once.", parameter=name, known=known)
        seen.add(name)
    check(request.query_params, context(request))


def _names(field: Any) -> list[str]:
    """The parameters behind a field of a route: its own, or those of its model."""
    members = getattr(field.field_info.annotation, "model_fields", None)
    return [field.alias] if members is None else [own.alias or name for name, own in members.items()]


def _how_to_choose(request: Request) -> str:
    """How the format of an address is chosen. Starts with a space."""
    template = _without_suffix(request.scope["route"].path)
    path = request.scope.get(ROOT, "") + _without_suffix(request.scope["path"])
    known = request.app.openapi()["paths"]
    others = [form for form in MEDIA if f"/v1{template}.{form}" in known]
    if not others:
        return " It answers in JSON alone."
    headers = " or ".join(f"Accept: {MEDIA[form]}" for form in others)
    return (
        f" The format is chosen by the address ({' or '.join(f'{path}.{form}' for form in others)}), or at {path} "
        f"by {headers}."
    )


def _without_suffix(path: str) -> str:
    bare, _, suffix = path.rpartition(".")
    return bare if suffix in MEDIA else path


def _is_json_alone(request: Request) -> bool:
    return not any(name in MEDIA.values() for name in request.scope["route"].responses.get(200, {}).get("content", {}))


async def json_alone(request: Request) -> None:
    """Refuse what takes no JSON where nothing else is to be had. A dependency of every route under /v1."""
    if _is_json_alone(request):
        accepted(",".join(request.headers.getlist("accept")), ("json",))


def pairs(query_string: bytes) -> Sequence[tuple[str, str]]:
    """Names and values of a query string, as the framework has them."""
    text = query_string.decode("latin-1")
    if "%" in text or "+" in text:
        return parse_qsl(text, keep_blank_values=True)
    parted = [pair.partition("=") for pair in text.split("&") if pair]
    return [(name, value) for name, _, value in parted]


def check(given: Mapping[str, str], here: Context) -> None:
    """Refuse parameters that name too many, an unknown panel or kind, or write a number otherwise than 6."""
    limits, known = here.settings, here.catalogue
    for name, limit in (("area", limits.areas), ("coverage", limits.coverages)):
        if (count := given.get(name, "").count(",") + 1) > limit:
            detail = f"{count} are named; at most {limit} are answered at once. Name fewer, or ask in several requests."
            raise invalid(name, detail)
    for name, choices in (("panel", known.panels), ("kind", known.kinds)):
        if (word := given.get(name)) is not None and word not in choices:
            raise invalid(
                name, f"{word[:60]!r} is not a {name}. Use one of {', '.join(choices)}.{did_you_mean(word, choices)}"
            )
    for name in ("hindcasts", "strict", "overall"):
        # The framework would take yes, 1 and tRUE too.
        if given.get(name, "true") not in ("true", "false"):
            raise invalid(name, "write true or false.")
    for name, example in (("horizon", 6), ("limit", 100), ("offset", 100)):
        number = given.get(name, "")
        if number and not _WHOLE.fullmatch(number):  # it would take 06, 6.0 and 1_2 for numbers too
            raise invalid(name, f"{number[:20]!r} is no whole number. Write it as {example}.")
    months = given.get("horizon", "")
    if months.isascii() and months.isdigit() and (len(months) > 4 or int(months) > limits.horizon):
        raise invalid(
            "horizon",
            f"{months[:20]} is further than {limits.horizon} months, which is as far as anybody may ask. Use less.",
        )


def invalid(parameter: str, detail: str) -> Problem:
    """What to raise where a parameter's value cannot be used."""
    return Problem("invalid-parameter", f"{parameter}: {detail}", parameter=parameter)


@lru_cache(maxsize=2048)  # there are a thousand of one to five intervals
def coverages(text: str) -> tuple[int, ...]:
    """`50,80,95` -> coverages in per cent, ascending. Raises Problem for anything that is not stored."""
    known = f"Use some of {', '.join(_WRITTEN)}."
    return tuple(sorted(numbers("coverage", text, _WRITTEN, known=known, kind="coverage that is stored")))


def numbers(
    name: str, text: str, allowed: Mapping[str, int], *, known: str, kind: str | None = None
) -> tuple[int, ...]:
    """`1,2` -> the numbers that the words stand for, in that order. Raises Problem for an unknown or repeated word.

    `known`: what to use instead, in a sentence; `kind`: what a word should be, the parameter's name unless given.
    """
    words = [word.strip(" ") for word in text.split(",")]
    for word in words:
        if word not in allowed:
            raise invalid(name, f"{word[:20]!r} is not a {kind or name}. {known}")
    if len(set(words)) != len(words):
        raise invalid(name, f"a {name} is named twice. Name each once.")
    return tuple(allowed[word] for word in words)


def slugs(request: Request, text: str | None) -> tuple[str, ...] | None:
    """`el-paso,Texas` -> slugs, in that order; None for None.
    Raises Problem for a word that no area has, and for one that several have.
    """
    return slugs_of(context(request).catalogue, text)


def slugs_of(catalogue: Catalogue, text: str | None) -> tuple[str, ...] | None:
    """`slugs` of a catalogue."""
    if text is None:
        return None
    try:
        chosen = catalogue.slugs_of(text)
    except AreaError as error:
        raise invalid("area", f"{error} See /v1/areas.") from None
    if len(set(chosen)) != len(chosen):
        raise invalid("area", "an area is named twice. Name each once.")
    return chosen


def day(name: str, text: str | None) -> date | None:
    """`2024-11-30` -> a day; None for None. Raises Problem for anything else."""
    return None if text is None else _written(name, text, date.fromisoformat, "a day", "2024-11-30")


def month(name: str, text: str | None) -> Month | None:
    """`2024-11` -> a month; None for None. Raises Problem for anything else."""
    return None if text is None else _written(name, text, Month.parse, "a month", "2024-11")


def months_between(first: str | None, last: str | None) -> tuple[Month | None, Month | None]:
    """`from` and `to` as months, both included. Raises Problem where they are none, or the wrong way round."""
    start, end = month("from", first), month("to", last)
    if start is not None and end is not None and start > end:
        raise invalid("from", f"{start} comes after {end}. Exchange from and to.")
    return start, end


def _written(name: str, text: str, parse: Callable[[str], T], kind: str, example: str) -> T:
    """What a text says, where it is written as that is written here: other ways of writing parse too."""
    with contextlib.suppress(ValueError):
        value = parse(text)
        if str(value) == text:
            return value
    raise invalid(name, f"{text[:40]!r} is not {kind}. Write it as {example}.")


_WHOLE = re.compile("0|-?[1-9][0-9]*")
# What a parameter is called elsewhere that chooses the format.
_MEANS_FORMAT = frozenset({"format", "f", "fmt", "output", "type", "accept", "alt"})
# Said where chances of a compared model are asked for.
_QUANTILES_ALONE = " Chances are counted in draws, and a compared model has quantiles alone: /v1/forecasts?model=."


def format_of(request: Request, formats: Sequence[Format]) -> Format:
    """The format that a request asks for: that of its address where it ends in one, or what its Accept header prefers.

    Raises Problem where the client takes none of `formats`, and where Parquet cannot be written here.
    """
    suffix = request.scope["path"].rpartition(".")[2]
    form = next((form for form in formats if form == suffix), None) or accepted(
        ",".join(request.headers.getlist("accept")), formats
    )
    if form == "parquet" and not parquet.is_installed():
        detail = (
            "This service writes no Parquet, because pyarrow is not installed with it. Ask for CSV, or its "
            "operator to install"
        )
        raise Problem("not-acceptable", f"{detail} encounter-forecast[parquet].")
    return form


@lru_cache(maxsize=256)
def accepted(accept: str, formats: Sequence[Format] = tuple(MEDIA)) -> Format:
    """JSON, or what else of `formats` the Accept header prefers.
    Raises Problem where it takes none of them (RFC 9110, section 12.5.1).
    """
    accept = accept.lower()
    if not accept.strip():
        return "json"
    weighed = weights(accept)

    def liked(form: Format) -> float:
        name = MEDIA[form]
        return next((weighed[one] for one in (name, f"{name.partition('/')[0]}/*", "*/*") if one in weighed), 0.0)

    best = max(formats, key=liked)
    if liked(best) <= 0:
        known = ", ".join(MEDIA[form] for form in formats)
        raise Problem("not-acceptable", f"The Accept header takes none of {known}: {accept[:100]!r}.")
    return best
