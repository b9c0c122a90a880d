"""Tells an operator's own command how a retraining ended.
Whatever that command does changes neither the release nor the exit code.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from forecast.core.errors import GateRefused, LeaseLost, LockHeld
from forecast.core.logs import escaped
from forecast.pipeline.job import Result
from forecast.release.alarms import AlarmChange
from forecast.release.ledger import RunVerdict

__all__ = ["Message", "call", "messages"]

log = logging.getLogger(__name__)

Occasion = Literal["publish", "refusal", "failure", "alarm"]


@dataclass(frozen=True)
class Message:
    """What the command reads as JSON on its standard input; `event` is in its environment too, as ENCOUNTERS_EVENT.

    `release`: the one that was published, None where none was. `reason`: why it was refused or failed, one line.
    `alarms`: those newly raised or cleared. `at`: UTC, ISO 8601.
    """

    event: Occasion
    panel: str
    release: str | None
    verdict: RunVerdict
    reason: str | None
    alarms: tuple[AlarmChange, ...]
    at: str


def messages(
    panel: str, outcome: Result | Exception, *, at: datetime, alarms: tuple[AlarmChange, ...] = ()
) -> list[Message]:
    """What an operator is told of one panel: nothing where nothing was new, or where another retraining is at work.

    `alarms`: those that a run raised before it was refused or failed; a result has its own.
    """
    moment = at.isoformat()
    if isinstance(outcome, LockHeld) and not isinstance(outcome, LeaseLost):
        return []
    kinds: list[Occasion]
    release: str | None
    verdict: RunVerdict
    reason: str | None
    if isinstance(outcome, Exception):
        refused = isinstance(outcome, GateRefused)
        kinds, release, verdict = ["refusal" if refused else "failure"], None, "refused" if refused else "failed"
        reason = " ".join(f"{outcome or type(outcome).__name__}".split())
    else:
        kinds, release, verdict = (
            ["publish"] if outcome.verdict == "published" else [],
            outcome.release,
            outcome.verdict,
        )
        reason, alarms = None, outcome.alarms
    if alarms:
        kinds.append("alarm")
    return [Message(kind, panel, release, verdict, reason, alarms, moment) for kind in kinds]


def call(command: str, messages: Iterable[Message], *, seconds: float) -> None:
    """Run the command once for each message, without a shell;
    a failure is one line in the log and nothing more. Empty: does nothing.

    `seconds`: how long each run may take; then it is killed, with every process of its group. Its standard output is
    dropped.
    """
    for message in messages if command.strip() else ():
        try:
            failure = _run(shlex.split(command), message, seconds)
        except (OSError, ValueError) as error:  # no such command, or a quotation mark that is never closed
            failure = str(error)
        if failure:
            log.warning(
                "The hook failed on %s of %s: %s. Nothing else depends on it; correct ENCOUNTERS_HOOK.",
                message.event,
                message.panel,
                failure,
            )


def _run(command: list[str], message: Message, seconds: float) -> str:
    """Why the command failed, in one line; empty where it did not."""
    # Files rather than pipes: a command that reads nothing, writes much or leaves a child behind blocks nobody.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(json.dumps(asdict(message), default=str).encode() + b"\n")
        given.seek(0)
        process = subprocess.Popen(  # noqa: S603 the operator's own command, split without a shell
            command,
            stdin=given,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, "ENCOUNTERS_EVENT": message.event},
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except BaseException as error:  # too late, or Ctrl-C: either way nothing of it stays
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                return f"no end within {seconds:g} s; it was killed"
            raise
        said.seek(max(said.seek(0, os.SEEK_END) - 300, 0))
        last = escaped(" ".join(said.read().decode(errors="replace").split()))
    if code == 0:
        return ""
    return f"{f'exit code {code}' if code > 0 else f'ended by signal {-code}'}{f' ({last})' if last else ''}"
