"""The faults by name, in the order in which they are tried. Each is a function of a lane that returns an Outcome."""

from __future__ import annotations

from collections.abc import Callable

from tests.drill.faults import clocks, crowding, disk, downloads, kills, models, serving, starts, tracking
from tests.drill.lane import Lane
from tests.drill.outcome import Outcome

__all__ = ["FAULTS"]

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
    "publications under load": serving.publications_under_load,
    "store away while serving": serving.store_away,
    "crowd with heavy questions": crowding.heavy_questions,
    "crowd with the same question": crowding.same_question_at_once,
    "crowd that is idle": crowding.idle_connections,
    "crowd that repeats itself": crowding.repeated_questions,
}
