"""Records the counts that came out, scores every past release against them,
raises and clears alarms. Computes nothing itself.

Every step writes what is missing and nothing else, so that a run that was killed is made up for by the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from forecast.core.errors import LockHeld, one_line
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.scorecard import Scored, Truth
from forecast.core.tables import Forecasts
from forecast.evaluation import monitoring
from forecast.pipeline.correcting import record_counts
from forecast.pipeline.job import Job, Progress
from forecast.recipe.recipe import load as load_recipe
from forecast.recipe.recipe import run as run_recipe
from forecast.release import alarms, issued_models, issued_scores, ledger, outside_forecasts, read
from forecast.release.alarms import AlarmChange
from forecast.release.lease import Lease, renew

__all__ = ["STEP", "look_back", "score_hindcast"]

STEP = "scoring past releases"
# What every release is measured against: the bundled naive floor, whatever recipes compete today.
FLOOR = "floor"


def look_back(
    panel: str, job: Job, progress: Progress, lease: Lease, run: int, *, hindcast: bool
) -> tuple[AlarmChange, ...]:
    """Record the archive's counts, then score and judge the panel's releases by them;
    gives the alarms newly raised or cleared.

    Before a `hindcast` counts are recorded and nothing is scored: it is the scheduled job that looks back; the hindcast
    itself is scored once it is there (`score_hindcast`). What fails after the counts are recorded is noted in the
    ledger, and made up for by the next run: it must not stop a publication. Raises StoreError where the counts
    cannot be recorded, LockHeld where the lease was lost.
    """
    areas = record_counts(job.engine, panel, job.archive)
    if hindcast:
        return ()
    try:
        failed = _score(panel, job, progress, lease, run)
        changed = alarms.record(
            job.engine, panel, monitoring.judge(issued_scores.cells(job.engine, panel), areas), now=job.clock()
        )
    except LockHeld:
        raise
    except (
        Exception
    ) as error:  # whatever it is, forecasts of the months ahead are worth more than scores of the months behind
        failed, changed = [_again(error)], ()
    _tell(failed, panel, job, progress, run)
    for event in changed:
        progress.say(f"{panel}: alarm {event.kind} {'raised' if event.raised else 'cleared'}: {event.detail}")
    return changed


def score_hindcast(panel: str, job: Job, progress: Progress, lease: Lease, run: int, release: str) -> None:
    """Score a new hindcast against the counts that the store knows: those of its months came out long ago.

    What fails is said and noted in the ledger, and made up for by the next look back. Raises LockHeld where the lease
    was lost.
    """
    try:
        failed = _score(panel, job, progress, lease, run, only=release)
    except LockHeld:
        raise
    except Exception as error:  # the hindcast is published, whatever it is
        failed = [_again(error)]
    _tell(failed, panel, job, progress, run)


def _tell(failed: Sequence[str], panel: str, job: Job, progress: Progress, run: int) -> None:
    for sentence in failed:
        progress.say(f"{panel}: {sentence}")
    if failed:
        ledger.step(job.engine, run, f"{STEP} failed: {'; '.join(failed)}", now=job.clock())


def _again(error: BaseException, release: str = "") -> str:
    """What is said where nothing of a release was recorded, so that the next run tries."""
    whose = f"{release}: " if release else ""
    return f"a past release could not be scored, and will be tried again. {whose}{one_line(error)}"


def _score(panel: str, job: Job, progress: Progress, lease: Lease, run: int, *, only: str | None = None) -> list[str]:
    """Score what is due, of all releases or of `only` one; gives what could not be scored, a line each."""
    due = issued_scores.due(job.engine, panel, as_of=job.clock().date(), release=only)
    waiting = {release: list(counts) for release, counts in due.items()}
    for release, counts in outside_forecasts.unscored(job.engine, panel).items() if only is None else ():
        own = {(one.area, one.month) for one in waiting.setdefault(release, [])}
        waiting[release] += [one for one in counts if (one.area, one.month) not in own]
    if not waiting:
        return []
    ledger.step(job.engine, run, STEP, now=job.clock())
    progress.begin(f"{panel}: {STEP}", len(waiting))
    failed: list[str] = []
    for release, truth in waiting.items():
        renew(job.engine, lease)
        try:
            rows, models = _scored(panel, job, release, truth, failed)
            fresh = {(count.area, count.month) for count in due.get(release, ())}
            # Beside counts that the release was scored on before, an outside forecast alone is made up for.
            rows = [row for row in rows if (row.area, row.target_month) in fresh]
            issued_scores.record(job.engine, panel, rows, models=models)
        except (
            Exception
        ) as error:  # one release that is damaged, or whose counts are not in this archive, hides no other
            failed.append(_again(error, release))
        progress.advance()
    return failed


def _scored(
    panel: str, job: Job, release_id: str, truth: Sequence[Truth], failed: list[str]
) -> tuple[Sequence[Scored], dict[str, Sequence[Scored]]]:
    """One release beside some counts, and the naive floor from the same origin and the counts that were public then;
    with it, each model that was issued with the release, where it forecasts the area, and each outside one that was
    registered beside it. `failed`: gets a line for each of those that is damaged, which hides nothing else.
    """
    release = read.load(job.engine, release_id)
    forecasts = _forecasts(release)
    counts = job.archive.as_of(panel, release.manifest.as_of).until(forecasts.origin)
    # In this process: a random walk takes a millisecond an area, starting workers takes seconds.
    floor = run_recipe(
        load_recipe(FLOOR),
        counts,
        origin=forecasts.origin,
        executor=HERE,
        horizon=forecasts.horizon,
        compared=False,
    )

    def score(tables: Forecasts, fair: Collection[tuple[str, Month]]) -> Sequence[Scored]:
        areas, last = set(tables.areas), tables.origin + tables.horizon
        return monitoring.score(
            release=release_id,
            issued=release.month_of_issue,
            forecasts=tables,
            floor=floor.forecasts,
            counts=counts,
            truth=[
                count
                for count in truth
                if count.area in areas and count.month <= last and (count.area, count.month) in fair
            ],
        )

    own = monitoring.score(
        release=release_id,
        issued=release.month_of_issue,
        forecasts=forecasts,
        floor=floor.forecasts,
        counts=counts,
        truth=truth,
    )
    cells = {(count.area, count.month) for count in truth}
    models = {
        kept.model: score(_issued(kept, forecasts.origin), cells) for kept in issued_models.load(job.engine, release_id)
    }
    registered, damaged = outside_forecasts.beside(job.engine, release_id)
    for outside in registered:
        fair = outside_forecasts.scored(job.engine, outside, cells)
        models[outside.model] = [row for table in outside.tables for row in score(table, fair)]
    failed += [f"an outside forecast is left out of the scores of this run. {sentence}" for sentence in damaged]
    return own, models


def _issued(kept: issued_models.IssuedModel, origin: Month) -> Forecasts:
    """As a table; means were not issued."""
    unknown = np.full(kept.values.shape[:2], np.nan)
    return Forecasts(kept.model, origin, kept.areas, kept.values, unknown, kept.levels)


def _forecasts(release: read.Release) -> Forecasts:
    values = np.array([area.quantiles for area in release.areas])
    means = np.array([area.means for area in release.areas])
    return Forecasts(
        release.id, release.manifest.origin, tuple(area.slug for area in release.areas), values, means, release.levels
    )
