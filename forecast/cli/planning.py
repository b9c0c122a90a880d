"""`encounters scenario`, `scenarios` and `capacity`: what if, and how many beds, by the releases that are served."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from forecast.cli import parts
from forecast.core.errors import EncountersError
from forecast.planning.chance import in_words
from forecast.planning.question import read_together
from forecast.release import frozen, what_if
from forecast.settings import Settings

__all__ = ["register"]

Question = Annotated[
    Path, typer.Argument(help="JSON with the question; - reads it from standard input.", metavar="FILE")
]


def scenario(
    file: Question,
    draws: Annotated[bool, typer.Option("--draws", help="With every world, as JSON: at most ten areas.")] = False,
    freeze: Annotated[
        str | None,
        typer.Option("--freeze", help="Keep it under this title, to be scored: encounters scenarios.", metavar="TITLE"),
    ] = None,
    json: parts.Json = False,
) -> None:
    """What if: some events on the forecast that is served, with and without them, per area and month.

    The file is a body of POST /v1/scenarios: areas, events (group_arrival, change, transfer, capacity), coverage. Or
    several of them, each with a title, as {"scenarios": [...]}: they are frozen together, under one letter and day.
    PLANNING.md has examples.

    Example: encounters scenario group.json
    """
    engine, question = parts.store(Settings()), _read(file)
    together = "scenarios" in question
    asked = read_together(question, most=frozen.MOST_TOGETHER) if together else [("", question)]
    if together and draws:
        raise EncountersError("--draws is of one scenario. Leave it out, or ask of each by itself.")
    title = (freeze or "").strip()
    if freeze is not None and not 0 < len(title) <= 200:
        raise EncountersError("--freeze takes a title of at most 200 characters. Write one.")
    if not title.isprintable():
        raise EncountersError("--freeze takes a title of one line without control characters. Write it so.")
    source, now = what_if.of_store(engine), parts.now()
    answers = [what_if.scenario(source, body, today=now.date(), draws=draws).answer() for _, body in asked]
    if freeze is not None:
        kept = (
            frozen.freeze_together(engine, asked, title=title, now=now)
            if together
            else [frozen.freeze(engine, question, title=title, now=now)]
        )
        for one in kept:
            typer.echo(f"frozen as {one.id} on {one.release}", err=True)
    if json or draws:
        entries = [{"title": name, "answer": answer} for (name, _), answer in zip(asked, answers, strict=True)]
        parts.emit({"scenarios": entries} if together else answers[0])
        return
    for (name, _), answer in zip(asked, answers, strict=True):
        if name:
            typer.echo(f"{name}:")
        _print(answer)


def _print(answer: dict[str, Any]) -> None:
    """A scenario's answer as tables, with what is taken for granted."""
    for forecast in answer["forecasts"]:
        typer.echo(f"{forecast['name']}, {answer['unit']}, release {forecast['release']}")
        coverage = _chosen(forecast["months"][0]["baseline"])
        heads = ("month", "without", "with", f"difference ({coverage} % of worlds)")
        typer.echo("  " + heads[0].ljust(9) + "".join(text.rjust(34) for text in heads[1:]))
        for row in (*forecast["months"], {"month": "total", **forecast["total"]}):
            cells = (_cell(row[side], coverage) for side in ("baseline", "scenario", "difference"))
            typer.echo("  " + row["month"].ljust(9) + "".join(text.rjust(34) for text in cells))
        for side, words in (("baseline", "without"), ("scenario", "with")):
            peak = forecast["peak"][side]
            when = sorted((one for one in peak["months"] if one["probability"]), key=lambda one: -one["probability"])
            named = ", ".join(f"{one['month']} ({in_words(one['probability'])})" for one in when[:3]) or "any"
            typer.echo(f"  peak {words}: {_cell(peak['size'], coverage)}, most likely in {named}")
    _assumptions(answer)


def scenarios(json: parts.Json = False) -> None:
    """The what-ifs that were frozen, and how they fared against the counts that came out since.

    CRPS in encounters, smaller is better: of the forecast as it was, and of the same with the events.

    Example: encounters scenarios
    """
    engine = parts.store(Settings())
    rows = []
    for one in frozen.frozen(engine):
        came = frozen.scores(engine, one)
        months = [{**asdict(month), "month": str(month.month)} for month in came]
        head = {"id": one.id, "release": one.release, "frozen_at": one.frozen_at.isoformat(), "title": one.title}
        rows.append({**head, "months": months})
        if json:
            continue
        typer.echo(f"{one.id}  {one.title}  ({one.release}): {len(came)} months of areas known by now")
        for month in came:
            typer.echo(
                f"  {month.area} {month.month}: {month.count:,} came; as forecast {month.baseline:,.0f} (CRPS "
                f"{month.baseline_crps:,.0f}), with the events {month.scenario:,.0f} ({month.scenario_crps:,.0f})"
            )
    if json:
        parts.emit(rows)
    elif not rows:
        typer.echo("No what-if was frozen yet. Freeze one: encounters scenario FILE --freeze TITLE.")


def capacity(
    file: Question,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV for a spreadsheet.")] = False,
    json: parts.Json = False,
) -> None:
    """How many beds: nights in use, the chance of being full and the beds to have, month by month.

    The file is a body of POST /v1/capacity: area, beds, occupied (today's census), share of encounters that comes,
    stay, months, scenario. PLANNING.md has examples.

    Example: encounters capacity shelter.json --csv
    """
    from forecast.planning.beds_answer import as_csv

    if csv and json:
        raise EncountersError("--csv and --json exclude each other. Leave one of the two out.")
    settings = Settings()
    answer = what_if.capacity(what_if.of_store(parts.store(settings)), _read(file), today=parts.now().date()).answer()
    if json:
        parts.emit(answer)
        return
    if csv:
        typer.echo(as_csv(answer), nl=False)
        return
    release = next(iter(answer["releases"].values()))["id"]
    typer.echo(f"{answer['name']}, {answer['unit']}, release {release}")
    heads = ("month", "average night", "busiest night", "full", "missing when full", "beds for 80/90/95 %")
    typer.echo("  " + heads[0].ljust(9) + "".join(text.rjust(24) for text in heads[1:]))
    for month in answer["months"]:
        cells = (
            f"{_number(month['occupancy']['median'])} ({_number(month['occupancy']['90'])} in 1 of 10)",
            f"{_number(month['busiest_night']['median'])} ({_number(month['busiest_night']['90'])} in 1 of 10)",
            _chance(month["full"]),
            _number(month["missing_beds_when_full"]),
            " / ".join(_number(beds) for beds in month["beds_for"].values()),
        )
        typer.echo("  " + month["month"].ljust(9) + "".join(text.rjust(24) for text in cells))
    never = answer["first_full"][-1]
    typer.echo(f"  not full in any of these months: {_chance(never)}")
    typer.echo(f"  beds for all of them, 80/90/95 %: {' / '.join(_number(one) for one in answer['beds_for'].values())}")
    _assumptions(answer)


def _read(file: Path) -> dict[str, Any]:
    """The object in a file. Raises EncountersError, PlanError."""
    from forecast.planning.body import MOST_BYTES, parsed

    try:
        if str(file) == "-":
            return parsed(sys.stdin.buffer.read(MOST_BYTES + 1))
        with file.open("rb") as stream:
            return parsed(stream.read(MOST_BYTES + 1))
    except OSError as error:
        raise EncountersError(f"{file} cannot be read ({error.strerror}). Name a file with a question.") from error


def _assumptions(answer: dict[str, Any]) -> None:
    typer.echo("Taken for granted:")
    for line in answer["assumptions"]:
        typer.echo(f"  - {line}")


def _chosen(side: dict[str, Any]) -> int:
    """The interval that a table shows: 80 %, or the widest that was asked for."""
    known = [one["coverage"] for one in side["intervals"]]
    return 80 if 80 in known else max(known)


def _cell(side: dict[str, Any], coverage: int) -> str:
    one = next(one for one in side["intervals"] if one["coverage"] == coverage)
    return f"{_number(side['median'])} ({_number(one['lower'])} to {_number(one['upper'])})"


def _chance(entry: dict[str, Any]) -> str:
    return in_words(entry["probability"], entry["bound"])


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(scenario)
    app.command()(scenarios)
    app.command()(capacity)
