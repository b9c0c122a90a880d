"""The scheduled job of one panel: nothing where nothing is new,
else a training under the lease, noted in the ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from forecast.core.errors import ClockError, EncountersError, GateRefused, RecipeError, TrackingError
from forecast.core.tables import Counts
from forecast.core.version import code_version
from forecast.evaluation.cautions import contradicted, contradiction
from forecast.pipeline.catching_up import Sending, catch_up
from forecast.pipeline.correcting import record_counts, since_issue
from forecast.pipeline.job import Job, Progress, Result
from forecast.recipe.recipe import Recipe, bundled_recipes
from forecast.recipe.recipe import load as load_recipe
from forecast.release import ledger, publish, read
from forecast.release.corrections import Correction
from forecast.release.lease import hold
from forecast.release.manifest import Manifest
from forecast.release.migrations import migrate
from forecast.release.tracking import outbox, own_store

__all__ = ["HINDCAST", "release_key", "retrain"]

# How the ledger's reason of a hindcast begins.
HINDCAST = "as of"
# How long a holder of the lease may be silent before another machine takes over. It is renewed all the while, also
# during long fits.
LEASE_LASTS = timedelta(minutes=10)


def release_key(counts: Counts, recipes: Sequence[Recipe], *, code: str, once: str = "", contradicted: str = "") -> str:
    """The sha256 that a release is published under: the same counts, recipes and code give the same release.

    `once` sets a hindcast or a forced repetition apart. `contradicted`: what newer counts of another panel say against
    it, which the release tells its readers: once they say something else, or agree, it is issued again.
    """
    parts = [
        counts.panel.id,
        counts.digest,
        code,
        once,
        *(recipe.digest for recipe in recipes),
        *([contradicted] if contradicted else []),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def retrain(
    panel: str,
    job: Job,
    progress: Progress,
    *,
    force: bool = False,
    as_of: date | None = None,
    sending: Sending | None = None,
) -> Result:
    """The scheduled job: nothing where nothing is new, else train, evaluate, gate and publish; then log to MLflow.

    `as_of` makes a hindcast from what was public on that day; it never becomes the latest release. Raises GateRefused,
    LockHeld and every other EncountersError; whatever happens, the last release stays served. At the end, also of one
    that found nothing new or was refused, MLflow is sent what it lacks, and its champion follows what is served. A home
    that was moved is put right first: its MLflow store then says where its artifacts lie now; and where MLflow lacks
    the release that is served, it is logged again. `sending`: sends meanwhile, and is waited for by whoever gave it.
    """
    try:
        if own_store.relocate(job.tracking, job.artifacts, panels=tuple(job.archive.panels)):
            progress.say(f"{panel}: this home was copied or moved; MLflow's runs now point at the artifacts here")
    except TrackingError as error:
        progress.say(f"{panel}: {error}")
    try:
        result = _retrain(panel, job, progress, force=force, as_of=as_of)
    except EncountersError:
        _send(panel, job, progress, sending)
        raise
    _send(panel, job, progress, sending)
    return result


def _send(panel: str, job: Job, progress: Progress, sending: Sending | None) -> None:
    if sending:
        sending.begin(panel)
    else:
        catch_up(panel, job, progress)


def _retrain(panel: str, job: Job, progress: Progress, *, force: bool, as_of: date | None) -> Result:
    now = job.clock()
    counts = job.archive.as_of(panel, as_of or now.date())
    recipes = _candidates(job, counts)
    once = f"{HINDCAST} {as_of}" if as_of else f"forced {now.isoformat()}" if force else ""
    migrate(job.engine)
    corrected: list[Correction] = []
    served = None  # a hindcast knows no champion that later months have chosen
    if not as_of and (release := _served(job.engine, panel)):
        corrected = since_issue(panel, job.archive, release)
        if not corrected:
            _check_not_behind(counts, release, job, now)
        served = release.recipe
        if served not in [recipe.name for recipe in recipes]:
            recipes = [_defender(served), *recipes]
    newer = contradiction(counts, job.others(counts))
    against = newer.sentence if newer else ""
    key = release_key(counts, recipes, code=code_version(), once=once, contradicted=against)
    if (
        not once
        and (last := _last_issued(job.engine, panel))
        and contradicted(last.notes) != against
        and _published(job.engine, panel, key)
    ):
        # What an earlier release said holds again: that one stays as it is, and another is issued.
        key = release_key(counts, recipes, code=code_version(), contradicted=f"{against} after {last.id}")
    # Looked up before the lock and again under it: a second start finds what the first has published meanwhile.
    if (published := _published(job.engine, panel, key)) is not None:
        if corrected:
            return _served_again(panel, job, published, corrected[-1], now)
        if as_of is None and _is_lost(job, panel, published, key):
            _describe_again(panel, job, progress, counts, recipes, published)
        return _nothing_new(job, panel, published, hindcast=as_of is not None)
    with hold(job.engine, panel, holder=job.holder, now=now, ttl=LEASE_LASTS) as lease:
        if (published := _published(job.engine, panel, key)) is not None:
            return _nothing_new(job, panel, published, hindcast=as_of is not None)
        why = once or f"counts through {counts.through}"
        run = ledger.start(job.engine, panel, why=why, now=now)
        try:
            from forecast.pipeline.scoring import look_back, score_hindcast
            from forecast.pipeline.training import Training

            # Before training, so that a run that is killed later has lost no count and no score.
            changed = look_back(panel, job, progress, lease, run, hindcast=as_of is not None)
            result = Training(
                panel, job, progress, counts, tuple(recipes), served, key, lease, run, hindcast=as_of is not None
            ).publish()
            if as_of is not None:
                score_hindcast(panel, job, progress, lease, run, result.release)
        except BaseException as error:
            verdict: ledger.RunVerdict = "refused" if isinstance(error, GateRefused) else "failed"
            ledger.finish(job.engine, run, verdict=verdict, reason=f"{error or type(error).__name__}", now=job.clock())
            raise
        ledger.finish(job.engine, run, verdict=result.verdict, reason=result.release, now=job.clock())
        return replace(result, alarms=changed)


def _nothing_new(job: Job, panel: str, release: str, *, hindcast: bool) -> Result:
    """Names the release that is served,
    which after a rollback or a forced repetition is not the one that was found; of hindcasts, that.
    """
    served = None if hindcast else read.pointers(job.engine).get(panel)
    return Result(panel, "nothing new", served or release)


def _is_lost(job: Job, panel: str, release: str, key: str) -> bool:
    """Whether MLflow lacks the release that is served, and what was published under `key` is that release."""
    served = next((summary for summary in read.releases(job.engine, panel) if summary.current), None)
    if served is None or served.manifest.key != key or release in outbox.waiting(job.outbox, panel):
        return False
    try:
        has = own_store.has_release(job.tracking, job.artifacts, panel=panel, release=release)
    except TrackingError:  # what cannot be read is reported when something is logged
        return False
    if has is None:  # the store says so; the machine that published it may be sending still
        sending = served.manifest.issued_at + timedelta(seconds=job.tracking_budget) > job.clock()
        return served.run_id is None and not sending
    return not has


def _describe_again(
    panel: str, job: Job, progress: Progress, counts: Counts, recipes: Sequence[Recipe], release: str
) -> None:
    """Describe the release that is served once more: the same figures, of the same counts by the same code."""
    progress.say(f"{panel}: MLflow lacks {release}, as after a restore without its files: it is logged again")
    with hold(job.engine, panel, holder=job.holder, now=job.clock(), ttl=LEASE_LASTS) as lease:
        run = ledger.start(job.engine, panel, why=f"MLflow lacks {release}", now=job.clock())
        try:
            from forecast.pipeline.training import Training

            training = Training(panel, job, progress, counts, tuple(recipes), None, "", lease, run, hindcast=False)
            training.describe_again(read.load(job.engine, release).manifest)
        except BaseException as error:
            ledger.finish(job.engine, run, verdict="failed", reason=f"{error or type(error).__name__}", now=job.clock())
            raise
        ledger.finish(job.engine, run, verdict="nothing new", reason=release, now=job.clock())


def _served_again(panel: str, job: Job, release: str, correction: Correction, now: datetime) -> Result:
    """Serve an earlier release again, made of what the counts are now that a file was corrected."""
    with hold(job.engine, panel, holder=job.holder, now=now, ttl=LEASE_LASTS) as lease:
        record_counts(job.engine, panel, job.archive)
        publish.rollback(job.engine, release, now=now, reason=f"{correction.file} was {correction.kind}", lease=lease)
    return Result(panel, "nothing new", release)


def _candidates(job: Job, counts: Counts) -> list[Recipe]:
    """The recipes that compete. Raises RecipeError where two carry one name: their scores could not be told apart."""
    own = job.archive.panels[counts.panel.id].recipes_for(len(counts.open_areas))
    recipes = [load_recipe(name) for name in job.recipes or own]
    names = [recipe.name for recipe in recipes]
    if twice := [name for name in names if names.count(name) > 1]:
        raise RecipeError(f"Two recipes are called {twice[0]!r}. Give each its own name in its file.")
    return recipes


def _served(engine: Engine, panel: str) -> Manifest | None:
    """What the release that is served now says of itself."""
    return next((summary.manifest for summary in read.releases(engine, panel) if summary.current), None)


def _last_issued(engine: Engine, panel: str) -> Manifest | None:
    """What the newest release says of itself, served or not: after a rollback it is not the one that is served."""
    return next((summary.manifest for summary in read.releases(engine, panel) if not summary.manifest.hindcast), None)


def _check_not_behind(counts: Counts, served: Manifest, job: Job, now: datetime) -> None:
    """Older counts never take the place of newer ones.
    Raises ClockError where this run does not know what the release served rests on.
    """
    says = (
        f"The release served ({served.id}) is made of what was public on {served.as_of}, with counts through "
        f"{served.origin}"
    )
    if counts.through < served.origin:
        raise ClockError(
            f"{says}; this run knows counts through {counts.through} and has {now:%Y-%m-%d %H:%M} UTC. "
            "It stays served: set this machine's clock right, or ingest the newer files here."
        )
    today = now.date()
    if served.as_of > today and any(
        one.published > today for one in job.archive.vintages(counts.panel.id, as_of=served.as_of)
    ):
        raise ClockError(
            f"{says}; on this machine, where it is {now:%Y-%m-%d %H:%M} UTC, some of that is not out yet. "
            "It stays served: set this machine's clock right."
        )


def _defender(name: str) -> Recipe:
    """The champion, which a challenger must beat even where it was not asked for.
    Raises RecipeError where its file is not known.
    """
    if name in bundled_recipes():
        return load_recipe(name)
    raise RecipeError(
        f"The recipe {name!r} serves and is not among those named. Add --recipe with its file, so that it can defend "
        "itself."
    )


def _published(engine: Engine, panel: str, key: str) -> str | None:
    return next((summary.id for summary in read.releases(engine, panel) if summary.manifest.key == key), None)
