"""The faults by name, in the order in which they are tried. Each is a function of a lane that returns an Outcome."""

from __future__ import annotations

from collections.abc import Callable

from tests.drill.faults import clocks, cluster, crowding, disk, downloads, kills, models, serving, starts, tracking
from tests.drill.lane import Lane
from tests.drill.outcome import Outcome

__all__ = ["FAULTS", "IN_SHORT", "tried"]

FAULTS: dict[str, Callable[[Lane], Outcome]] = {
    "kill at every step": kills.at_every_step,
    "kill at every write": kills.at_every_write,
    "kill while a vintage is added": kills.while_a_vintage_is_added,
    "kill at random moments": kills.at_random_moments,
    "kill on the full panel": kills.on_the_full_panel,
    "disk full, retraining": disk.full_store,
    "disk full, adding a vintage": disk.full_archive,
    "starts at once": starts.at_once,
    "twenty commands at once": starts.commands_at_once,
    "stalled holder": starts.stalled_holder,
    "stalled in the publication": starts.stalled_in_the_publication,
    "clock off by two days": clocks.two_days_off,
    "daylight saving": clocks.daylight_saving,
    "damaged downloads": downloads.damaged_downloads,
    "revised history": downloads.revised_history,
    "rolling window": downloads.rolling_window,
    "tracking away": tracking.tracking_away,
    "misbehaving models": models.misbehaving,
    "breaking cluster": cluster.breaking,
    "publications under load": serving.publications_under_load,
    "store away while serving": serving.store_away,
    "crowd with heavy questions": crowding.heavy_questions,
    "crowd with the same question": crowding.same_question_at_once,
    "crowd that is idle": crowding.idle_connections,
    "crowd that repeats itself": crowding.repeated_questions,
}

# The short form tries these on one database: what they break is files, a service's memory or its sockets, models or an
# address, and what the store then does are the plain writes and readings that the other faults try on both. The whole
# drill tries everything on both.
IN_SHORT = {
    "kill while a vintage is added": "sqlite",
    "kill at random moments": "sqlite",
    "disk full, adding a vintage": "sqlite",
    "clock off by two days": "sqlite",
    "damaged downloads": "sqlite",
    "revised history": "postgresql",
    "rolling window": "sqlite",
    "tracking away": "postgresql",
    "misbehaving models": "postgresql",
    "breaking cluster": "sqlite",
    "crowd with heavy questions": "sqlite",
    "crowd with the same question": "postgresql",
    "crowd that is idle": "postgresql",
}


def tried(name: str, database: str, *, short: bool) -> bool:
    """Whether a fault is set upon a database, by the form of the drill."""
    return not short or IN_SHORT.get(name, database) == database
