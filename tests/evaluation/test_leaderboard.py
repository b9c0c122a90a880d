"""Boards of models, each against one of them, on terminal and page."""

import json
from html.parser import HTMLParser

import pandas as pd
import pytest

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.core.scorecard import FIGURES
from forecast.evaluation.board_text import lines
from forecast.evaluation.leaderboard import boards
from forecast.evaluation.report.page import page
from forecast.evaluation.scores import CELL_FIGURES


def scores(models, origins=8):
    """`models`: name -> {area: sWIS}; every other figure is one half."""
    rows = []
    for number in range(origins):
        origin = Month.of(2014, 2) + 12 * number
        for model, areas in models.items():
            for area, value in areas.items():
                group = {"yuma": "southwest", "blaine": "other"}.get(area, "total")
                for horizon, band in ((1, "1"), (2, "2-3")):
                    rows.append(
                        {
                            "model": model,
                            "area": area,
                            "group": group,
                            "era": "-2015" if number < 2 else "2016-18",
                            "origin": str(origin),
                        }
                        | {
                            "horizon": horizon,
                            "band": band,
                            **dict.fromkeys((*FIGURES, *CELL_FIGURES), 0.5),
                            "sWIS": value,
                        }
                    )
    return pd.DataFrame(rows)


TABLE = scores(
    {
        "pool": {"yuma": 0.4, "blaine": 0.8, "nation": 0.3},
        "floor": {"yuma": 0.8, "blaine": 0.8, "nation": 0.6},
        "theta-log": {"yuma": 0.6, "blaine": 0.4},
    }
)


def by_key(by="group", table=TABLE, against="floor"):
    return {board.key: board for board in boards(table, against=against, by=by)}


def test_boards_rank_by_group_with_ratios_to_the_floor():
    board = by_key()["southwest"]
    assert board.rows["model"].tolist() == ["pool", "theta-log", "floor"]
    assert board.rows["rel_sWIS"].tolist() == pytest.approx([0.5, 0.75, 1.0])
    assert board.rows["rel_sWIS_high"].tolist() == pytest.approx([0.5, 0.75, 1.0])
    assert (board.origins, board.block) == (8, 2)


def test_the_first_board_is_of_all_leaves_without_sums():
    board = by_key()["all leaves"]
    assert board.rows.set_index("model")["sWIS"].to_dict() == pytest.approx(
        {"pool": 0.6, "floor": 0.8, "theta-log": 0.5}
    )


def test_sums_are_ranked_among_those_that_forecast_them():
    assert by_key()["total"].rows["model"].tolist() == ["pool", "floor"]


def test_a_model_that_lacks_an_area_is_not_praised_for_it():
    lacking = TABLE[~((TABLE["model"] == "theta-log") & (TABLE["area"] == "yuma"))]
    board = by_key(table=lacking)["all leaves"]
    assert board.rows.set_index("model")["sWIS"].to_dict() == pytest.approx(
        {"pool": 0.8, "floor": 0.8, "theta-log": 0.4}
    )


def test_bands_stand_in_order_of_months():
    assert list(by_key(by="band")) == ["all leaves", "1", "2-3"]
    assert list(by_key(by="era")) == ["all leaves", "-2015", "2016-18"]


def test_the_other_model_must_have_scores():
    with pytest.raises(TableError, match="ets-raw has no scores to compare with"):
        by_key(against="ets-raw")


def test_few_origins_are_said_to_be_few():
    few = by_key(table=scores({"pool": {"yuma": 0.4}, "floor": {"yuma": 0.8}}, origins=2))["southwest"]
    row = few.as_json()["models"][0]
    assert (row["rel_sWIS"], row["rel_sWIS_low"]) == (0.5, None)
    assert "0.500 [few origins]" in lines(few.as_json(), "pool")[2]


def test_json_holds_plain_values():
    text = json.dumps([board.as_json() for board in boards(TABLE, against="floor")], allow_nan=False)
    assert json.loads(text)[0]["models"][0]["model"] == "theta-log"


def test_lines_mark_the_recipe_and_show_the_interval():
    printed = lines(by_key()["southwest"].as_json(), "pool")
    assert printed[0] == "  southwest, rel_ against floor; 16 cells, those that all its models have"
    assert printed[2].startswith("  * pool")
    assert "0.500 [0.500, 0.500]" in printed[2]
    assert printed[3].startswith("    theta-log")


class Page(HTMLParser):
    """Counts tags, and collects what a browser would fetch."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.fetched, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetched += [value for name, value in attributes if name in ("src", "href", "action", "srcset")]

    def handle_data(self, data):
        self.text += data


def test_the_page_needs_nothing_beside_it():
    boards_ = [board.as_json() for board in by_key().values()]
    text = page([{"panel": "usbp-sectors", "source": "8 origins", "recipe": "pool", "boards": boards_}])
    read = Page(text)
    assert read.fetched == []
    assert not {"script", "link", "img", "iframe"} & set(read.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert read.tags.count("table") == 4
    assert read.tags.count("svg") == 2 * (3 + 3 + 3 + 2)
    assert "0.500 [0.500, 0.500]" in read.text
    assert text.count('class="own"') == 4


def test_names_on_the_page_are_no_markup():
    table = TABLE.replace({"model": {"theta-log": "<b>theta</b>"}})
    boards_ = [board.as_json() for board in by_key(table=table).values()]
    read = Page(page([{"panel": "p", "source": "a & b", "recipe": "pool", "boards": boards_}]))
    assert "b" not in read.tags
    assert "<b>theta</b>" in read.text


def test_a_release_s_means_make_a_page_without_ratios():
    board = {"key": "southwest", "against": None, "models": [{"model": "pool", **dict.fromkeys(FIGURES, 0.5)}]}
    read = Page(page([{"panel": "p", "source": "s", "recipe": "pool", "boards": [board]}]))
    assert "svg" not in read.tags
    assert "50 %" in read.text
    assert len(lines(board)) == 3
