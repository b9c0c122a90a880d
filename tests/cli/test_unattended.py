"""The command as a scheduler runs it: hook, log, schedule and backup, in processes of their own."""

import json
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.trained import RETRAIN, environment, hooked, put_on

pytestmark = pytest.mark.slow
ENCOUNTERS = [sys.executable, "-c", "from forecast.cli import main; main()"]


@pytest.fixture
def encounters(tmp_path):
    """Runs `encounters` with a home of its own: the finished process."""

    def run(*arguments, **more):
        given = environment(tmp_path / "home", **more)
        return subprocess.run(
            [*ENCOUNTERS, *map(str, arguments)], env=given, cwd=tmp_path, capture_output=True, text=True
        )

    return run


@pytest.fixture
def at_once(command, monkeypatch, tmp_path):
    """The same in this process, for what no scheduler sees."""

    def run(*arguments, **more):
        with monkeypatch.context() as patch:
            put_on(patch, environment(tmp_path / "home", **more))
            return subprocess.CompletedProcess(arguments, *command(*arguments))

    return run


def test_a_failing_hook_is_told_after_the_transaction_and_changes_no_exit_code(encounters, trained, tmp_path):
    assert trained.notices == [["publish", trained.release, None, [trained.release]]]
    assert trained.stderr.count("The hook failed on publish of cbp-states: exit code 9") == 1
    shutil.copytree(trained.home, tmp_path / "home")
    again = encounters(*RETRAIN, trained.recipe, ENCOUNTERS_HOOK=hooked(tmp_path / "home", tmp_path / "notes"))
    assert (again.returncode, again.stdout.split()[1:3], (tmp_path / "notes").exists()) == (
        0,
        ["nothing", "new:"],
        False,
    )


def test_a_failure_is_told_and_keeps_its_exit_code(encounters, tmp_path):
    line = shlex.join(["sh", "-c", f"cat > {shlex.quote(str(tmp_path / 'told'))}"])
    done = encounters("retrain", "--panel", "cbp-states", "--recipe", "nowhere", ENCOUNTERS_HOOK=line)
    notice = json.loads((tmp_path / "told").read_text())
    assert (done.returncode, notice["event"], notice["verdict"], notice["release"]) == (1, "failure", "failed", None)
    assert done.stderr == f"encounters: {notice['reason']}\n"


def test_as_json_every_line_of_stderr_is_a_record_with_steps_and_verdict(trained):
    records = [json.loads(line) for line in trained.stderr.splitlines()]
    assert all(record["time"].endswith("+00:00") and record["level"] and record["message"] for record in records)
    steps = [(record["event"], record["step"]) for record in records if record.get("event") in ("begin", "end")]
    assert ("begin", "cbp-states: publishing") in steps
    assert sorted(step for event, step in steps if event == "begin") == sorted(
        step for event, step in steps if event == "end"
    )
    (verdict,) = [record for record in records if record.get("event") == "published"]
    assert (verdict["panel"], verdict["release"]) == ("cbp-states", trained.release)


def test_an_error_as_json_is_one_record_that_no_file_name_forges(encounters, tmp_path):
    name = 'page\n{"level": "INFO", "message": "all is well"}\x1b[2J\u2028.csv'
    (tmp_path / name).write_text("<!DOCTYPE html><html>")
    done = encounters("ingest", tmp_path / name, "--published", "2024-01-01", ENCOUNTERS_LOG="json")
    (line,) = done.stderr.splitlines()
    assert (done.returncode, json.loads(line)["level"], line.isprintable()) == (1, "ERROR", True)
    plain = encounters("ingest", tmp_path / name, "--published", "2024-01-01")
    assert plain.stderr.count("\n") == 1
    assert plain.stderr[:-1].isprintable()


def test_a_setting_that_cannot_be_is_one_line_that_names_it(at_once):
    done = at_once("status", ENCOUNTERS_LOG="xml")
    assert (done.returncode, done.stderr) == (
        1,
        "encounters: ENCOUNTERS_LOG: Input should be 'text' or 'json'. Correct it.\n",
    )


@pytest.mark.parametrize(
    ("scheduler", "begins"),
    [("systemd", "# --- encounters-retrain.service"), ("cron", "# Lines for"), ("kubernetes", "# Ret")],
)
def test_schedule_prints_the_files_with_this_home_and_command(at_once, tmp_path, scheduler, begins):
    done = at_once("schedule", scheduler, ENCOUNTERS_DATABASE_URL="postgresql+psycopg://me:hunter2@host/db")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(begins)
    assert "hunter2" not in done.stdout + done.stderr
    if scheduler != "kubernetes":
        assert f"{sys.prefix}/bin/encounters" in done.stdout
        assert str(tmp_path / "home") in done.stdout


def test_schedule_writes_the_files_into_a_folder(at_once, tmp_path):
    (tmp_path / "units").mkdir()
    done = at_once("schedule", "systemd", "--to", tmp_path / "units")
    assert sorted(path.name for path in (tmp_path / "units").iterdir()) == [
        "encounters-retrain.service",
        "encounters-retrain.timer",
    ]
    assert done.stdout.splitlines() == [f"{tmp_path}/units/encounters-retrain.{kind}" for kind in ("service", "timer")]
    refused = at_once("schedule", "systemd", "--to", tmp_path / "nowhere")
    assert (refused.returncode, refused.stderr.count("cannot be written")) == (1, 1)


@pytest.mark.parametrize("name", ["schedule", "backup"])
def test_every_command_has_help_with_an_example(at_once, name):
    assert f"Example: encounters {name}" in " ".join(at_once(name, "--help").stdout.split())


def test_a_backup_of_an_empty_store_is_one_line(at_once, tmp_path):
    done = at_once("backup", "--to", tmp_path / "copy.db")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not (tmp_path / "copy.db").exists()
