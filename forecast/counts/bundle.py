"""The bundled archive: figures of official files that come with the project, in the archive's own format.

`python -m forecast.counts.bundle FOLDER` writes it anew from a folder of those files, byte for byte the same; `data/published.toml`
says which files, by digest, and when each was published.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forecast.core.errors import ArchiveError, EncountersError
from forecast.counts.archive import Appended, Archive
from forecast.counts.description import describe
from forecast.counts.sources.catalog import read

__all__ = ["Publication", "build", "bundled", "bundled_folder", "publications", "seed"]


@dataclass(frozen=True)
class Publication:
    """A bundled file: its digest, name and publication date, and how that date is known."""

    sha256: str
    name: str
    published: date
    note: str


def bundled_folder() -> Path:
    """Where the bundled archive lies in the installed project."""
    return Path(__file__).parent / "data"


def bundled() -> Archive:
    """The bundled archive, to read; append to a copy of it (see seed)."""
    return Archive(bundled_folder())


def seed(archive: Archive) -> int:
    """Add the bundled vintages to an archive, keeping what is there; gives how many were new to it."""
    return archive.copy_from(bundled())


def publications() -> tuple[Publication, ...]:
    """The files behind the bundled archive, as `published.toml` lists them."""
    table = tomllib.loads((bundled_folder() / "published.toml").read_text(encoding="utf-8"))
    return tuple(Publication(**entry) for entry in table["file"])


def build(official: Path, into: Path) -> tuple[Appended, ...]:
    """Read the listed files from the folder `official` into an archive at `into`, oldest publication first.

    Raises ArchiveError where a listed file is not in the folder, SourceError where one is refused.
    """
    found = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(official.iterdir()) if path.is_file()}
    archive, appended = Archive(into), []
    for publication in sorted(publications(), key=lambda one: (one.published, one.sha256)):
        path = found.get(publication.sha256)
        if path is None:
            raise ArchiveError(f"{official} holds no file with the bytes of {publication.name}. Download it from its publisher.")
        appended.append(archive.append(read(path, publication.published)))
    return tuple(appended)


def main(arguments: list[str]) -> int:
    """The command: rebuild `data/` from a folder of official files."""
    parser = argparse.ArgumentParser(prog="python -m forecast.counts.bundle", description="Write the bundled archive from official files.")
    parser.add_argument("folder", type=Path, help="where the files that data/published.toml lists lie")
    folder: Path = parser.parse_args(arguments).folder
    try:
        # Built elsewhere first: a file that is missing or refused leaves the bundled archive as it was.
        with tempfile.TemporaryDirectory() as fresh:
            for appended in build(folder, Path(fresh)):
                sys.stdout.write("\n".join(describe(appended)) + "\n")
            for path in sorted(bundled_folder().glob("*/*.csv")):
                path.unlink()
            bundled().copy_from(Archive(Path(fresh)))
    except (EncountersError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
