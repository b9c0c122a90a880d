"""A home that is not there, closed, locked, damaged or somewhere else:
one line or a working fallback, and nothing made by reading.
"""

import importlib.util
import marshal
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from forecast.cli import parts
from forecast.release import store
from forecast.settings import Settings
from tests.waiting import HANG

READING = (
    ("status",),
    ("releases",),
    ("verify",),
    ("rollback", "usbp-sectors-2024-11-0123456789"),
    ("export", "--format", "csv", "--out", "f.csv"),
    ("compare",),
    ("keys", "list"),
    ("backup", "--to", "b.db"),
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "home"))
    for name in ("ENCOUNTERS_DATABASE_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "home"


def one_line(said):
    return said.startswith("encounters: ") and said.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("status",), ("status", "--json"), ("releases",), ("compare",), ("verify",), ("keys", "list")]
)
def test_reading_creates_nothing(command, home, arguments):
    command(*arguments)
    assert not home.exists()
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("arguments", READING)
def test_a_store_that_cannot_be_read_is_one_line_and_exit_1(command, home, arguments):
    (home / "encounters.db").mkdir(parents=True)
    code, _, said = command(*arguments)
    assert (code, one_line(said)) == (1, True), said
    assert "encounters.db: unable to open database file" in said


@pytest.mark.parametrize("arguments", [*READING, ("retrain",)])
def test_a_locked_store_is_one_line_and_exit_1_before_anybody_loses_patience(command, home, arguments, monkeypatch):
    assert store.READ_SECONDS < 5
    monkeypatch.setattr(store, "READ_SECONDS", 0.05)
    home.mkdir()
    with closing(sqlite3.connect(home / "encounters.db", isolation_level=None)) as other:
        other.execute("CREATE TABLE t (a)")
        other.execute("BEGIN EXCLUSIVE")
        code, _, said = command(*arguments)
    assert code == 1
    assert {"database is locked" in line and line.startswith("encounters: ") for line in said.splitlines()} == {True}, (
        said
    )


def test_a_damaged_store_is_one_line_and_exit_1(command, home):
    home.mkdir()
    (home / "encounters.db").write_bytes(b"not a database" * 1000)
    code, _, said = command("status")
    assert (code, one_line(said)) == (1, True)
    assert "restore it from a backup" in said


def test_a_store_of_a_server_that_is_away_is_one_line_and_exit_1(command, home, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_DATABASE_URL", "postgresql+psycopg://me:s3cret@127.0.0.1:9/encounters")
    code, _, said = command("status")
    assert (code, one_line(said), "s3cret" in said) == (1, True, False)


def test_an_empty_variable_is_an_unset_one(monkeypatch):
    from service.settings import ServiceSettings

    for name in ("HOME", "DATABASE_URL", "WORKERS", "FIT_DEADLINE", "LOG", "RATE", "KEYS", "IN_FLIGHT"):
        monkeypatch.setenv(f"ENCOUNTERS_{name}", "")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.delenv("ENCOUNTERS_ORIGINS", raising=False)
    own, service = Settings(), ServiceSettings()
    assert (own.home, own.workers, own.log) == (Path("var"), os.cpu_count(), "text")
    assert own.tracking.endswith("/var/mlflow.db")
    assert (service.rate, service.local_rate, service.keys, service.origins) == (600, 0, "off", "*")
    monkeypatch.setenv("ENCOUNTERS_ORIGINS", "")  # which means none
    assert ServiceSettings().origins == ""


@pytest.mark.parametrize("name", ["what?", "per%20cent", "50% #1 é"])
def test_a_home_of_any_name_holds_its_own_databases(home, tmp_path, name, monkeypatch):
    from service.settings import ServiceSettings

    place = tmp_path / "places" / name
    place.mkdir(parents=True)
    monkeypatch.setenv("ENCOUNTERS_HOME", str(place))
    for address in (Settings().database, Settings().tracking, ServiceSettings().database):
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS here (number INTEGER)")
        engine.dispose()
    assert set((tmp_path / "places").rglob("*")) == {place, place / "encounters.db", place / "mlflow.db"}


@pytest.mark.parametrize("arguments", [("status",), ("releases",)])
def test_a_home_that_is_a_file_is_one_line_and_exit_1(command, monkeypatch, tmp_path, arguments):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "file"))
    code, _, said = command(*arguments)
    assert (code, one_line(said)) == (1, True), said
    assert "which is a file. Set it to a folder." in said


def command_in(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", "from forecast.cli import main; main()", *arguments],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip


def test_a_working_directory_that_was_removed_is_one_line(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -P -c 'from forecast.cli import main; main()' status"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ENCOUNTERS_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(
        ["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=HANG, check=False
    )
    assert (done.returncode, one_line(done.stderr)) == (1, True), done.stderr
    assert "The working directory does not exist any more" in done.stderr


def test_a_home_that_may_only_be_read_is_read(command, home, tmp_path):
    home.mkdir()
    (home / "archive").mkdir()
    home.chmod(0o500)
    try:
        if os.access(home, os.W_OK):
            pytest.skip("this user may write everywhere (root)")
        code, out, _ = command("status")
        assert code == 0
        assert "data through 2026-08" in out
        code, _, said = command("retrain")
        assert (code, "Traceback" in said) == (1, False)
    finally:
        home.chmod(0o700)


def test_fits_run_in_this_process_where_there_is_no_shared_memory(tmp_path):
    rows = "".join(f"a,2023-{month:02d},{100 + month}\n" for month in range(1, 13))
    (tmp_path / "panel.csv").write_text("series,month,value\n" + rows)
    hide = "mount -t tmpfs -o mode=000,size=4k none /dev/shm 2>/dev/null || exit 77; exec "
    without_privileges = "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "
    if shutil.which("unshare") is None or os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root may hide /dev/shm")
    if subprocess.run(
        [*without_privileges.split(), sys.executable, "-c", ""], capture_output=True, check=False
    ).returncode:
        pytest.skip("a user without privileges may not run this Python")
    fit = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from forecast.core.executor import Executor\n"
        "print([outcome.result for outcome in Executor(2, 60).map(abs, [-1, 2])])"
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"{hide}{without_privileges}{sys.executable} -c '{fit}' "
                                      f"{Path(__file__).parents[2]}"],
        capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    if done.returncode == 77 or done.stderr.startswith("unshare: "):
        pytest.skip("nothing can be mounted here")
    assert done.stdout == "[1, 2]\n", done.stderr
    assert "fits run in this process" in done.stderr


def test_an_installation_that_a_full_disk_cut_short_is_one_line(command, home, tmp_path, monkeypatch):
    """Python keeps as much of a compiled module as there was room for, and fails on it from then on."""
    cut = compile("counts = 1000", "cut.py", "exec")
    (tmp_path / "cut.pyc").write_bytes(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(cut)[:40])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(parts, "store", lambda _: importlib.import_module("cut"))
    code, _, said = command("releases")
    assert (code, one_line(said), "full disk" in said) == (1, True, True), said
