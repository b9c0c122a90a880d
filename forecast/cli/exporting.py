"""`encounters export`: the forecasts of a release as a file for spreadsheets, analysis or a forecast hub."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from forecast.cli import parts
from forecast.cli.outputs import checked, put
from forecast.core.errors import EncountersError, NoRelease
from forecast.progress import Reporter
from forecast.release import parquet, read, shapes
from forecast.release.hub_tasks import hub_tasks
from forecast.release.read import Release
from forecast.release.shapes import Chosen
from forecast.settings import Settings

__all__ = ["register"]


def _csv(chosen: Chosen, out: Path) -> bytes:
    return b"".join(shapes.intervals(chosen).csv())


def _parquet(chosen: Chosen, out: Path) -> bytes:
    return shapes.quantiles(chosen).parquet()


def _hubverse(chosen: Chosen, out: Path) -> bytes:
    """Hubs take both formats; the file's name decides."""
    table = shapes.hubverse(chosen)
    return table.parquet() if out.suffix.lower() == ".parquet" else b"".join(table.csv())


_FORMATS: dict[str, Callable[[Chosen, Path], bytes]] = {"csv": _csv, "parquet": _parquet, "hubverse": _hubverse}

_SUFFIXES: dict[str, tuple[str, ...]] = {"csv": (".csv",), "parquet": (".parquet",), "hubverse": (".csv", ".parquet")}


def export(
    form: Annotated[str, typer.Option("--format", help="csv, parquet or hubverse.", metavar="F")],
    out: Annotated[
        Path, typer.Option("--out", help="File to write; one that is there is replaced once the new one is whole.")
    ],
    release: Annotated[
        str | None, typer.Option("--release", help="Id of a release. Default: those that are served.", metavar="R")
    ] = None,
    panel: parts.PanelName = None,
    tasks: Annotated[
        Path | None, typer.Option("--tasks", help="Write a hub's tasks.json, for every panel that is served, here too.")
    ] = None,
) -> None:
    """Write the forecasts of a release, or of the releases that are served, as a file.

    csv: median, mean, 50, 80 and 95 % intervals per area and month, as /v1/releases/R/forecasts.csv has them. parquet:
    the quantile table, 23 levels per area and month, as forecasts.parquet?shape=quantiles. hubverse: model output of a
    forecast hub, quantiles in encounters per month, as forecasts.csv?shape=hubverse; as Parquet if F ends so.

    Example: encounters export --panel usbp-sectors --format csv --out forecasts.csv
    """
    if form not in _FORMATS:
        raise EncountersError(f"{form!r} is not a format of exports. Use --format {' or '.join(_FORMATS)}.")
    settings = Settings()
    out = checked(out, suffixes=_SUFFIXES[form], settings=settings)
    tasks = tasks and checked(tasks, suffixes=(".json",), inputs=[out], settings=settings)
    engine = parts.store(settings)
    releases = _releases(engine, release, parts.panels(panel, settings))
    chosen = [pair for one in releases for pair in shapes.choose(one)]
    if form == "hubverse" and (rounds := shapes.rounds(chosen)):
        raise EncountersError(
            f"A hub takes one round per file, and here are several: {rounds}. Export each panel to a file of its own: "
            "--panel."
        )
    with contextlib.ExitStack() as stack:
        if form == "parquet" or (form == "hubverse" and out.suffix.lower() == ".parquet"):
            if not parquet.is_installed():
                raise EncountersError(
                    "Parquet needs pyarrow, which is not installed. Install encounter-forecast[parquet], or export CSV."
                )
            # Loading the library of Parquet can take seconds; text takes none.
            stack.enter_context(Reporter(settings.log)).begin(f"writing {out.name}")
        content = _FORMATS[form](chosen, out)
    if tasks is not None:
        by_id = {one.id: one for one in releases}
        served = [by_id.get(one) or read.load(engine, one) for one in read.pointers(engine).values()]
    put(out, content)
    rows = sum(len(one.months) * (1 if form == "csv" else len(of.levels)) for of, one in chosen)
    typer.echo(f"{out}: {rows} rows of {' and '.join(one.id for one in releases)}")
    if tasks is not None:
        put(tasks, hub_tasks([*served, *releases]))
        typer.echo(f"{tasks}: the tasks that hubverse rows follow")


def _releases(engine: Engine, identity: str | None, wanted: Sequence[str]) -> list[Release]:
    """The release of an id, or those that the panels serve, in the order of the panels.
    Raises NoRelease, StoreError.
    """
    if identity is not None:
        release = read.load(engine, identity)
        if release.manifest.panel not in wanted:
            raise NoRelease(
                f"{identity} is a release of {release.manifest.panel}, not of {', '.join(wanted)}. Leave one of the "
                "two out."
            )
        return [release]
    served = read.pointers(engine)
    if not any(name in served for name in wanted):
        raise NoRelease(f"{' and '.join(wanted)}: no release yet. Publish one: encounters retrain.")
    return [read.load(engine, served[name]) for name in wanted if name in served]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)
