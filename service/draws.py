"""Joint draws of releases in memory, within a bound: read and verified once, the longest unasked given up first.

They are held as whole numbers of 32 bit, leaves alone. numpy is loaded with the first ones, not before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from sqlalchemy import Engine

from forecast.release import read
from forecast.release.read import JointDraws, Release

__all__ = ["DrawCache"]


class DrawCache:
    """Joint draws at hand, for any thread. `most`: bytes of them; those of the last release asked for always stay."""

    def __init__(self, most: int) -> None:
        self._most = most
        # By the checksum that they were verified against: a store restored from elsewhere may have other releases of
        # the same name.
        self._held: OrderedDict[str, JointDraws] = OrderedDict()
        # Held while they are read, so that many who ask at once cost one read.
        self._lock = threading.Lock()

    def of(self, engine: Engine, release: Release) -> JointDraws:
        """The joint draws of a release. Raises NoRelease, StoreError."""
        with self._lock:
            held = self._held.get(release.checksum)
            if held is None:
                held = read.joint_draws(engine, release.id)
                self._held[release.checksum] = held
            self._held.move_to_end(release.checksum)
            while len(self._held) > 1 and self.nbytes > self._most:
                self._held.popitem(last=False)
        return held

    @property
    def nbytes(self) -> int:
        """What they take in memory, in bytes."""
        return sum(held.nbytes for held in list(self._held.values()))
