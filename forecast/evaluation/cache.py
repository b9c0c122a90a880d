"""Remembers fits on disk, so that no fit is made twice.
The folder may be deleted at any time. Knows no model and no recipe.

Each fit is a file of its own, written by the process that asked for it as soon as it comes, wherever it was made, so
that an interrupted run goes on where it was. What a deadline or a dying worker has ended is not kept: it says something
of that day and nothing of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from forecast.core.executor import Executor
from forecast.evaluation import checksummed_file
from forecast.evaluation.fingerprint import fingerprint, source_digests
from forecast.models.fitting import Fit, FitTask, fit_all

__all__ = ["FitCache", "fits_of"]

# What a sound file of another kind may raise.
_DAMAGED = (ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class FitCache:
    """Fits in `folder`, at `<two digits>/<fingerprint>.fit`.
    `sources`: family -> digest of the code that is loaded now.
    """

    folder: Path
    sources: Mapping[str, str] = field(default_factory=source_digests)

    def path(self, task: FitTask) -> Path:
        """Where the fit of a task is, or would be."""
        name = fingerprint(task, self.sources)
        return self.folder / name[:2] / f"{name}.fit"

    def get(self, task: FitTask) -> Fit | None:
        """The fit of a task to the last bit, or None where it is not there or the file is damaged."""
        kept = checksummed_file.read(self.path(task))
        if kept is None:
            return None
        try:
            record, paths = kept
            if record["area"] != task.series.area:
                return None
            return Fit(
                member=task.member,
                area=task.series.area,
                paths=paths.reshape(task.samples, task.horizon),
                parameters=record["parameters"],
                seconds=float(record["seconds"]),
                peak_memory=int(record["peak_memory"]),
                failure=record["failure"],
                notes=tuple(record["notes"]),
            )
        except _DAMAGED:
            return None

    def keep(self, task: FitTask, fit: Fit) -> None:
        """Write the fit, whole or not at all. Raises OSError."""
        record = {
            "member": fit.member.label,
            "area": fit.area,
            "origin": str(task.series.origin),
            "parameters": dict(fit.parameters),
            "seconds": fit.seconds,
            "peak_memory": fit.peak_memory,
            "failure": fit.failure,
            "notes": fit.notes,
        }
        checksummed_file.keep(self.path(task), record, fit.paths)


def fits_of(
    tasks: Sequence[FitTask],
    *,
    cache: FitCache | None,
    executor: Executor,
    on_done: Callable[[], None] | None = None,
) -> list[tuple[Fit, bool]]:
    """Each task's fit, in order, and whether it was remembered.
    Only what the cache lacks is fitted; `cache` None fits everything.

    `executor`, `on_done`: as in `fit_all`; remembered fits count as done.
    """
    remembered = [cache.get(task) if cache else None for task in tasks]
    for fit in remembered:
        if fit is not None and on_done:
            on_done()
    missing = [task for task, fit in zip(tasks, remembered, strict=True) if fit is None]
    keep = partial(_kept, cache) if cache else None
    made = iter(fit_all(missing, executor=executor, on_done=on_done, keep=keep) if missing else ())
    return [(next(made), False) if fit is None else (fit, True) for fit in remembered]


def _kept(cache: FitCache, task: FitTask, fit: Fit) -> Fit:
    try:
        cache.keep(task, fit)
    except OSError as error:  # a full disk costs the next run time; this run's numbers are sound
        return replace(fit, notes=(*fit.notes, f"not remembered: {cache.folder} cannot be written ({error.strerror})"))
    return fit
