"""The `tasks.json` of a forecast hub that takes what releases say: rounds, task ids, levels, allowed values.

Writes no file. Source: hubverse, "Tasks.json", schema 5. What rows hold is in `shapes.HUBVERSE`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from forecast.core.months import Month, month_range
from forecast.core.panels import Panel, bundled, in_order
from forecast.release.read import Release

__all__ = ["hub_tasks"]

_SCHEMA = "https://raw.githubusercontent.com/hubverse-org/schemas/main/v5.0.0/tasks-schema.json"
# Rounds are taken from the first of these months, or from the first origin where that is earlier, to the last.
_FIRST, _LAST = Month.of(2000, 1), Month.of(2049, 12)
_HORIZONS = range(1, 61)
# Joint draws of one area and month; a release has 2,000.
_DRAWS = {"min_samples_per_task": 100, "max_samples_per_task": 2000}


def hub_tasks(releases: Iterable[Release]) -> bytes:
    """The file for the panels of some releases: a group of tasks each, in which every area is allowed that the panel
    has; of a bundled panel also those that no release has yet.
    """
    by_panel: dict[str, list[Release]] = {}
    for release in releases:
        by_panel.setdefault(release.manifest.panel, []).append(release)
    first = min([_FIRST, *(one.manifest.origin for own in by_panel.values() for one in own)])
    days = [str(month.last_day) for month in month_range(first, _LAST - first + 1)]
    hub = {
        "schema_version": _SCHEMA,
        "rounds": [
            {
                "round_id_from_variable": True,
                "round_id": "origin_date",
                "model_tasks": [_tasks(by_panel[name], days) for name in in_order(by_panel, list(bundled()))],
                "submissions_due": {"relative_to": "origin_date", "start": 0, "end": 366},
            }
        ],
        "output_type_id_datatype": "double",
        "derived_task_ids": ["target_end_date"],
    }
    return json.dumps(hub, ensure_ascii=False, indent=1).encode() + b"\n"


def _tasks(releases: Sequence[Release], days: Sequence[str]) -> dict[str, Any]:
    """The tasks of one panel, of which some releases are."""
    panel = bundled().get(releases[0].panel.id, releases[0].panel)
    for release in releases:
        panel = panel.joined(release.panel)
    value = {"type": "double", "minimum": 0}
    draws = {"type": "integer", **_DRAWS, "compound_taskid_set": ["origin_date"]}
    levels = sorted({level for release in releases for level in release.levels})
    return {
        "task_ids": {
            "origin_date": _optional(days),
            "target": {"required": [panel.target], "optional": None},
            "horizon": _optional(_HORIZONS),
            "location": _optional(panel.areas),
            "target_end_date": _optional(days),
        },
        "output_type": {
            "quantile": {"output_type_id": {"required": levels}, "value": value, "is_required": True},
            "sample": {"output_type_id_params": draws, "value": value, "is_required": False},
        },
        "target_metadata": [_target(panel)],
    }


def _optional(values: Iterable[Any]) -> dict[str, Any]:
    return {"required": None, "optional": list(values)}


def _target(panel: Panel) -> dict[str, Any]:
    return {
        "target_id": panel.target,
        "target_name": f"{panel.unit.capitalize()} per month: {panel.title}",
        "target_units": "count",
        "target_keys": {"target": panel.target},
        "description": f"{panel.unit.capitalize()} in a calendar month, from {panel.counted}. origin_date is the last "
        "day of the last observed month, target_end_date that of the month forecast.",
        "target_type": "discrete",
        "is_step_ahead": True,
        "time_unit": "month",
    }
