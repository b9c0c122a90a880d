"""An outbox of small retrainings, for the tests of what is sent out of it and of who sends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from forecast.release.tracking import outbox
from forecast.release.tracking.describing import describe
from forecast.release.tracking.handover import Handover

PANEL = "cbp-states"
RECIPE = """
name = "walks"
purpose = "Two cheap members."
horizon = 4
samples = 20
seed = 11
[[members]]
model = "random_walk"
scale = "log"
[[members]]
model = "random_walk"
scale = "raw"
"""


@dataclass
class Box:
    """An outbox, and what MLflow has of its releases."""

    place: Path
    training: Handover

    def describe(self, release: str, later: timedelta = timedelta()) -> str:
        named = replace(self.training, release_id=f"{PANEL}-2024-11-{release}", started=self.training.started + later)
        describe(named, self.place / named.release_id)
        return named.release_id

    def deliver(self, *releases: str, uri: str, budget: float, served: str | None = None) -> outbox.Delivery:
        """Send them as a retraining does, which removes what has arrived."""
        delivery = outbox.deliver(
            self.place, releases, panel=PANEL, served=served, uri=uri, artifacts="file:///nowhere", budget=budget
        )
        for release in delivery.runs:
            outbox.remove(self.place, release)
        return delivery
