"""The bank over a panel of any size: a small one at once, a large one in batches of series, so that the memory it takes
is a batch's. Knows no smoother.

A batch is run until it needs what the whole panel teaches (`groups`); when every batch has said its share of that, all
are run again, further. Of a batch there remains what was judged, a small part of what it took.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TypeVar

import numpy as np

from forecast.core.errors import FitError
from forecast.core.executor import HERE, Executor
from forecast.core.tables import Series
from forecast.models.bank.future import Future, Judged, calibrate, forecast, judge
from forecast.models.bank.groups import Learnt, Unlearnt
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays, panel_of, require_common_end
from forecast.models.bank.seasonality import changes_of_groups
from forecast.models.bank.short import KNOWN_STEPS, known_by_group
from forecast.models.bank.spread import shrink_upper_tail
from forecast.models.protocol import Parameters

__all__ = ["CELLS", "Taught", "teach"]

# Steps times series of a batch, each of which takes some 8 kB while it is worked on: 200 series of ten years.
CELLS = 24_000
# Steps that a panel needs: one change to see, and one to judge it by.
_LEAST = 4

log = logging.getLogger(__name__)

Work = TypeVar("Work")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Taught(Mapping[str, Parameters]):
    """Area -> what `Bank.restore` makes its fit of, worked out when it is asked for.

    `panels`: the batches of the panel; `futures`: what the bank says of each; `places`: area -> batch and place in it.
    """

    panels: Sequence[PanelArrays]
    futures: Sequence[Future]
    places: Mapping[str, tuple[int, int]]
    options: Options

    def __getitem__(self, area: str) -> Parameters:
        batch, place = self.places[area]
        panel, future = self.panels[batch], self.futures[batch]
        working = future.median[place][:, None] + future.scale[place][:, None] * future.shape[place]
        working = shrink_upper_tail(working, future.median[place], panel.values[:, place], self.options)
        return {
            "quantiles": np.maximum.accumulate(panel.counts(working, place), axis=1),
            "gain": float(future.gain[place]),
            "trends": future.trends[place].tolist(),
            "surprises": future.surprises[panel.began[place] :, place].round(2).tolist(),
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def teach(
    series: Sequence[Series],
    horizon: int,
    options: Options,
    *,
    executor: Executor,
    cells: int = CELLS,
) -> Taught:
    """What the bank says of every series of a panel. Raises FitError where they do not end together or are too short.

    `executor`: where batches are worked on; `cells`: steps times series of one.
    """
    require_common_end(series)  # of all, as batches see their own alone
    panels = _batches(series, options, cells)
    if max(int((~np.isnan(panel.values)).sum(axis=0).max()) for panel in panels) < _LEAST:
        raise FitError(f"No series of the panel has {_LEAST} known months. Use model random_walk.")
    places = {one.area: (batch, place) for batch, panel in enumerate(panels) for place, one in enumerate(panel.series)}
    if len(panels) == 1:
        return Taught(panels, [_forecast(_Question(panels[0].digest, horizon, options, panels[0]))], places, options)
    learnt = Learnt(len({one.group for one in series}), {KNOWN_STEPS: known_by_group(panels)})
    bare = [replace(panel, series=()) for panel in panels]  # what workers are sent
    # What is soon done is done here: workers would take longer to start.
    _, learnt = _until_learnt(bare, learnt, _changes, HERE)
    judged, learnt = _until_learnt(bare, learnt, partial(_judge, horizon, options), executor)
    calibrated = partial(_calibrate, options)
    futures, _ = _until_learnt(list(zip(bare, judged, strict=True)), learnt, calibrated, HERE)
    return Taught(panels, futures, places, options)


@dataclass(frozen=True)
class _Question:
    """A panel, a horizon and options; equal where the figures are equal."""

    digest: str
    horizon: int
    options: Options
    panel: PanelArrays = field(compare=False)


@lru_cache(maxsize=2)
def _forecast(question: _Question) -> Future:
    """`forecast`, remembered: recipes that are compared ask it of the same panels."""
    return forecast(question.panel, question.horizon, question.options)


def _batches(series: Sequence[Series], options: Options, cells: int) -> list[PanelArrays]:
    """The series side by side, some at a time where they are too many."""
    steps = max(len(one.values) for one in series)
    many = max(cells // steps, 1)
    if len(series) <= many:
        return [panel_of(series, options.offset)]
    groups = sorted({one.group for one in series})
    return [
        panel_of(series[start : start + many], options.offset, groups=groups, steps=steps)
        for start in range(0, len(series), many)
    ]


def _until_learnt(
    works: Sequence[Work],
    learnt: Learnt,
    make: Callable[[tuple[Learnt, Work]], Made | Unlearnt],
    executor: Executor,
) -> tuple[list[Made], Learnt]:
    """What `make` makes of each batch, and what was learnt of all of them to make it.

    Shares are added as they come, in the order of the batches, so that sums do not depend on which is done first.
    """
    while True:
        made: list[Made] = []
        name, share = "", None
        tasks = [(learnt, work) for work in works]
        for task, outcome in zip(
            tasks, executor.map(make, tasks, preload=("forecast.models.bank.batches",)), strict=True
        ):
            result = _done_here(make, task, outcome.failure) if outcome.result is None else outcome.result
            if isinstance(result, Unlearnt):
                name, share = result.name, result.share.after(share)
            else:
                made.append(result)
            del outcome, result  # else they would be held while the next batch is made
        if share is None:
            return made, learnt
        learnt = replace(learnt, known={**learnt.known, name: share.result()})


def _done_here(make: Callable[[Work], Made], work: Work, failure: str | None) -> Made:
    """A batch once more, in this process: one that came too late or whose worker was killed must not cost all others
    what they teach. Raises FitError where it fails here too.
    """
    log.warning("a batch of the panel's series is done again in the main process: %s", failure)
    (again,) = HERE.map(make, [work])
    if again.result is None:
        raise FitError(
            f"A batch of the panel's series could not be learnt from: {failure}; once more, in the main process: "
            f"{again.failure}. Look for a series unlike the others."
        )
    return again.result


def _changes(work: tuple[Learnt, PanelArrays]) -> bool | Unlearnt:
    return _made(lambda panel: changes_of_groups(panel) is not None, *work)


def _judge(horizon: int, options: Options, work: tuple[Learnt, PanelArrays]) -> Judged | Unlearnt:
    return _made(lambda panel: judge(panel, horizon, options), *work)


def _calibrate(options: Options, work: tuple[Learnt, tuple[PanelArrays, Judged]]) -> Future | Unlearnt:
    learnt, (batch, judged) = work
    return _made(lambda panel: calibrate(judged, panel, options), learnt, batch)


def _made(make: Callable[[PanelArrays], Made], learnt: Learnt, batch: PanelArrays) -> Made | Unlearnt:
    try:
        return make(replace(batch, learnt=learnt))
    except Unlearnt as wanting:
        return wanting.with_traceback(None)  # which holds all that the batch had made
