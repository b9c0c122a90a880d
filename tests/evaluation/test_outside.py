"""Forecasts of other programs: what is taken, under which names, and what is refused in one line."""

import numpy as np
import pandas as pd
import pytest

from forecast.core.declarations import declared
from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.core.tables import LEVELS, Forecasts
from forecast.counts.declared_panels import known_panels
from forecast.evaluation import quantile_table
from forecast.evaluation.outside.files import load
from forecast.evaluation.outside.forecasts import NEEDED_LEVELS, forecasts, panel_of, span
from forecast.evaluation.scores import score
from tests.catalogue import STATES_PANEL
from tests.core.test_declarations import DEMO
from tests.samples import cell_counts

ORIGIN = Month.of(2023, 11)
COUNTS = cell_counts()


def table(*areas, model="theirs", horizon=2, origin=ORIGIN):
    values = np.arange(len(areas) * horizon * 23, dtype=float).reshape(len(areas), horizon, 23)
    return Forecasts(model, origin, areas, values, values.mean(axis=2))


def rows(*areas, **of):
    return quantile_table.rows([table(*(areas or ("state-tx", "state-tx-southwest")), **of)], STATES_PANEL)


def taken(path, frame, **of):
    """The forecasts of a frame that was written and read again."""
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path, index=False)
    return forecasts(load(path), counts=COUNTS, **of)


@pytest.mark.parametrize("name", ["past.parquet", "past.csv"])
def test_writing_and_reading_is_the_identity(tmp_path, name):
    made = table("states-other", "state-tx", "state-tx-southwest", "state-wa-northern")
    (read,) = taken(tmp_path / name, quantile_table.rows([made], STATES_PANEL))
    assert (read.model, read.origin, read.levels) == ("theirs", ORIGIN, LEVELS)
    for row, slug in enumerate(read.areas):
        assert read.values[row].tolist() == made.values[made.areas.index(slug)].tolist()
    assert np.isnan(read.mean).all()  # the table has none


def test_a_hub_s_folder_gives_its_teams_models(tmp_path):
    for team, origin in (("team-a", "2023-11-30"), ("team-a", "2023-12-31"), ("team-b", "2023-11-30")):
        frame = rows(origin=Month.parse(origin)).rename(columns={"level": "output_type_id", "series": "location"})
        frame["target_end_date"] = pd.to_datetime(frame["target_month"]) + pd.offsets.MonthEnd()
        frame["origin_date"] = origin
        frame["target"] = STATES_PANEL.target
        frame["output_type"] = "quantile"
        frame["location"] = frame["location"].replace({"TX": "state-tx"})  # a slug does, and an official name
        frame = frame.drop(columns=["model", "origin", "target_month"])
        mean = frame.iloc[:1].assign(output_type="mean", output_type_id=np.nan)
        other = frame.iloc[:1].assign(target="something else", location="Mars")
        (tmp_path / team).mkdir(exist_ok=True)
        pd.concat([frame, mean, other]).to_csv(tmp_path / team / f"{origin}-{team}.csv", index=False)
    read = forecasts(load(tmp_path), counts=COUNTS)
    assert [(one.model, str(one.origin), set(one.areas)) for one in read] == [
        (team, origin, {"state-tx", "state-tx-southwest"})
        for team, origin in (("team-a", "2023-11"), ("team-a", "2023-12"), ("team-b", "2023-11"))
    ]


def test_a_model_whose_name_is_taken_carries_its_file_s(tmp_path):
    assert {one.model for one in taken(tmp_path / "old.csv", rows(model="bank"), taken=["bank"])} == {"bank (old)"}
    assert {one.model for one in taken(tmp_path / "new.csv", rows().drop(columns="model"))} == {"new"}


def test_areas_may_reach_differently_far_and_levels_may_be_those_that_are_scored(tmp_path):
    frame = rows()
    frame = frame[(frame["series"] != "TX") | (frame["horizon"] == 1)]
    frame = frame[frame["level"].isin(NEEDED_LEVELS)].drop(columns="horizon")
    read = taken(tmp_path / "f.csv", frame)
    assert {(one.areas, one.horizon, one.levels) for one in read} == {
        (("state-tx",), 1, NEEDED_LEVELS),
        (("state-tx-southwest",), 2, NEEDED_LEVELS),
    }
    scored = score(forecasts=read, truth=COUNTS)
    assert len(scored) == 3
    assert scored["sWIS"].notna().all()
    assert scored[["sCRPS", "squared"]].isna().all(axis=None)  # of fewer levels, or of medians, they are other figures


def test_the_levels_that_are_needed_are_those_of_the_scored_intervals():
    assert NEEDED_LEVELS == (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)


BAD = {
    "no level": (lambda f: f.drop(columns="level"), "has no column 'level'"),
    "unknown series": (lambda f: f.replace({"series": {"TX": "Texass"}}), "'Texass' is no series of cbp-states"),
    "a level is missing": (lambda f: f.iloc[:-1], "lacks a level that others have"),
    "no median": (lambda f: f[f["level"] != 0.5], r"has no level 0\.5"),
    "per cent": (lambda f: f.assign(level=100 * f["level"]), "has a level 1. Levels lie between 0 and 1"),
    "crossing": (lambda f: f.assign(value=f["value"].iloc[::-1].to_numpy()), "quantiles that cross"),
    "negative": (lambda f: f.assign(value=f["value"] - 5), "negative quantile"),
    "too large": (lambda f: f.assign(value=f["value"] * 2.1e10), r"has a quantile over 1,000,000,000,000\."),
    "too far": (
        lambda f: f.assign(horizon=1e30).drop(columns="target_month"),
        r"no month is 1e\+30 months after an origin. Write horizon as 1, 2, 3",
    ),
    "twice": (lambda f: pd.concat([f, f.iloc[[7]]]), r"has level 0\.3 twice"),
    "not a number": (lambda f: f.assign(value=[*["?"], *f["value"].astype(str)[1:]]), "is no finite number"),
    "infinite": (lambda f: f.assign(value=np.inf), "is no finite number"),
    "a gap": (lambda f: f[f["horizon"] != 1], "lacks 2023-12 of state-tx"),
    "no month": (lambda f: f.assign(origin="spring"), "'spring' in origin is no month"),
    "an index": (lambda f: f.assign(origin=3), "origin holds numbers"),
    "saw the month": (lambda f: f.assign(origin="2023-12-01"), "which had seen it"),
    "another horizon": (lambda f: f.assign(horizon=f["horizon"] - 1), "is 1 months after the origin"),
    "says so itself": (lambda f: f.assign(data_through="2024-03"), "saw counts through 2024-03"),
    "of another panel": (lambda f: f.assign(panel="usbp-sectors"), "is of usbp-sectors, not of cbp-states"),
    "no target": (lambda f: f.drop(columns=["target_month", "horizon"]), "which month it forecasts"),
    "empty": (lambda f: f.iloc[:0], "holds no quantile"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_whole_is_refused_in_one_line(tmp_path, name):
    spoil, says = BAD[name]
    with pytest.raises(TableError, match=says) as refused:
        taken(tmp_path / "bad.csv", spoil(rows()))
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "bad.csv"))


def test_medians_that_are_the_counts_themselves_are_refused(tmp_path):
    came = COUNTS.totals()["state-tx-southwest"]
    made = [
        Forecasts("oracle", origin, ("state-tx-southwest",), np.repeat(ahead[None, :, None], 23, 2), ahead[None])
        for origin in (Month.of(2022, 1), Month.of(2023, 1))
        if (ahead := came[origin - COUNTS.first + 1 :][:12].copy()) is not None
    ]
    with pytest.raises(TableError, match="the medians of oracle are the counts themselves in 100 % of 24 months"):
        taken(tmp_path / "oracle.csv", quantile_table.rows(made, STATES_PANEL))


@pytest.mark.parametrize(("name", "content"), [("page.parquet", "<html>"), ("page.csv", ""), ("page.csv", '"a')])
def test_what_is_no_table_is_one_line(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(TableError, match=r"cannot be read as Parquet or CSV|has no column"):
        load(tmp_path / name)
    with pytest.raises(TableError, match="is not there"):
        load(tmp_path / "none.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match=r"has no \.parquet or \.csv"):
        load(tmp_path / "empty")


@pytest.mark.parametrize("name", ["cut.csv.gz", "altered.csv.gz", "cut.csv.xz", "cut.csv.zip"])
def test_a_compressed_file_that_is_not_whole_is_one_line(tmp_path, name):
    rows().to_csv(tmp_path / name, index=False)
    whole = bytearray((tmp_path / name).read_bytes())
    if name.startswith("cut"):
        del whole[len(whole) // 2 :]
    else:
        whole[20:40] = bytes(20)
    (tmp_path / name).write_bytes(whole)
    with pytest.raises(TableError, match=r"cannot be read as Parquet or CSV \(.+\)") as refused:
        load(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_a_table_for_a_panel_without_counts_is_one_line():
    demo = declared(DEMO)
    with pytest.raises(TableError, match="'here' is no series of demo, whose areas come with its counts"):
        panel_of(pd.DataFrame({"series": ["here"], "file": "f"}), {"demo": demo})


def test_a_table_names_its_panel_by_its_series(tmp_path):
    panels = known_panels(tmp_path / "panels")
    frame = pd.DataFrame({"series": ["El Paso, TX"], "file": "f"})
    assert panel_of(frame, panels) == "usbp-sectors"
    assert panel_of(frame.assign(series="TX / Southwest"), panels) == "cbp-states"
    assert panel_of(frame.assign(series="Nation", panel="cbp-states"), panels) == "cbp-states"
    with pytest.raises(TableError, match=r"may be of usbp-sectors or cbp-states\. Say which: --panel usbp-sectors"):
        panel_of(frame.assign(series="Nation"), panels)
    with pytest.raises(TableError, match="'Atlantis' is no series of"):
        panel_of(pd.DataFrame({"series": ["El Paso, TX", "Atlantis"], "file": "f"}), panels)


def test_the_options_that_replay_a_table_s_origins():
    tables = [table("state-tx", origin=Month.of(2022, month)) for month in (1, 7, 4)]
    assert span(tables, COUNTS) == "--panel cbp-states --first 2022-01 --last 2022-07 --step 3 --horizon 2"
