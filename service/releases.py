"""The newest release of every panel in memory, swapped when the store has a newer one; alarms; older ones on demand.

A store that is down stops nothing: what is in memory is served on. Reads no clock.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

import anyio
import anyio.to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from forecast.core.errors import StoreError, one_line
from forecast.release import alarms, corrections, keys, read
from forecast.release.alarms import AlarmChange
from forecast.release.corrections import Correction
from forecast.release.read import JointDraws, Release
from service.catalogue import Catalogue
from service.draws import DrawCache

__all__ = ["ReleaseCache"]

log = logging.getLogger(__name__)

T = TypeVar("T")


class ReleaseCache:
    """Releases at hand. `kept`: how many older ones stay in memory; `draw_bytes`: what joint draws may take of it;
    `keyed`: whether the API keys are looked at too.

    Everything may be called from any thread.
    """

    def __init__(self, engine: Engine, *, kept: int, draw_bytes: int = 64_000_000, keyed: bool = False) -> None:
        self.engine = engine
        self._draws = DrawCache(draw_bytes)
        # Digest -> name of the API keys in force, replaced as a whole; None until they have been read, and where nobody
        # looks.
        self.keys: Mapping[str, str] | None = None
        self._keyed = keyed
        # Replaced as a whole, never changed: a reader has the old set or the new one.
        self.newest: Mapping[str, Release] = {}
        # What can be asked about; replaced with it.
        self.catalogue = Catalogue()
        # Open alarms, by panel; replaced as a whole too.
        self.alarms: Mapping[str, tuple[AlarmChange, ...]] = {}
        # What was corrected after it had been served, as last seen.
        self.corrections: list[Correction] = []
        # Grows with every swap of either, and with every change of the counts, scores and releases in the store,
        # so that answers made from an older set are known as such.
        self.generation = 0
        # How often each panel's release was swapped, and how many looks at the store failed.
        self.swaps: Counter[str] = Counter()
        self.failures = 0
        # Why the last look at the store failed, in one line; empty after one that did not.
        self.failure = "The store has not been read yet."
        self._kept = kept
        self._content: Hashable = None
        # Release -> its MLflow run, as last seen: the one thing about a release that may come after it.
        self._runs: Mapping[str, str] = {}
        self._older: OrderedDict[str, Release] = OrderedDict()
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Look at the store once. What cannot be read stays as it was, and is the `failure`."""
        failures = self.failures
        wanted = self._look("The store cannot be read, or nothing was ever published into it", read.pointers, None)
        if wanted is None:
            return
        made = self._look("The corrections cannot be read", corrections.of_panel, self.corrections)
        # A release says what was corrected since it was issued: with a new correction all at hand are read again.
        corrected = made != self.corrections
        if corrected:
            with self._lock:
                self._older.clear()
        if self._keyed:
            self.keys = self._look("The API keys cannot be read", keys.in_force, self.keys)
        newest = dict(self.newest)
        for panel, identity in wanted.items():
            known = newest.get(panel)
            if corrected or known is None or known.id != identity:
                load = read.load if corrected else self._at_hand
                release = self._look(f"Release {identity} cannot be read", partial(load, release_id=identity), known)
                if release is not None:
                    newest[panel] = release
        opened = self._look("The alarms cannot be read", alarms.opened, self.alarms)
        unread: tuple[Hashable, Mapping[str, str] | None] = (self._content, None)
        content, runs = self._look("The counts, scores and runs cannot be read", self._content_and_runs, unread)
        if runs is not None:
            newest = self._with_runs(runs, newest)
        if self.failures == failures:
            self.failure, self.corrections = "", made
        changed = corrected or content != self._content or opened != self.alarms
        self._content, self.alarms = content, opened
        if any(release is not self.newest.get(panel) for panel, release in newest.items()):
            self.swaps.update(
                panel
                for panel, release in newest.items()
                if panel not in self.newest or self.newest[panel].id != release.id
            )
            catalogue = Catalogue(newest.values())
            self.newest = {panel: newest[panel] for panel in sorted(newest, key=catalogue.panel_place)}
            self.catalogue = catalogue
            changed = True
            log.info("Serving %s", ", ".join(release.id for release in self.newest.values()))
        if changed:
            self.generation += 1

    def _look(self, what: str, look: Callable[[Engine], T], instead: T) -> T:
        """What a look at the store gives, or `instead` where it fails, as `what` says."""
        try:
            return look(self.engine)
        except (StoreError, SQLAlchemyError) as error:
            self._fail(what, error)
            return instead

    def _content_and_runs(self, engine: Engine) -> tuple[Hashable, Mapping[str, str] | None]:
        """The stamp of counts, scores and runs, and the runs where it is another than last time."""
        content = read.content_stamp(engine)
        return content, read.runs(engine) if content != self._content else None

    def _with_runs(self, runs: Mapping[str, str], releases: Mapping[str, Release]) -> dict[str, Release]:
        """Some releases with their runs; those at hand are replaced by the same with theirs."""

        def named(one: Release) -> Release:
            return one if one.run_id == runs.get(one.id) else replace(one, run_id=runs.get(one.id))

        with self._lock:
            self._runs = runs
            for identity, one in self._older.items():
                self._older[identity] = named(one)
        return {panel: named(one) for panel, one in releases.items()}

    def release(self, identity: str) -> Release:
        """The release of an id, from memory or from the store. Raises NoRelease, StoreError."""
        return self._at_hand(self.engine, identity)

    def _at_hand(self, engine: Engine, release_id: str) -> Release:
        for one in self.newest.values():
            if one.id == release_id:
                return one
        with self._lock:
            if release_id in self._older:
                self._older.move_to_end(release_id)
                return self._older[release_id]
        loaded = read.load(engine, release_id)
        with self._lock:
            # The run may have come while the release was being read.
            loaded = replace(loaded, run_id=self._runs.get(release_id, loaded.run_id))
            self._older[release_id] = loaded
            while len(self._older) > self._kept:
                self._older.popitem(last=False)
        return loaded

    def joint_draws(self, release: Release) -> JointDraws:
        """The joint draws of a release, from memory or from the store, verified. Raises NoRelease, StoreError."""
        return self._draws.of(self.engine, release)

    async def keep_fresh(self, seconds: float) -> None:
        """Look at the store every `seconds` until cancelled. Nothing that a look meets ends the looking."""
        while True:
            await anyio.sleep(seconds)
            try:
                await anyio.to_thread.run_sync(self.refresh)
            except Exception as error:  # a service that stopped looking would serve an old release for ever
                log.exception("A look at the store ended unexpectedly")
                self._fail("A look at the store ended unexpectedly", error)

    def _fail(self, what: str, error: Exception) -> None:
        """Remember and log a failure, once while it lasts. The log has the driver's words, clients see `what`."""
        if self.failure != f"{what}.":
            log.warning("%s: %s", what, one_line(error)[:500])
        self.failure = f"{what}."
        self.failures += 1
