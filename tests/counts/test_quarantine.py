from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecast.core.errors import Quarantined
from forecast.counts.archive import Archive
from forecast.counts.bundle import bundled, seed
from forecast.counts.overlay import overlay
from forecast.counts.quarantine import doubts
from forecast.counts.sources.catalog import read
from tests.catalogue import SECTORS
from tests.counts.layouts import vintage

TEN = sorted(sector.slug for sector in SECTORS)[:10]
# Six small areas, which can be missing without a loss of encounters that shows, and four large ones.
STEADY = np.tile([1] * 6 + [400] * 4, (12, 1))


def without(values, step, count):
    """The same figures with `count` areas missing in one month."""
    cut = values.copy()
    cut[step, :count] = 0
    return cut.tolist()


@pytest.mark.parametrize(("missing", "doubted"), [(2, False), (3, True)])
def test_a_month_with_under_four_fifths_of_its_usual_areas_is_doubted(missing, doubted):
    sentences = doubts(vintage(without(STEADY, 7, missing), TEN), None)
    assert sentences == (("2024-08 has counts in 7 of the 10 areas that usually have some",) if doubted else ())


def test_a_new_month_is_judged_by_what_was_known_before():
    before = overlay([vintage(STEADY.tolist(), TEN, published="2025-01-31")])
    month = vintage([[0] * 3 + [1] * 3 + [400] * 4], TEN, first="2025-01", published="2025-02-28")
    assert doubts(month, before) == ("2025-01 has counts in 7 of the 10 areas that usually have some",)
    assert doubts(month, None) == ()


def test_areas_that_a_whole_file_leaves_out_are_missing():
    areas = sorted(sector.slug for sector in SECTORS if sector.closed is None)
    before = overlay([vintage(np.full((12, 20), 50).tolist(), areas, covers_panel=True)])
    southwest_only = vintage(np.full((12, 9), 50).tolist(), areas[:9], published="2025-02-28", covers_panel=True)
    sentences = doubts(southwest_only, before)
    assert sentences[0] == "the file has counts in 9 of the 20 sectors"
    assert "2024-01 has counts in 9 of the 20 areas that usually have some" in sentences


def test_areas_that_are_often_zero_are_not_missed():
    sparse = STEADY.copy()
    sparse[::3, :5] = 0  # five areas are zero in four months of twelve
    assert doubts(vintage(sparse.tolist(), TEN), None) == ()


def test_areas_that_fall_to_zero_and_stay_there_are_missed_for_no_longer_than_a_year():
    fallen = np.full((60, 10), 50)
    fallen[30:, :3] = 0
    sentences = doubts(vintage(fallen.tolist(), TEN), None)
    assert all("2026-07" <= sentence[:7] <= "2027-07" for sentence in sentences)


@pytest.mark.parametrize(("published", "doubted"), [(1202, False), (1206, True)])
def test_a_month_whose_published_total_agrees_is_not_cut(published, doubted):
    southwest = sorted(sector.slug for sector in SECTORS if sector.parents == ("southwest",))
    totals = {"southwest": [1206] * 7 + [published] + [1206] * 4}
    assert bool(doubts(vintage(without(STEADY[:, :9], 7, 4), southwest, totals=totals), None)) == doubted


@pytest.mark.parametrize(("now", "doubted"), [(120, False), (121, True), (80, False), (79, True)])
def test_a_total_revised_by_over_a_fifth_is_doubted(now, doubted):
    before = overlay([vintage([[60, 40]], ["el-paso", "laredo"], published="2025-01-31")])
    sentences = doubts(vintage([[now - 40, 40]], ["el-paso", "laredo"], published="2025-02-28"), before)
    assert sentences == ((f"2024-01 is revised from 100 to {now} encounters",) if doubted else ())


def test_only_areas_that_both_tell_are_compared():
    before = overlay([vintage([[60, 900]], ["el-paso", "miami"], published="2025-01-31")])
    assert doubts(vintage([[60]], ["el-paso"], published="2025-02-28"), before) == ()


def test_rounding_alone_never_makes_a_total_move_too_far():
    before = overlay([vintage([[4, 4, 4]], ["el-paso", "laredo", "yuma"], published="2025-01-31")])
    assert (
        doubts(vintage([[0, 0, 0]], ["el-paso", "laredo", "yuma"], published="2025-02-28", precision=10), before) == ()
    )


def test_a_file_without_areas_is_not_judged():
    assert doubts(vintage([[], []], [], totals={"southwest": [1, 2]}), None) == ()


@pytest.mark.parametrize("seeded", [True, False])
def test_the_sample_by_area_of_responsibility_is_quarantined(official, tmp_path, seeded):
    archive = Archive(tmp_path)
    if seeded:
        seed(archive)
    before = len(archive.vintages())
    with pytest.raises(Quarantined, match="6 of the 20 sectors"):
        archive.append(read(official / "nationwide-encounters-aor-sample.csv", date(2025, 12, 31)))
    assert len(archive.vintages()) == before


@pytest.mark.parametrize("months", [4, 28, 39, 40, 41, 42, 43, 47])
def test_the_fall_of_2025_is_believed_month_by_month(months):
    # The state file as it stood in earlier months: its last month then has only the time before to be judged by.
    older, newer, _ = bundled().vintages("cbp-states")
    assert doubts(replace(newer, values=newer.values[:months].copy()), overlay([older])) == ()


def test_a_real_month_that_loses_a_quarter_of_its_cells_is_doubted():
    older, newer, _ = bundled().vintages("cbp-states")
    values = newer.values.copy()
    there = np.flatnonzero(values[-1] > 0)
    values[-1, there[::4]] = 0
    values[-1, there[1::20]] = 0
    sentences = doubts(replace(newer, values=values), overlay([older]))
    assert {sentence[:7] for sentence in sentences} == {"2025-09"}
