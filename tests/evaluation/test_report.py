"""The report of a comparison: one file with everything in it, whose figures are those of the scores."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from forecast.core.errors import TableError
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.tables import Forecasts
from forecast.evaluation import backtest, stored, study
from forecast.evaluation.comparison import Comparison
from forecast.evaluation.fluctuation import by_origin
from forecast.evaluation.named import member
from forecast.evaluation.report.hedgehog import chosen_origins
from forecast.evaluation.report.page import page
from forecast.evaluation.report.svg import Plot, ticks
from forecast.evaluation.report.whole import report
from forecast.evaluation.scores import score
from forecast.recipe.recipe import load
from tests.evaluation.test_leaderboard import Page
from tests.samples import cell_counts

SECTIONS = [
    "By area",
    "Calibration",
    "What decisions cost",
    "Who led when",
    "What was said, and what came",
    "Times of fits",
    "Where it comes from",
]


@pytest.fixture(scope="module")
def kept():
    """The floor and a member at thirteen origins of four cells, replayed for real."""
    counts = cell_counts(months=84)
    origins = [Month.of(2022, 1) + 2 * place for place in range(13)]
    floor = backtest.beside(load("floor"), [member("seasonal_naive-log")])
    past = backtest.run([floor], counts, origins, horizon=6, executor=HERE)
    about = stored.About(
        panel="cbp-states",
        recipe="seasonal_naive-log",
        floor="floor",
        origins=tuple(map(str, origins)),
        horizon=6,
        data_through=str(counts.through),
        data_digest=counts.digest,
        recipe_digest="r",
        code_version="0.1.0+abc",
        made_at="2026-01-02T03:04:05+00:00",
        command="encounters backtest --panel cbp-states",
        fit_times=study.fit_times(past),
    )
    shown = tuple(table for table in past.forecasts if table.model in ("floor", "seasonal_naive-log"))
    return Comparison(counts, about, score(forecasts=shown, truth=counts), shown)


@pytest.fixture(scope="module")
def shown(kept):
    return report(kept, commands=["encounters compare --html report.html"])


def test_the_report_has_every_part_and_names_its_leader_and_its_cells(kept, shown):
    assert list(shown["sections"]) == SECTIONS
    first = shown["boards"][0]
    best = first["models"][0]
    assert shown["lead"].startswith(f"On the {4 * 13 * 6} cells that all models have, {best['model']} leads: sWIS ")
    assert f"{best['sWIS']:.3f}" in shown["lead"]
    assert {"all leaves", "southwest", "2022-", "1", "4-6"} <= {board["key"] for board in shown["boards"]}


def test_a_part_of_the_cells_is_named_in_words(shown):
    heads = set(re.findall(r"<h4>([^<]*)</h4>", page([shown])))
    assert {"all leaves", "southwest", "origins from 2022 on", "1 month ahead", "4-6 months ahead"} <= heads


def test_the_page_needs_nothing_beside_it_and_every_chart_is_well_formed_and_named(shown):
    text = page([shown])
    parsed = Page(text)
    assert [address for address in parsed.fetched if not address.startswith("#")] == []
    assert "<script" not in text
    assert "{" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    charts = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(charts) > 10
    for chart in charts:
        drawn = ET.fromstring(chart)  # noqa: S314 the page's own
        assert drawn.get("role") == "img" or drawn.get("aria-hidden") == "true"
        numbers = [
            float(one) for one in re.findall(r"-?\d+\.\d+|nan|inf", " ".join(ET.tostring(drawn).decode().split()))
        ]
        assert np.isfinite(numbers).all()
    anchors, targets = re.findall(r'href="#([^"]+)"', text), re.findall(r' id="([^"]+)"', text)
    assert set(anchors) == set(targets)
    assert len(text) < 200_000


def test_leaders_are_counted_as_the_scores_have_them(kept, shown):
    leaders = by_origin(kept.scores).idxmin(axis=1)
    text = shown["sections"]["Who led when"]
    for model, number in leaders.value_counts().items():
        assert f"{model} {number}" in text
    assert text.count("<rect class") >= 13
    assert "mean of 4 origins" in text  # of 13, three tenths


def test_an_area_s_figures_are_its_own_with_the_pair_s_interval(kept, shown):
    own = kept.scores[(kept.scores["area"] == "state-tx-southwest") & (kept.scores["model"] == "floor")]
    (row,) = re.findall(r"<tr><th scope=\"row\">Texas[^<]*Southwest.*?</tr>", shown["sections"]["By area"])
    assert f"{own['sWIS'].mean():.3f}" in row
    assert f"<td>{13 * 6}</td>" in row
    assert re.search(r"\d\.\d{3} \[\d\.\d{3}, \d\.\d{3}\]", row)


def test_a_hedgehog_has_a_spine_per_chosen_origin(kept):
    shown = report(kept, origins=["2022-03", "2023-01"])
    text = shown["sections"]["What was said, and what came"]
    assert "Forecasts from 2022-03, 2023-01:" in text
    charts = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert charts
    assert {chart.count('class="band"') for chart in charts} == {2}
    assert {chart.count('class="ink"') for chart in charts} == {1}


def test_without_choice_origins_are_spread_and_end_with_the_last():
    origins = tuple(f"{year}-05" for year in range(2000, 2026))
    assert chosen_origins(origins) == tuple(f"{year}-05" for year in range(2001, 2026, 3))
    assert chosen_origins(origins[:3]) == origins[:3]


def test_the_report_says_how_it_is_made_again(kept, shown):
    text = shown["sections"]["Where it comes from"]
    assert kept.counts.digest in text
    assert "<pre>encounters backtest --panel cbp-states\nencounters compare --html report.html</pre>" in text
    (times,) = [row for row in kept.about.fit_times if row.model == "seasonal_naive-log"]
    assert times.fits == 4 * 13
    assert f"<td>{times.fits}</td>" in shown["sections"]["Times of fits"]


def test_other_programs_are_drawn_beside_ours_and_their_names_are_only_text(kept):
    hostile = '<img src=x onerror="alert(1)">'
    theirs = [replace(table, model=hostile) for table in kept.forecasts if table.model == "seasonal_naive-log"]
    text = page([report(kept.beside(theirs))])
    assert hostile not in text
    assert "&lt;img src=x" in text
    assert not {"img", "script"} & set(Page(text).tags)
    assert text.count("<h4>&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</h4>") == 1  # its own row of hedgehogs


def test_forecasts_from_other_origins_are_refused_with_the_command_that_helps(kept):
    table = kept.forecasts[0]
    with pytest.raises(TableError, match="encounters backtest --panel cbp-states --first 2021-12"):
        kept.beside([Forecasts("theirs", Month.of(2021, 12), table.areas, table.values, table.mean)])
    with pytest.raises(TableError, match="have changed since"):
        replace(kept, same_counts=False).beside([table])


def test_what_was_not_kept_is_said(kept):
    shown = report(replace(kept, forecasts=(), about=replace(kept.about, fit_times=()), same_counts=False))
    assert "were not kept" in shown["sections"]["What was said, and what came"]
    assert "Times of fits" not in shown["sections"]
    assert "the counts have changed since" in shown["sections"]["Where it comes from"]


def test_axes_have_round_ticks_and_points_outside_stay_inside():
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(-3.2, 3.9) == [-2, 0, 2]
    assert ticks(5, 5) == [5]
    plot = Plot("a chart", (0, 10), (0, 1))
    assert plot.at(10, 1) == plot.at(11, 7) == (plot.width - 16, 8)
    plot.line([(0, 0), (1, float("nan")), (2, 0), (3, 1)], "line")
    assert len(plot.parts) == 2
