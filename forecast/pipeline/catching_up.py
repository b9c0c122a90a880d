"""Brings to MLflow what it lacks of a panel's releases, and notes their runs. Loads neither MLflow nor pandas."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from types import TracebackType

from forecast.core.errors import EncountersError
from forecast.pipeline.job import Job, Progress
from forecast.release import publish, read
from forecast.release.tracking import outbox

__all__ = ["Sending", "catch_up"]


def catch_up(panel: str, job: Job, progress: Progress) -> bool:
    """Send retrainings of published releases that wait in the outbox; let the alias `champion` follow what is served.

    Within the budget of one retraining; what MLflow does not take goes on waiting. While it is at it, other releases
    without a run are looked up there. Tells what became of it, gives whether MLflow took all, and raises nothing.
    """
    try:
        known = {one.id: one for one in reversed(read.releases(job.engine, panel))}
        champion = read.champion(job.engine, panel)
    except EncountersError:  # the store; the retraining has met it too
        return True
    served = next((one for one in known.values() if one.current), None)
    waiting = outbox.waiting(job.outbox, panel)
    due = [release for release in known if release in waiting]
    follows = served is None or served.run_id is None or served.id == champion
    if not due and follows:
        return True
    progress.begin(f"{panel}: logging to MLflow")
    lacking = [one for one in known.values() if one.id in due or one.run_id is None or (one.current and not follows)]
    delivered = outbox.deliver(
        job.outbox,
        [one.id for one in sorted(lacking, key=lambda one: not one.current)],  # what is served, then the oldest first
        panel=panel,
        served=served.id if served else None,
        uri=job.tracking,
        artifacts=job.artifacts,
        budget=job.tracking_budget,
    )
    problem = delivered.problem
    for release, run in delivered.runs.items():
        one = known[release]
        try:
            if run != one.run_id or (one.current and release != champion):
                publish.note_run(job.engine, release, run, champion=one.current, now=job.clock())
            outbox.remove(job.outbox, release)
        except EncountersError as error:
            problem = str(error)
    sent = len(delivered.runs.keys() & set(due))
    if len(due) > 1 and sent:
        progress.say(f"{panel}: MLflow has {sent} of {len(due)} retrainings now")
    if problem is not None:
        missing = " and ".join(release for release in due if release not in delivered.runs)
        lacks = f"has no run of {missing} yet" if missing else "lags behind"
        progress.say(f"{panel}: MLflow {lacks}; a later retraining sends what is missing. {problem}")
    return problem is None


class Sending:
    """Catches up with one panel after the other, while others are trained: MLflow takes seconds of one processor.

    Use as a context; `finish` says what became of it, and leaving waits for what was begun. Beside fits that take every
    processor a sending may come to the end of its time; where the last one was taken, it is tried once more.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._thread = ThreadPoolExecutor(1)
        self._begun: list[tuple[str, _Said, Future[bool]]] = []

    def __enter__(self) -> Sending:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=kind is not None)

    def begin(self, panel: str) -> None:
        """Catch up with a panel once those before it are done."""
        said = _Said()
        future = self._thread.submit(catch_up, panel, self._job, said)
        future.add_done_callback(lambda _: said.heard.set())
        self._begun.append((panel, said, future))

    def finish(self, progress: Progress) -> None:
        """Wait for all that was begun, and let `progress` say what there is to say."""
        begun, self._begun = self._begun, []
        for _, said, future in begun:
            said.heard.wait()
            if said.part and not future.done():
                progress.begin(said.part)
            future.result()
        # The last one that asked MLflow for something had no fits beside it.
        asked = [future.result() for _, said, future in begun if said.part]
        answers = bool(asked) and asked[-1]
        for panel, said, future in begun:
            if answers and not future.result():
                catch_up(panel, self._job, progress)
                continue
            for line in said.lines:
                progress.say(line)


class _Said:
    """A progress that nobody looks at yet. `heard`: set once a part has begun, or there is none."""

    def __init__(self) -> None:
        self.part, self.lines, self.heard = "", list[str](), Event()

    def begin(self, what: str, steps: int | None = None) -> None:
        self.part = what
        self.heard.set()

    def advance(self) -> None:
        pass

    def say(self, line: str) -> None:
        self.lines.append(line)
