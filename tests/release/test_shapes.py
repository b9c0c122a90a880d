"""What leaves the project: the service's own CSV, the quantile table, and model output that the hub's tasks allow."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from itertools import groupby

import jsonschema
import pytest

from forecast.core.errors import LevelsError
from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.core.tables import LEVELS
from forecast.release import read, shapes
from forecast.release.hub_tasks import hub_tasks
from forecast.release.intervals import Wanted
from tests.catalogue import PANELS, SECTORS, STATES, area, cell
from tests.release.shaped import office, sectors, states

__all__ = ["office", "sectors", "states"]

# Source: hubverse, tasks-schema.json of version 5: what our own file uses of it, and no more.
TASK_ID = {
    "type": "object",
    "properties": {
        name: {"type": ["array", "null"], "uniqueItems": True, "minItems": 1} for name in ("required", "optional")
    },
    "required": ["required", "optional"],
    "additionalProperties": False,
}
TASKS = {
    "type": "object",
    "properties": {
        "schema_version": {"pattern": r"/hubverse-org/schemas/main/v5\.0\.0/tasks-schema\.json$"},
        "rounds": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "round_id_from_variable": {"const": True},
                    "round_id": {"const": "origin_date"},
                    "model_tasks": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "properties": {
                                "task_ids": {"type": "object", "additionalProperties": TASK_ID},
                                "output_type": {
                                    "type": "object",
                                    "properties": {
                                        "quantile": {
                                            "type": "object",
                                            "properties": {
                                                "output_type_id": {
                                                    "type": "object",
                                                    "properties": {
                                                        "required": {
                                                            "type": "array",
                                                            "uniqueItems": True,
                                                            "items": {"type": "number", "minimum": 0, "maximum": 1},
                                                        }
                                                    },
                                                    "required": ["required"],
                                                    "additionalProperties": False,
                                                },
                                                "value": {
                                                    "type": "object",
                                                    "properties": {
                                                        "type": {"enum": ["double", "integer"]},
                                                        "minimum": {"type": "number"},
                                                        "maximum": {"type": "number"},
                                                    },
                                                    "required": ["type"],
                                                    "additionalProperties": False,
                                                },
                                                "is_required": {"type": "boolean"},
                                            },
                                            "required": ["output_type_id", "value", "is_required"],
                                            "additionalProperties": False,
                                        },
                                        "sample": {
                                            "type": "object",
                                            "properties": {
                                                "output_type_id_params": {
                                                    "type": "object",
                                                    "properties": {
                                                        "type": {"enum": ["integer", "character"]},
                                                        "min_samples_per_task": {"type": "integer", "minimum": 1},
                                                        "max_samples_per_task": {"type": "integer", "minimum": 1},
                                                        "compound_taskid_set": {"type": "array", "uniqueItems": True},
                                                    },
                                                    "required": [
                                                        "type",
                                                        "min_samples_per_task",
                                                        "max_samples_per_task",
                                                    ],
                                                    "additionalProperties": False,
                                                },
                                                "value": {"type": "object", "required": ["type"]},
                                                "is_required": {"const": False},
                                            },
                                            "required": ["output_type_id_params", "value", "is_required"],
                                            "additionalProperties": False,
                                        },
                                    },
                                    "required": ["quantile"],
                                    "additionalProperties": False,
                                },
                                "target_metadata": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "properties": {
                                            "target_id": {"type": "string", "maxLength": 30},
                                            "target_name": {"type": "string", "maxLength": 100},
                                            "target_units": {"type": "string", "maxLength": 100},
                                            "target_keys": {"type": "object", "minProperties": 1, "maxProperties": 1},
                                            "target_type": {"enum": ["continuous", "discrete"]},
                                            "is_step_ahead": {"const": True},
                                            "time_unit": {"const": "month"},
                                        },
                                        "required": [
                                            *("target_id", "target_name", "target_units", "target_keys"),
                                            *("target_type", "is_step_ahead", "time_unit"),
                                        ],
                                    },
                                },
                            },
                            "required": ["task_ids", "output_type", "target_metadata"],
                            "additionalProperties": False,
                        },
                    },
                    "submissions_due": {
                        "type": "object",
                        "properties": {
                            "relative_to": {"const": "origin_date"},
                            "start": {"type": "integer"},
                            "end": {"type": "integer"},
                        },
                        "required": ["relative_to", "start", "end"],
                        "additionalProperties": False,
                    },
                },
                "required": ["round_id_from_variable", "round_id", "model_tasks", "submissions_due"],
            },
        },
        "output_type_id_datatype": {"const": "double"},
        "derived_task_ids": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["schema_version", "rounds"],
    "additionalProperties": False,
}


def row_rules(tasks):
    """The JSON schema of one row of model output, as tasks.json allows it:
    the columns of one of its groups of tasks, and no others.
    """
    groups = []
    for group in tasks["rounds"][0]["model_tasks"]:
        cells = {
            name: {"enum": [*(one["required"] or []), *(one["optional"] or [])]}
            for name, one in group["task_ids"].items()
        }
        quantile = group["output_type"]["quantile"]
        cells |= {
            "output_type": {"const": "quantile"},
            "output_type_id": {"enum": quantile["output_type_id"]["required"]},
            "value": {"type": "number", "minimum": quantile["value"]["minimum"]},
        }
        groups.append({"type": "object", "properties": cells, "required": list(cells), "additionalProperties": False})
    return {"oneOf": groups}


@pytest.fixture(scope="module")
def tasks(sectors, states):
    return json.loads(hub_tasks([sectors, states]))


@pytest.fixture(scope="module")
def allowed(tasks):
    """A function that raises ValidationError for a row that tasks.json does not allow."""
    validator = jsonschema.Draft202012Validator(row_rules(tasks))

    def check(row):
        validator.validate({name: str(cell) if isinstance(cell, date) else cell for name, cell in row.items()})

    return check


def rows_of(release, areas=None):
    rows = shapes.hubverse(shapes.choose(release, areas)).rows()
    return [dict(zip(shapes.HUBVERSE, row, strict=True)) for row in rows]


@pytest.mark.parametrize("panel", PANELS)
def test_the_csv_has_the_bytes_of_the_service(office, panel):
    release = read.latest(office.engine, panel)
    with office.client() as client:
        served = client.get(f"/v1/releases/{release.id}/forecasts.csv").content
    assert b"".join(shapes.intervals(shapes.choose(release)).csv()) == served


def test_the_csv_of_some_areas_per_day_and_with_staleness_has_the_bytes_of_the_service(office, sectors):
    with office.client() as client:
        served = client.get("/v1/forecasts.csv?area=tucson,el-paso&coverage=20,98&unit=day&horizon=2").content
    chosen = shapes.choose(sectors, ["tucson", "el-paso"])
    made = b"".join(shapes.intervals(chosen, Wanted((20, 98), "day", 2), today=office.now.date()).csv())
    assert made == served
    assert b",false,tucson," in made


def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe_and_numbers_never(sectors):
    lines = shapes.csv_table(
        ("a", "b"), [("=1+1", -3), ("+x", -0.5), ("-x", 7), ("@x", 0), ("\tx", 1), ("\rx", 2), ("x=1", 3)]
    )
    assert lines == b"a,b\r\n'=1+1,-3\r\n'+x,-0.5\r\n'-x,7\r\n'@x,0\r\n'\tx,1\r\n\"'\rx\",2\r\nx=1,3\r\n"
    made = b"".join(shapes.intervals(shapes.choose(sectors, ["tucson"]), Wanted(horizon=1)).csv())
    assert made.endswith(b',"\'=FIT() failed, the floor stands in"\r\n')
    assert b",1,-1," in made


def test_the_tasks_have_the_form_that_hubs_read(tasks):
    jsonschema.validate(tasks, TASKS)
    for group in tasks["rounds"][0]["model_tasks"]:
        (target,) = group["target_metadata"]
        assert list(target["target_keys"].values()) == group["task_ids"]["target"]["required"]
        assert set(tasks["derived_task_ids"]) < set(group["task_ids"])
        assert (*group["task_ids"], "output_type", "output_type_id", "value") == tuple(shapes.HUBVERSE)


def test_the_tasks_hold_every_area_month_and_level_that_the_project_knows(tasks):
    months = [str(Month.of(year, number).last_day) for year in range(2000, 2050) for number in range(1, 13)]
    cells = [cell(code, region).slug for code in STATES for region in ("southwest", "northern", "other")]
    known = {
        "usbp-sectors": {one.slug for one in SECTORS}
        | {parent for one in SECTORS for parent in one.parents}
        | {"nation"},
        "cbp-states": {*cells, *(parent for slug in cells for parent in area(slug).parents), "states-nation"},
    }
    groups = {group["task_ids"]["target"]["required"][0]: group for group in tasks["rounds"][0]["model_tasks"]}
    for panel in PANELS:
        group = groups.pop(bundled()[panel].target)
        ids = group["task_ids"]
        assert set(ids["location"]["optional"]) == known[panel]
        assert ids["origin_date"]["optional"] == ids["target_end_date"]["optional"] == months
        assert ids["horizon"]["optional"] == list(range(1, 61))
        assert group["output_type"]["quantile"]["output_type_id"]["required"] == list(LEVELS)
    assert not groups


@pytest.mark.parametrize("panel", PANELS)
def test_every_row_of_model_output_is_allowed_by_the_tasks(office, allowed, panel):
    release = read.latest(office.engine, panel)
    rows = rows_of(release)
    assert len(rows) == len(release.areas) * 3 * 23
    for row in rows:
        allowed(row)


def test_the_tasks_refuse_what_no_release_may_say(sectors, allowed):
    (row, *_) = rows_of(sectors)
    wrong = {
        "value": -0.01,
        "output_type_id": 0.33,
        "location": "state-tx",
        "origin_date": "2024-11-01",
        "horizon": 0,
        "target": "arrivals",
    }
    for name, cell_ in wrong.items():
        with pytest.raises(jsonschema.ValidationError):
            allowed({**row, name: cell_})
    with pytest.raises(jsonschema.ValidationError):
        allowed({**row, "release": "x"})


def test_quantiles_of_model_output_are_whole_and_in_order_per_task(states):
    for _, task in groupby(rows_of(states), key=lambda row: (row["location"], row["horizon"])):
        rows = list(task)
        assert [row["output_type_id"] for row in rows] == list(LEVELS)
        values = [row["value"] for row in rows]
        assert values == sorted(values)
        assert values[0] >= 0


def test_model_output_says_which_month_is_meant_in_days(sectors):
    rows = [row for row in rows_of(sectors, ["el-paso"]) if row["output_type_id"] == 0.5]
    assert [(row["origin_date"], row["horizon"], row["target_end_date"], row["value"]) for row in rows] == [
        (date(2024, 11, 30), 1, date(2024, 12, 31), 600.0),
        (date(2024, 11, 30), 2, date(2025, 1, 31), 700.0),
        (date(2024, 11, 30), 3, date(2025, 2, 28), 800.0),
    ]


def test_model_output_of_both_panels_is_one_table_with_two_targets(sectors, states):
    chosen = [*shapes.choose(sectors, ["nation"]), *shapes.choose(states, ["states-nation"])]
    lines = b"".join(shapes.hubverse(chosen).csv()).decode().split("\r\n")
    assert lines[0] == "origin_date,target,horizon,location,target_end_date,output_type,output_type_id,value"
    assert lines[1] == "2024-11-30,monthly USBP encounters,1,nation,2024-12-31,quantile,0.01,660.0"
    assert lines[1 + 3 * 23] == "2025-09-30,monthly CBP encounters,1,states-nation,2025-10-31,quantile,0.01,880.0"
    assert len(lines) == 1 + 2 * 3 * 23 + 1


def test_a_release_that_lacks_a_level_is_told_and_not_interpolated(sectors):
    poorer = replace(sectors, levels=(0.1, 0.5, 0.9))
    with pytest.raises(LevelsError, match="50 %"):
        list(shapes.intervals(shapes.choose(poorer)).csv())


def test_importing_the_shapes_loads_no_table_library():
    code = (
        "import sys, forecast.release.shapes; print([name for name in ('pandas', 'pyarrow', 'numpy') if name in "
        "sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
