"""`encounters compare`: the leaderboard of the stored backtest, or of the release where there is none; beside other
programs' tables, and as a whole report.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli import differing, parts
from forecast.cli.outputs import checked, put
from forecast.core.errors import NoRelease, StoreEmpty, TableError
from forecast.release import read
from forecast.settings import Settings

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = ["register"]


def compare(
    panel: parts.PanelName = None,
    by: Annotated[
        str,
        typer.Option("--by", metavar="PART", help="What else to part the boards by: group, era, band (of horizons)."),
    ] = "group",
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write a report: boards, calibration, who led when, charts.", metavar="F.html"),
    ] = None,
    origins: Annotated[
        str, typer.Option("--origins", help="Origins that the report draws, as 2019-05,2021-05.", metavar="A,B")
    ] = "",
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            help="Forecasts of another program to score beside them: a quantile table or a hub's model output, or a "
            "folder of them. May be repeated.",
            metavar="F",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            help="Instead: what moves from a release to what its counts give now, or to --release.",
            metavar="RELEASE",
        ),
    ] = None,
    release: Annotated[
        str | None, typer.Option("--release", help="The release that --against is compared with.", metavar="ID")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", metavar="R", help="Name or file of the recipe that --against is compared with."),
    ] = None,
    as_json: parts.Json = False,
) -> None:
    """Rank the models and the recipe of the last backtest, each against the floor;
    [ ] holds 90 % of a block bootstrap over origins.

    An interval that leaves 1 out is a difference beyond noise. Without a backtest, the evaluation of the latest release
    is shown.
    --against RELEASE lists the published figures that a change of code, recipe or counts moves; it publishes nothing.
    --with scores other programs' forecasts on the cells that all models have: the same areas, origins and months ahead.

    Example: encounters compare --panel usbp-sectors --html boards.html
    """
    if by not in ("group", "era", "band"):
        raise typer.BadParameter(f"{by!r} parts nothing; use group, era or band")
    settings = Settings()
    if against is not None:
        _only_against(html, beside, release, recipe)
        differing.against(against, other=release, recipe=recipe, settings=settings, as_json=as_json)
        return
    if release or recipe:
        raise typer.BadParameter("--release and --recipe are for --against RELEASE")
    html = html and checked(html, suffixes=(".html", ".htm"), settings=settings)
    names = parts.panels(panel, settings)
    outside = _outside(beside or [], names, settings)
    asked = [name for name in names if not outside or name in outside]
    whole = html is not None or bool(outside)
    kept = {name: _compared(settings, name, outside.get(name, ()), or_record=whole) for name in asked}
    rankings = [_panel(settings, name, by, kept[name]) for name in asked]
    if html is not None:
        from forecast.evaluation.report.page import page

        command = _command(panel, html, beside or [], origins)
        put(html, page([_reported(one, kept[one["panel"]], by, command, origins) for one in rankings]).encode())
    if as_json:
        parts.emit(rankings)
        return
    from forecast.evaluation import decisions
    from forecast.evaluation.board_text import lines

    for one in rankings:
        typer.echo(f"\n{one['panel']}: {one['source']}")
        for board in one["boards"]:
            typer.echo("\n" + "\n".join(lines(board, one["recipe"])))
        if one.get("decisions"):
            typer.echo("\n" + "\n".join(decisions.lines(one["decisions"])))
    if html is not None:
        typer.echo(f"\n{html}")


def _only_against(html: Path | None, beside: list[Path] | None, release: str | None, recipe: str | None) -> None:
    """Refuse options that --against has no use for."""
    if html is not None or beside:
        raise typer.BadParameter("--against prints figures: leave out --html and --with")
    if release is not None and recipe is not None:
        raise typer.BadParameter("--against is compared with a release or with a recipe, not with both")


def _outside(files: Sequence[Path], names: Sequence[str], settings: Settings) -> dict[str, list[Any]]:
    """Panel -> the rows of the files that are of it. Raises TableError."""
    if not files:
        return {}
    from forecast.evaluation.outside.files import load
    from forecast.evaluation.outside.forecasts import panel_of

    panels = parts.panels_with_areas(parts.known(settings), names, parts.now().date())
    by_panel: dict[str, list[Any]] = {}
    for file in files:
        rows = load(file.expanduser())
        by_panel.setdefault(panel_of(rows, panels), []).append(rows)
    return by_panel


def _compared(settings: Settings, panel: str, outside: Sequence[Any], *, or_record: bool) -> Comparison | None:
    """The stored backtest, where there is none and it will do the last retraining's record, with other programs'
    forecasts beside it. Raises TableError where those have nothing to be beside.
    """
    from forecast.evaluation import comparison, stored
    from forecast.evaluation.outside.forecasts import forecasts, span

    archive, today = parts.known(settings), parts.now().date()
    kept = comparison.load(stored.place(settings.root, panel), archive, panel=panel, today=today)
    if kept is None and or_record:
        kept = comparison.load(stored.place_of_record(settings.cache, panel), archive, panel=panel, today=today)
    for rows in outside:
        taken = kept.models if kept else ()
        tables = forecasts(rows, counts=kept.counts if kept else archive.as_of(panel, today), taken=taken)
        if kept is None:
            raise TableError(
                f"There is no backtest of {panel} to put {rows['file'].iloc[0]} beside. Make one at its origins: "
                f"encounters backtest {span(tables, archive.as_of(panel, today))} --out past.parquet"
            )
        kept = kept.beside(tables)
    return kept


def _panel(settings: Settings, panel: str, by: str, kept: Comparison | None) -> dict[str, Any]:
    """JSON values: where the figures come from, and the boards."""
    from forecast.evaluation import decisions, leaderboard

    if kept is None:
        return _release(settings, panel)
    about = kept.about
    boards = [board.as_json() for board in leaderboard.boards(kept.scores, against=about.floor, by=by)]
    return {
        "panel": panel,
        "source": kept.source,
        "recipe": about.recipe,
        "origins": about.origins,
        "outside": kept.outside,
        "boards": boards,
        "decisions": decisions.board(forecasts=kept.forecasts, truth=kept.counts),
    }


def _reported(ranking: dict[str, Any], kept: Comparison | None, by: str, command: str, origins: str) -> dict[str, Any]:
    """What the page shows of a panel: all of a comparison, or the boards of a release where there is none."""
    from forecast.evaluation.report.whole import report

    if kept is None:
        return ranking
    asked = tuple(text.strip() for text in origins.split(",") if text.strip())
    if strange := [text for text in asked if text not in kept.about.origins]:
        raise TableError(
            f"{strange[0]} is no origin of the {kept.about.kind} of {ranking['panel']}. Its origins are "
            f"{', '.join(kept.about.origins)}."
        )
    return report(kept, commands=[command], origins=asked, ranked={by: ranking["boards"]}, decided=ranking["decisions"])


def _command(panel: str | None, html: Path, beside: Sequence[Path], origins: str) -> str:
    """The command line that writes the same page again."""
    words = ["encounters", "compare", *(["--panel", panel] if panel else [])]
    words += [word for file in beside for word in ("--with", str(file))]
    return shlex.join([*words, *(["--origins", origins] if origins else []), "--html", html.name])


def _release(settings: Settings, panel: str) -> dict[str, Any]:
    """The evaluation in the manifest of the latest release: means only, so that nothing can be said of noise."""
    try:
        release = read.latest(parts.store(settings), panel)
    except (NoRelease, StoreEmpty):
        return {
            "panel": panel,
            "source": f"no backtest and no release yet. Run: encounters backtest --panel {panel}",
            "boards": [],
        }
    scores = release.manifest.scores
    boards = [
        {
            "key": "all leaves" if group == "all" else group,
            "against": None,
            "models": [
                {"model": model, **figures}
                for model, figures in sorted(models.items(), key=lambda pair: pair[1]["sWIS"])
            ],
        }
        for group, models in scores["figures"].items()
    ]
    source = f"evaluation of release {release.id} at {len(scores['origins'])} origins: {', '.join(scores['origins'])}"
    return {
        "panel": panel,
        "source": source,
        "recipe": release.manifest.recipe,
        "origins": scores["origins"],
        "boards": boards,
    }


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(compare)
