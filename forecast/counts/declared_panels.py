"""The panels that a home knows: the bundled ones, and the declarations in its folder. Knows no store.

A declaration is checked, copied in whole, and read from there; the areas come with the tables that are ingested.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from forecast.core.declarations import declared
from forecast.core.errors import PanelError
from forecast.core.files import replace_whole
from forecast.core.panels import Panel, bundled

__all__ = ["add", "known_panels", "offered", "read_declaration", "remove"]

_MOST_BYTES = 100_000


def known_panels(folder: Path) -> Mapping[str, Panel]:
    """The bundled panels and those declared in `folder`, by id. Raises PanelError for a declaration that is damaged."""
    panels = dict(bundled())
    for path in sorted(folder.glob("*.toml")):
        panel = read_declaration(path)
        if panel.id != path.stem:
            raise PanelError(f"{path} declares {panel.id}. Give the file that name, or correct its id.")
        panels[panel.id] = panel
    return MappingProxyType(panels)


def offered() -> Mapping[str, Path]:
    """The declarations that come with the package and are added by their id: finer panels of the official files."""
    with resources.as_file(resources.files("forecast.core") / "declared" / "finer") as folder:
        return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_declaration(path: Path) -> Panel:
    """The panel of a file, or of an offered declaration by its id. Raises PanelError, which names the file."""
    path = _found(path)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise PanelError(f"it has over {_MOST_BYTES:,} bytes. A declaration has some twenty lines.")
        return declared(content.decode("utf-8-sig"))
    except OSError as error:
        raise PanelError(
            f"{path} cannot be read ({error.strerror}). Give the path of a declaration, or one of "
            f"{', '.join(offered())}."
        ) from error
    except UnicodeDecodeError:
        raise PanelError(f"{path} is no text in UTF-8. Save it as UTF-8.") from None
    except PanelError as error:
        raise PanelError(f"{path.name}: {error}") from None


def add(path: Path, folder: Path) -> Panel:
    """Copy a declaration, or an offered one by its id, into `folder`; the same one twice changes nothing. Raises
    PanelError, also where another declaration has its id.
    """
    panel = read_declaration(path)
    place, content = folder / f"{panel.id}.toml", _found(path).read_bytes()
    if place.exists() and place.read_bytes() != content:
        raise PanelError(
            f"{panel.id} is declared already, in other words. Take that one out first: encounters panels remove "
            f"{panel.id}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_whole(place, content, lasting=True)
    except OSError as error:
        raise PanelError(f"{place} cannot be written ({error.strerror}). Check free space and permissions.") from error
    return panel


def _found(path: Path) -> Path:
    return path if path.exists() else offered().get(str(path), path)


def remove(identity: str, folder: Path) -> None:
    """Take a declaration out; the vintages stay. Raises PanelError where it is not declared here."""
    if identity in bundled():
        raise PanelError(f"{identity} comes with the package and cannot be removed.")
    try:
        (folder / f"{identity}.toml").unlink()
    except FileNotFoundError:
        raise PanelError(f"{identity} is not declared here. List the panels: encounters panels") from None
    except OSError as error:
        raise PanelError(f"{folder} cannot be written ({error.strerror}). Check its permissions.") from error
