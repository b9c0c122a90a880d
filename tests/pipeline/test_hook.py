"""The operator's own command: what it is told, and that nothing it does hurts the retraining."""

import json
import shlex
import sys
from datetime import UTC, datetime

import psutil
import pytest

from forecast.core.errors import GateRefused, LeaseLost, LockHeld, StoreError
from forecast.pipeline import Result, hook
from forecast.release.alarms import AlarmChange
from tests.waiting import HANG, until

PANEL = "cbp-states"
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
ALARM = AlarmChange(PANEL, "intervals-narrow", True, NOW, NOW, "held 40 %", {"share": 0.4})


def command(tmp_path, body):
    """A command line that runs a Python script with one argument that has a space in it."""
    script = tmp_path / "a hook.py"
    script.write_text(f"import json, os, sys, time\n{body}")
    return shlex.join([sys.executable, str(script), str(tmp_path / "told here")])


TELL = 'print(json.dumps([os.environ["ENCOUNTERS_EVENT"], json.load(sys.stdin)]), file=open(sys.argv[1], "a"))'


def heard(tmp_path, outcome, **more):
    hook.call(command(tmp_path, TELL), hook.messages(PANEL, outcome, at=NOW, **more), seconds=HANG)
    path = tmp_path / "told here"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_publication_is_told_on_standard_input_and_in_the_environment(tmp_path):
    message = {
        "event": "publish",
        "panel": PANEL,
        "release": "r-1",
        "verdict": "published",
        "reason": None,
        "alarms": [],
    }
    assert heard(tmp_path, Result(PANEL, "published", "r-1")) == [
        ["publish", {**message, "at": "2026-01-02T03:04:00+00:00"}]
    ]


@pytest.mark.parametrize(
    ("error", "event", "verdict"),
    [
        (GateRefused("too\nhigh"), "refusal", "refused"),
        (StoreError("too\nhigh"), "failure", "failed"),
        (LeaseLost("too\nhigh"), "failure", "failed"),
    ],
)
def test_a_refusal_and_a_failure_are_told_with_their_reason(tmp_path, error, event, verdict):
    ((name, message),) = heard(tmp_path, error)
    assert (name, message["event"], message["verdict"], message["reason"], message["release"]) == (
        event,
        event,
        verdict,
        "too high",
        None,
    )


def test_nothing_new_and_another_retraining_are_no_news(tmp_path):
    assert heard(tmp_path, Result(PANEL, "nothing new", "r-1")) == []
    assert heard(tmp_path, LockHeld("busy")) == []


def test_alarms_are_an_event_of_their_own_also_where_the_release_was_refused(tmp_path):
    published = heard(tmp_path, Result(PANEL, "published", "r-1", alarms=(ALARM,)))
    assert [name for name, _ in published] == ["publish", "alarm"]
    alarm = published[1][1]["alarms"][0]
    assert (alarm["kind"], alarm["raised"], alarm["figures"]) == ("intervals-narrow", True, {"share": 0.4})
    refused = heard(tmp_path, GateRefused("high"), alarms=(ALARM,))[2:]
    assert [name for name, _ in refused] == ["refusal", "alarm"]


def failure(caplog, line, seconds=HANG):
    hook.call(line, hook.messages(PANEL, Result(PANEL, "published", "r-1"), at=NOW), seconds=seconds)
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("body", "said", "seconds"),
    [
        ('sys.stderr.write("no such\\nserver\\x1b"); sys.exit(7)', r"exit code 7 (no such server\x1b)", HANG),
        ("os.kill(os.getpid(), 9)", "ended by signal 9", HANG),
        ("time.sleep(600)", "no end within 1.5 s; it was killed", 1.5),
    ],
)
def test_a_command_that_fails_is_one_line_in_the_log(tmp_path, caplog, body, said, seconds):
    (line,) = failure(caplog, command(tmp_path, body), seconds)
    assert line.startswith(f"The hook failed on publish of cbp-states: {said}.")


@pytest.mark.parametrize(
    ("line", "said"), [("/no/such/command", "No such file"), ("sh -c 'open", "No closing quotation")]
)
def test_a_command_that_cannot_be_started_is_one_line_in_the_log(caplog, line, said):
    (logged,) = failure(caplog, line)
    assert said in logged


def test_a_command_that_takes_too_long_is_killed_with_its_children(tmp_path, caplog):
    body = (
        'import subprocess\nprint(subprocess.Popen(["sleep", "600"]).pid, file=open(sys.argv[1], "w"), '
        "flush=True)\ntime.sleep(600)"
    )

    def started():
        """What the hook wrote before it was killed: its child;
        nothing where it had not come as far, on a busy machine.
        """
        failure(caplog, command(tmp_path, body), 3)
        return (tmp_path / "told here").exists() and (tmp_path / "told here").read_text()

    child = int(until(started))
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_a_command_that_reads_nothing_and_writes_much_ends(tmp_path, caplog):
    assert (
        failure(caplog, command(tmp_path, 'sys.stderr.write("x" * 10_000_000); sys.stdout.write("y" * 10_000_000)'))
        == []
    )


def test_no_shell_reads_the_command(tmp_path, caplog):
    mark = tmp_path / "mark"
    assert failure(caplog, f"{shlex.quote(sys.executable)} -c pass ; touch {mark}") == []
    assert not mark.exists()


def test_no_hook_is_no_failure(caplog):
    assert failure(caplog, "  ") == []
