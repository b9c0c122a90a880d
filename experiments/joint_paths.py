"""What do joint draws cost? Bytes of each release in the store and in memory, and seconds to publish and to read them.

.venv/bin/python experiments/joint_paths.py --home var

Publishing is tried on the newest release of each panel, into a new store of its own; what is there is not changed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from experiments import quick_home
from forecast.core.errors import EncountersError
from forecast.release import lawful, read
from forecast.release.migrations import migrate
from forecast.release.publish import publish
from forecast.release.store import connect

_SIZES = text("SELECT count(*), sum(length(paths)), max(samples) FROM release_paths WHERE release = :release")


def main() -> None:
    """Print a line per release, and what publishing and reading the newest takes."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--home", type=Path, default=Path("var"), help="home with releases (default: %(default)s)")
    asking.add_argument("--quick", action="store_true", help=quick_home.HELP)
    asked = asking.parse_args()
    home = quick_home.enter() if asked.quick else asked.home.resolve()
    store = connect(f"sqlite:///{home / 'encounters.db'}")
    try:
        for summary in read.releases(store):
            with store.connect() as connection:
                rows, size, draws = connection.execute(_SIZES, {"release": summary.id}).one()
            held = read.joint_draws(store, summary.id)
            print(
                f"{summary.id}: {draws} draws of {rows} areas, {size:,} bytes in the store,"
                f" {held.nbytes:,} in memory as held"
            )
        for panel, release in read.pointers(store).items():
            print(f"\n{panel}, {release}")
            _cost(store, release)
    except EncountersError as error:
        raise SystemExit(f"{error}") from error


def _cost(store: Engine, identity: str) -> None:
    release = read.load(store, identity)
    areas = tuple(area.slug for area in release.areas)
    held = read.joint_draws(store, identity)
    few = list(areas[:24])
    print(f"  read and verified: {_seconds(lambda: read.joint_draws(store, identity)):.3f} s")
    print(f"  every area from memory: {_seconds(lambda: held.paths(areas)):.3f} s; 24 areas: ", end="")
    print(f"{_seconds(lambda: held.paths(few)):.3f} s")
    paths, forecasts = held.paths(areas), lawful.forecasts_of(release)
    print(f"  laws: {_seconds(lambda: lawful.breaches(store, identity), 1):.2f} s")

    def published(draws: int) -> None:
        thinned = replace(paths, values=paths.values[..., :draws].copy())
        with _new_store() as empty:
            began = time.perf_counter()
            publish(
                empty,
                manifest=release.manifest,
                forecasts=forecasts,
                paths=thinned,
                now=datetime.now(UTC),
                panel=release.panel,
            )
            print(f"  published with {draws} draws: {time.perf_counter() - began:.2f} s")

    for draws in sorted({min(500, held.draws), held.draws}):
        published(draws)


@contextmanager
def _new_store() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/encounters.db")
        migrate(engine)
        yield engine
        engine.dispose()


def _seconds(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of some runs."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


if __name__ == "__main__":
    main()
