"""One training under the lease, from evaluation to publication. Composes the wings; computes nothing.

Imported where something is new only: with it come pandas and the libraries of the models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast.core.errors import TrackingError, one_line
from forecast.core.memory import give_back
from forecast.core.months import Month
from forecast.core.tables import Counts, Forecasts
from forecast.core.version import code_version
from forecast.evaluation import backtest, chances, decisions, gates, record, scores, selection
from forecast.evaluation.cache import FitCache
from forecast.evaluation.cautions import cautions, contradiction, stale_after
from forecast.evaluation.cells import KEYS
from forecast.evaluation.comparison import Comparison
from forecast.models.fitting import make_ready
from forecast.pipeline import reporting
from forecast.pipeline.job import Job, Progress, Result
from forecast.pipeline.replaying import Replays
from forecast.recipe import routing
from forecast.recipe.recipe import Recipe, Run, member_forecasts
from forecast.recipe.recipe import run as run_recipe
from forecast.release import ledger, publish, read
from forecast.release.lease import Lease, renew
from forecast.release.manifest import Manifest
from forecast.release.replays import Replay
from forecast.release.tracking import outbox
from forecast.release.tracking.describing import describe
from forecast.release.tracking.handover import Handover

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Training"]

EVALUATED_HORIZON = 12
# The record by which the champion is chosen: the competing recipes alone, at origins of the last ten years, so many
# months apart.
RECORD_MONTHS, RECORD_STEP = 120, 3


@dataclass(frozen=True)
class _Evaluation:
    """`scored`: recipes and members at a few recent origins; `report`: what the release says of it; the `champion` was
    chosen by the record of the competing recipes at many origins, of which `documents` tell.
    """

    scored: DataFrame
    report: dict[str, Any]
    champion: Recipe
    documents: dict[str, str]


@dataclass(frozen=True)
class Training:
    """One training under the lease, from evaluation to publication."""

    panel: str
    job: Job
    progress: Progress
    counts: Counts
    recipes: tuple[Recipe, ...]
    champion: str | None
    key: str
    lease: Lease
    run: int
    hindcast: bool

    def publish(self) -> Result:
        """Go the whole road. Raises GateRefused, LockHeld where the lease was lost, and every other EncountersError."""
        make_ready([member for recipe in self.recipes for member in recipe.fitted], executor=self.job.executor)
        evaluation = self._evaluate()
        give_back()  # of thousands of series, hundreds of megabytes that the fits need now
        made = self._fit(evaluation.champion)
        gates.check(forecasts=made.forecasts, counts=self.counts, fallbacks=made.fallbacks)
        replays = self._replays(evaluation.champion)
        manifest = self._manifest(made, evaluation.report)
        self._describe(manifest, made, evaluation)
        self._step("publishing")
        renew(self.job.engine, self.lease)
        published = publish.publish(
            self.job.engine,
            manifest=manifest,
            forecasts=made.forecasts,
            paths=made.leaves,
            now=self.job.clock(),
            lease=self.lease,
            panel=self.counts.panel,
            models=self._beside(made),
            replays=replays,
        )
        return Result(self.panel, "published", published.id, manifest.notes)

    def _beside(self, made: Run) -> list[Forecasts]:
        """The forecasts of the members that were compared, to be issued with the release and scored as it is."""
        pooled = {member.label for member in made.recipe.pooled}
        tables = member_forecasts([fit for fit in made.fits if fit.failure is None], origin=self.counts.through)
        return [table for table in tables if table.model not in pooled or len(pooled) > 1]

    def _replays(self, champion: Recipe) -> list[Replay]:
        """What the champion would have said at the months before; a hindcast is such a replay itself, and has none."""
        if self.hindcast:
            return []
        planned = Replays.of(champion, self.counts, self.job.archive, cache=self.job.cache)
        self._step("replaying the months before", planned.fits_needed())
        made, ended = planned.make(executor=self.job.executor, on_fit=self.progress.advance)
        if ended:
            self.progress.say(
                f"{self.panel}: the release has no replay from {', '.join(map(str, ended))}: fits were ended at the "
                "deadline. A longer ENCOUNTERS_FIT_DEADLINE lets them end."
            )
        return made

    def describe_again(self, manifest: Manifest) -> None:
        """Describe a release that is published for an MLflow that lacks it.

        Counts, recipes and code must be those it was made with.
        """
        evaluation = self._evaluate()
        made = self._fit(next(recipe for recipe in self.recipes if recipe.name == manifest.recipe))
        self._describe(manifest, made, evaluation)

    def _step(self, name: str, fits: int | None = None) -> None:
        ledger.step(self.job.engine, self.run, name, now=self.job.clock())
        renew(self.job.engine, self.lease)
        self.progress.begin(f"{self.panel}: {name}", fits)

    def _evaluate(self) -> _Evaluation:
        """Scores of recent origins, what the release will say of them, the record, and the recipe that serves by the
        written rule.
        """
        number, step = self.counts.panel.evaluation
        origins = backtest.recent_origins(self.counts, number=number, horizon=EVALUATED_HORIZON, step=step)
        scored = self._evaluated(origins)
        give_back()
        replayed, judged_on = self._record(), self.counts.panel.judged_on
        self._step("scoring the record")
        past = scores.score(forecasts=replayed, truth=self.counts)
        verdict = selection.choose(
            past, [recipe.name for recipe in self.recipes], judged_on=judged_on, champion=self.champion
        )
        lately = selection.held(past, verdict.name, judged_on=judged_on)
        gates.check_coverage(lately, self.panel)
        chosen = next(recipe for recipe in self.recipes if recipe.name == verdict.name)
        own = past.loc[(past["model"] == verdict.name) & (past["group"] != "total"), [*KEYS, "coverage_80"]]
        newer = contradiction(self.counts, self.job.others(self.counts))
        trust = selection.confidence(
            own, judged_on=judged_on, contradicted=f"{newer.panel}, {newer.month}" if newer else ""
        )
        champion = [one for one in replayed if one.model == verdict.name]
        report = scores.report(scored, origins=origins) | {
            "selection": verdict.figures() | {"coverage": lately.figures()},
            "confidence": trust,
            "exceedance": chances.report(chances.chances(forecasts=champion, truth=self.counts), model=verdict.name),
            "decisions": decisions.report(decisions.costs(forecasts=champion, truth=self.counts), model=verdict.name),
        }
        kept = reporting.record_of(
            self.counts,
            recipes=self.recipes,
            champion=chosen,
            scores=past,
            forecasts=replayed,
            origins=sorted({forecasts.origin for forecasts in replayed}),
            horizon=EVALUATED_HORIZON,
            made=self.job.clock(),
        )
        give_back()
        # Here, since the record of thousands of series takes as much memory as the fits that come next.
        return _Evaluation(scored, report, chosen, self._report(kept))

    def _evaluated(self, origins: Sequence[Month]) -> DataFrame:
        """Scores of the recipes and of every member, at a few origins."""
        job = self.job
        fits = backtest.fits_needed(self.recipes, self.counts, origins, horizon=EVALUATED_HORIZON)
        self._step(f"evaluating at {len(origins)} origins", len(fits))
        past = backtest.run(
            self.recipes, self.counts, origins, horizon=EVALUATED_HORIZON, executor=job.executor,
            cache=FitCache(job.cache), on_fit=self.progress.advance,
        )  # fmt: skip
        return scores.score(forecasts=past.forecasts, truth=self.counts)

    def _record(self) -> tuple[Forecasts, ...]:
        """Forecasts of the competing recipes, at many origins."""
        origins = record.origins(self.counts, months=RECORD_MONTHS, step=RECORD_STEP)
        kept = record.Record(self.job.cache, self.recipes, self.counts, origins, EVALUATED_HORIZON)
        self._step(f"replaying the record of {len(origins)} origins", kept.fits_needed())
        return kept.replay(executor=self.job.executor, on_fit=self.progress.advance).forecasts

    def _fit(self, recipe: Recipe) -> Run:
        self._step(f"fitting through {self.counts.through}", len(recipe.fitted) * len(self.counts.open_areas))
        job = self.job
        made = run_recipe(
            recipe,
            self.counts,
            origin=self.counts.through,
            executor=job.executor,
            on_fit=self.progress.advance,
        )
        fits = (*made.fits, *made.above)
        if failed := Counter(fit.member.label for fit in fits if fit.failure is not None):
            causes = ", ".join(f"{label} {number}" for label, number in failed.most_common())
            self.progress.say(
                f"{self.panel}: the floor stands in for {failed.total()} of {len(fits)} fits ({causes}); MLflow "
                "has the reasons"
            )
        return made

    def _manifest(self, made: Run, report: dict[str, Any]) -> Manifest:
        counts, now = self.counts, self.job.clock()
        sparse = routing.sparsely(fit for fit in made.fits if fit.member in made.recipe.pooled)
        said = (routing.sentence(len(sparse), len(counts.open_areas), scaled=bool(made.above)),) if sparse else ()
        issued = counts.as_of if self.hindcast else now.date()
        return Manifest(
            panel=self.panel,
            key=self.key,
            issued_at=now,
            as_of=counts.as_of,
            origin=counts.through,
            stale_after=stale_after(counts),
            data_digest=counts.digest,
            recipe=made.recipe.name,
            code_version=code_version(),
            hindcast=self.hindcast,
            scores=report | {"draws": made.recipe.draws} | ({"sparse": list(sparse)} if sparse else {}),
            fallbacks=made.fallbacks,
            notes=cautions(counts, horizon=made.recipe.horizon, issued=issued, others=self.job.others(counts)) + said,
            sources=counts.sources,
            recipe_notes=said,
        )

    def _describe(self, manifest: Manifest, made: Run, evaluation: _Evaluation) -> None:
        """Write what MLflow is to get into the outbox, so that nothing of it is lost from the publication on."""
        self._step("describing it for MLflow")
        outbox.discard(
            self.job.outbox, self.panel, keep={summary.id for summary in read.releases(self.job.engine, self.panel)}
        )
        training = Handover(
            panel=self.panel,
            release_id=manifest.id,
            run=made,
            scores=evaluation.scored,
            champion=made.recipe.name,
            verdict=manifest.scores["selection"],
            code_version=manifest.code_version,
            started=manifest.issued_at,
            hindcast=self.hindcast,
            documents=evaluation.documents,
        )
        try:
            describe(training, self.job.outbox / manifest.id)
        except TrackingError as error:
            self.progress.say(f"{self.panel}: MLflow gets no run of this training. {error}")

    def _report(self, kept: Comparison) -> dict[str, str]:
        """The report of the record, given to MLflow, and the record kept for `encounters compare`, whether a release
        comes of it or not; what fails is said.
        """
        try:
            if not self.hindcast:
                reporting.keep(self.job.cache, kept)
            return {"report.html": reporting.html(kept)}
        except Exception as error:  # a release is worth more than a page about it
            self.progress.say(f"{self.panel}: the report of this training failed. {one_line(error)}")
            return {}
