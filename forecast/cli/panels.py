"""`encounters panels`: the panels that are known, and declarations of one's own checked, added, removed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from forecast.cli import parts
from forecast.cli.groups import CommandGroup
from forecast.core.errors import ArchiveError, NoRelease, PanelError, RecipeError, StoreEmpty
from forecast.core.layouts import layouts
from forecast.core.panels import Panel
from forecast.counts import declared_panels
from forecast.counts.archive import Archive
from forecast.release import read
from forecast.settings import Settings

__all__ = ["register"]

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.toml", help="A declaration: some lines of TOML; or the id of one that comes with the package."
    ),
]

group = typer.Typer(
    cls=CommandGroup,
    help="List the panels, and check, add or remove a declaration of your own.\n\nExample: encounters panels",
    invoke_without_command=True,
)


@group.callback()
def panels(context: typer.Context, as_json: parts.Json = False) -> None:
    """List the panels: id, title, leaves, data through, release. Add one of your own with a declaration, or one of the
    finer panels of the official files by its id.

    Example: encounters panels --json
    """
    if context.invoked_subcommand is not None:
        return
    settings = Settings()
    archive = parts.known(settings)
    listed = [_entry(panel, archive, settings) for panel in archive.panels.values()]
    if as_json:
        parts.emit(listed)
        return
    for one in listed:
        typer.echo(f"{one['id']}: {one['title']}")
        if one["data_through"] is None:
            typer.echo(f"  no counts yet: {_how(archive.panels[one['id']])}")
        else:
            typer.echo(f"  {one['leaves']} leaves, data through {one['data_through']}")
        typer.echo(f"  {one['release'] or 'no release yet: encounters retrain --panel ' + one['id']}")
    if more := [name for name in declared_panels.offered() if name not in archive.panels]:
        typer.echo(
            f"finer panels of the official files, to be added: {', '.join(more)} (encounters panels add {more[0]})"
        )


@group.command()
def check(file: File) -> None:
    """Check a declaration, and add nothing.

    Example: encounters panels check demo.toml
    """
    panel = _checked(file)
    typer.echo(f"{file}: {_in_words(panel)}")


@group.command()
def add(file: File) -> None:
    """Check a declaration and copy it into the home; the same one twice changes nothing.

    Finer panels of the official files come with the package and are added by their id; `encounters panels` names them.

    Example: encounters panels add usbp-family
    """
    _checked(file)
    panel = declared_panels.add(file, Settings().panels)
    typer.echo(_in_words(panel))
    typer.echo(f"Next: {_how(panel)}")


@group.command()
def remove(
    panel: Annotated[str, typer.Argument(metavar="ID", help="The panel's id: encounters panels.")],
    force: Annotated[bool, typer.Option("--force", help="Also where it has releases, which stay served.")] = False,
) -> None:
    """Take a declaration out of the home. Its counts and releases stay, and are known again once it is added again.

    Example: encounters panels remove demo
    """
    settings = Settings()
    if not force and panel in declared_panels.known_panels(settings.panels):
        try:
            releases = read.releases(parts.store(settings), panel)
        except StoreEmpty:
            releases = []
        if releases:
            raise PanelError(
                f"{panel} has {len(releases)} releases, which stay served. To take it out all the same: --force"
            )
    declared_panels.remove(panel, settings.panels)
    typer.echo(f"{panel}: no longer declared; its counts and releases stay")


def _checked(file: Path) -> Panel:
    """The panel of a declaration whose recipes are known too, which the declaration's reader cannot tell."""
    from forecast.recipe.recipe import load

    panel = declared_panels.read_declaration(file)
    try:
        for name in panel.recipes:
            load(name)
    except RecipeError as error:
        raise PanelError(f"{file.name}: recipes: {error}") from None
    return panel


def _how(panel: Panel) -> str:
    """How counts of a panel come in."""
    if not panel.layouts:
        return f"encounters ingest COUNTS.csv --panel {panel} --published DATE"
    if panel.is_finer:
        return f"encounters ingest FILE, the official file ({layouts()[panel.layouts[0]].title})"
    return "encounters ingest FILE"


def _in_words(panel: Panel) -> str:
    kinds = ", ".join(panel.kinds[:-1])
    sums = f"sums: {kinds}" if kinds else "no sums"
    source = f"; from {layouts()[panel.layouts[0]].title}" if panel.layouts else ""
    return f"{panel}: {panel.title}; {panel.unit} by {', '.join(panel.dimensions)}; {sums}{source}"


def _entry(panel: Panel, archive: Archive, settings: Settings) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": panel.id,
        "title": panel.title,
        "unit": panel.unit,
        "declared": bool(panel.dimensions),
    }
    try:
        counts = archive.as_of(panel.id, parts.now().date())
        entry |= {"leaves": len(counts.open_areas), "data_through": str(counts.through)}
    except ArchiveError:
        if archive.vintages(panel.id):
            raise
        entry |= {"leaves": 0, "data_through": None}
    try:
        entry["release"] = read.latest(parts.store(settings), panel.id).id
    except (NoRelease, StoreEmpty):
        entry["release"] = None
    return entry


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="panels")
