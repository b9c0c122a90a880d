"""The road from counts to a published release, one panel at a time. Composes the wings; computes nothing and reads no clock or environment.

Heavy libraries are imported where training starts, so that finding nothing new costs a second.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Engine

from forecast.core.areas import PANELS, Panel
from forecast.core.errors import GateRefused, RecipeError, TrackingError
from forecast.core.tables import Counts
from forecast.counts import bundle
from forecast.counts.archive import Archive
from forecast.recipe import recipe as kitchen
from forecast.recipe.recipe import Recipe, Run
from forecast.recipe.version import code_version
from forecast.release import ledger, read
from forecast.release.lease import Lease, hold, renew
from forecast.release.manifest import Manifest
from forecast.release.migrations import migrate
from forecast.release.observed import observed
from forecast.release.store import connect
from forecast.settings import Settings

if TYPE_CHECKING:
    from pandas import DataFrame

    from forecast.core.months import Month
    from forecast.evaluation.cache import FitCache

__all__ = ["HINDCAST", "RECIPES", "Job", "Progress", "Result", "release_key", "retrain"]

# How the ledger's reason of a hindcast begins.
HINDCAST = "as of"
# The recipes that compete for each panel, the incumbent first.
RECIPES: dict[Panel, tuple[str, ...]] = {"usbp-sectors": ("bank", "floor"), "cbp-states": ("bank", "floor")}
# Origins of the plain evaluation: how many, and how many months apart. The states have six years of counts, the sectors twenty-five.
EVALUATED: dict[Panel, tuple[int, int]] = {"usbp-sectors": (4, 3), "cbp-states": (2, 6)}
EVALUATED_HORIZON = 12
# The record by which the champion is chosen: the competing recipes alone, at origins of the last ten years, so many months apart.
RECORD_MONTHS, RECORD_STEP = 120, 3
# How long a holder of the lease may be silent before another machine takes over.
LEASE_LASTS = timedelta(minutes=30)


class Progress(Protocol):
    """Where a person sees how far the work has come."""

    def begin(self, what: str, steps: int | None = None) -> None:
        """A part of the work starts; `steps` of it will be reported, where that is known."""
        ...

    def advance(self) -> None:
        """One step of the part is done."""
        ...

    def say(self, line: str) -> None:
        """Something that a person should know, while the work goes on."""
        ...


@dataclass(frozen=True)
class Job:
    """Everything that a retraining needs beside its panel. `clock`: gives the time, UTC. `holder`: who retrains, for a person.

    `recipes`: names or paths that replace the panel's own. `tracking`: MLflow's URI; `artifacts`: where its files live; `cache`: folder
    of remembered fits.
    """

    archive: Archive
    engine: Engine
    tracking: str
    artifacts: str
    cache: Path
    workers: int
    deadline: float
    clock: Callable[[], datetime]
    holder: str
    recipes: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings, *, clock: Callable[[], datetime], recipes: Sequence[str] = ()) -> Job:
        """The job of this machine's settings, with the bundled counts laid into its archive."""
        archive = Archive(settings.archive)
        bundle.seed(archive)
        return cls(
            archive=archive,
            engine=connect(settings.database),
            tracking=settings.tracking,
            artifacts=settings.artifacts,
            cache=settings.cache,
            workers=settings.workers,
            deadline=settings.fit_deadline,
            clock=clock,
            holder=f"process {os.getpid()} on {socket.gethostname()}",
            recipes=tuple(recipes),
        )


@dataclass(frozen=True)
class Result:
    """How a retraining ended. `release`: the one that it published or found; `notes`: what its readers must see first."""

    panel: Panel
    verdict: ledger.Verdict
    release: str
    notes: tuple[str, ...] = ()


def release_key(counts: Counts, recipes: Sequence[Recipe], *, code: str, once: str = "") -> str:
    """The sha256 that a release is published under: the same counts, recipes and code give the same release.

    `once` sets a hindcast or a forced repetition apart.
    """
    parts = [counts.panel, counts.digest, code, once, *(recipe.digest for recipe in recipes)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def retrain(panel: Panel, job: Job, progress: Progress, *, force: bool = False, as_of: date | None = None) -> Result:
    """The scheduled job: nothing where nothing is new, else train, evaluate, gate, log and publish.

    `as_of` makes a hindcast from what was public on that day; it never becomes the latest release. Raises GateRefused, LockHeld and
    every other EncountersError; whatever happens, the last release stays served.
    """
    now = job.clock()
    recipes = _candidates(panel, job)
    counts = job.archive.as_of(panel, as_of or now.date())
    once = f"{HINDCAST} {as_of}" if as_of else f"forced {now.isoformat()}" if force else ""
    migrate(job.engine)
    served = None if as_of else _served(job.engine, panel)  # a hindcast knows no champion that later months have chosen
    if served and served not in [recipe.name for recipe in recipes]:
        recipes = [_defender(served), *recipes]
    key = release_key(counts, recipes, code=code_version(), once=once)
    # Looked up before the lock and again under it: a second start finds what the first has published meanwhile.
    if (found := _published(job.engine, panel, key)) is not None:
        return Result(panel, "nothing new", found)
    with hold(job.engine, panel, holder=job.holder, now=now, ttl=LEASE_LASTS) as lease:
        if (found := _published(job.engine, panel, key)) is not None:
            return Result(panel, "nothing new", found)
        why = once or f"counts through {counts.through}"
        run = ledger.start(job.engine, panel, why=why, now=now)
        from forecast.evaluation.cache import FitCache

        try:
            result = _Training(
                panel, job, progress, counts, tuple(recipes), served, key, lease, run, FitCache(job.cache), hindcast=as_of is not None
            ).publish()
        except BaseException as error:
            verdict: ledger.Verdict = "refused" if isinstance(error, GateRefused) else "failed"
            ledger.finish(job.engine, run, verdict=verdict, reason=f"{error or type(error).__name__}", now=job.clock())
            raise
        ledger.finish(job.engine, run, verdict=result.verdict, reason=result.release, now=job.clock())
        return result


def _candidates(panel: Panel, job: Job) -> list[Recipe]:
    """The recipes that compete. Raises RecipeError where two carry one name: their scores could not be told apart."""
    recipes = [kitchen.load(name) for name in job.recipes or RECIPES[panel]]
    names = [recipe.name for recipe in recipes]
    if twice := [name for name in names if names.count(name) > 1]:
        raise RecipeError(f"Two recipes are called {twice[0]!r}. Give each its own name in its file.")
    return recipes


def _served(engine: Engine, panel: Panel) -> str | None:
    """The recipe of the release that is served now."""
    return next((found.manifest.recipe for found in read.releases(engine, panel) if found.current), None)


def _defender(name: str) -> Recipe:
    """The champion, which a challenger must beat even where it was not asked for. Raises RecipeError where its file is not known."""
    if name in kitchen.bundled_recipes():
        return kitchen.load(name)
    raise RecipeError(f"The recipe {name!r} serves and is not among those named. Add --recipe with its file, so that it can defend itself.")


def _published(engine: Engine, panel: Panel, key: str) -> str | None:
    return next((found.id for found in read.releases(engine, panel) if found.manifest.key == key), None)


@dataclass(frozen=True)
class _Training:
    """One training under the lease, from evaluation to publication."""

    panel: Panel
    job: Job
    progress: Progress
    counts: Counts
    recipes: tuple[Recipe, ...]
    champion: str | None
    key: str
    lease: Lease
    run: int
    cache: FitCache
    hindcast: bool

    def publish(self) -> Result:
        from forecast.evaluation import gates
        from forecast.release import publish

        scored, report, champion = self._evaluate()
        made = self._fit(champion)
        gates.check(forecasts=made.forecasts, paths=made.paths, counts=self.counts, fallbacks=made.fallbacks)
        manifest = self._log(self._manifest(made, report), made, scored, report)
        self._step("publishing")
        renew(self.job.engine, self.lease)
        published = publish.publish(
            self.job.engine, manifest=manifest, forecasts=made.forecasts, paths=made.paths, now=self.job.clock(), lease=self.lease
        )
        publish.record_observations(self.job.engine, self.panel, observed(self.job.archive.history(self.panel)))
        return Result(self.panel, "published", published.id, manifest.notes)

    def _step(self, name: str, fits: int | None = None) -> None:
        ledger.step(self.job.engine, self.run, name, now=self.job.clock())
        renew(self.job.engine, self.lease)
        self.progress.begin(f"{self.panel}: {name}", fits)

    def _evaluate(self) -> tuple[DataFrame, dict[str, Any], Recipe]:
        """Scores of recent origins, what the release will say of them, and the recipe that serves by the written rule."""
        from forecast.evaluation import backtest, scores, selection
        from forecast.evaluation.cautions import left_behind

        number, step = EVALUATED[self.panel]
        origins = backtest.recent_origins(self.counts, number=number, horizon=EVALUATED_HORIZON, step=step)
        scored = self._replay(f"evaluating at {len(origins)} origins", self.recipes, origins, cache=self.cache)
        alone = [backtest.beside(recipe, ()) for recipe in self.recipes]
        past = backtest.record_origins(self.counts, months=RECORD_MONTHS, step=RECORD_STEP)
        # The competing recipes are quick; remembering so many origins of theirs would cost more room than it saves time.
        record = self._replay(f"replaying the record of {len(past)} origins", alone, past, cache=None)

        verdict = selection.choose(record, [recipe.name for recipe in self.recipes], champion=self.champion)
        chosen = next(recipe for recipe in self.recipes if recipe.name == verdict.name)
        own = record[(record["model"] == verdict.name) & (record["group"] != "total")]
        trust = selection.confidence(own, contradicted=left_behind(self.counts, self._others()) is not None)
        report = scores.report(scored, origins=origins)
        return scored, report | {"selection": verdict.figures(), "confidence": trust}, chosen

    def _replay(self, name: str, recipes: Sequence[Recipe], origins: Sequence[Month], *, cache: FitCache | None) -> DataFrame:
        from forecast.evaluation import backtest, scores

        job = self.job
        fits = backtest.fits_needed(recipes, self.counts, origins, horizon=EVALUATED_HORIZON)
        self._step(name, len(fits))
        past = backtest.run(
            recipes, self.counts, origins, horizon=EVALUATED_HORIZON, workers=job.workers, deadline=job.deadline,
            cache=cache, on_fit=self.progress.advance,
        )  # fmt: skip
        return scores.score(forecasts=past.forecasts, truth=self.counts)

    def _others(self) -> list[Counts]:
        """The other panels, as they were public on the same day."""
        archive, day = self.job.archive, self.counts.as_of
        return [archive.as_of(other, day) for other in PANELS if other != self.panel and archive.vintages(other, as_of=day)]

    def _fit(self, recipe: Recipe) -> Run:
        self._step(f"fitting through {self.counts.through}", len(recipe.fitted) * len(self.counts.open_areas))
        job = self.job
        made = kitchen.run(
            recipe, self.counts, origin=self.counts.through, workers=job.workers, deadline=job.deadline, on_fit=self.progress.advance
        )
        if failed := Counter(fit.member.label for fit in made.fits if fit.failure is not None):
            told = ", ".join(f"{label} {number}" for label, number in failed.most_common())
            self.progress.say(
                f"{self.panel}: the floor stands in for {failed.total()} of {len(made.fits)} fits ({told}); MLflow has the reasons"
            )
        return made

    def _manifest(self, made: Run, report: dict[str, Any]) -> Manifest:
        from forecast.evaluation.cautions import cautions, stale_after

        counts, now = self.counts, self.job.clock()
        issued = counts.as_of if self.hindcast else now.date()
        return Manifest(
            panel=self.panel,
            key=self.key,
            issued_at=now,
            as_of=counts.as_of,
            origin=counts.through,
            stale_after=stale_after(counts.through),
            data_digest=counts.digest,
            recipe=made.recipe.name,
            code_version=code_version(),
            hindcast=self.hindcast,
            scores=report,
            fallbacks=made.fallbacks,
            notes=cautions(counts, horizon=made.recipe.horizon, issued=issued, others=self._others()),
        )

    def _log(self, manifest: Manifest, made: Run, scored: DataFrame, report: dict[str, Any]) -> Manifest:
        """The manifest with the id of its tracking run; without one where the tracking server does not answer."""
        from forecast.release import tracking

        self._step("logging to MLflow")
        training = tracking.Training(
            panel=self.panel,
            release_id=manifest.id,
            run=made,
            scores=scored,
            champion=made.recipe.name,
            verdict=report["selection"],
            code_version=manifest.code_version,
            started=manifest.issued_at,
            hindcast=self.hindcast,
        )
        try:
            return replace(manifest, run_id=tracking.log(training, uri=self.job.tracking, artifacts=self.job.artifacts))
        except TrackingError as error:
            self.progress.say(f"{self.panel}: published without a tracking run. {error}")
            return manifest
