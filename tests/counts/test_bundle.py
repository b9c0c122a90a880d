from __future__ import annotations

from datetime import date

import pytest

from forecast.core.errors import ArchiveError
from forecast.core.months import Month
from forecast.counts.archive import Archive
from forecast.counts.bundle import build, bundled, bundled_folder, main, publications, seed
from tests.counts.layouts import vintage


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("*/*.csv"))}


@pytest.fixture(scope="module")
def rebuilt(official, tmp_path_factory):
    """The folder of an archive built from the official files, and what each file brought."""
    folder = tmp_path_factory.mktemp("rebuilt")
    return folder, build(official, folder)


def test_the_bundled_archive_is_rebuilt_byte_for_byte_from_the_official_files(rebuilt):
    assert contents(rebuilt[0]) == contents(bundled_folder())


def test_real_files_agree_with_their_published_totals(rebuilt):
    # Three monthly tables with one total a month, the USBP workbook with four.
    checks = [check for one in rebuilt[1] for check in one.checks]
    assert len(checks) == 127 + 130 + 131 + 4 * 302
    assert all(check.holds for check in checks)


def test_real_files_revise_six_figures_by_ten(rebuilt):
    revised = [(change.area, str(change.month), change.after - change.before) for one in rebuilt[1] for change in one.revised]
    assert revised == [
        ("el-paso", "2023-10", 10),
        ("el-paso", "2023-12", 10),
        ("yuma", "2023-12", -10),
        ("el-paso", "2024-01", -10),
        ("laredo", "2024-01", 10),
        ("el-paso", "2024-01", 10),
    ]


def test_every_bundled_file_has_a_publication_and_every_publication_a_file():
    assert {(one.sha256, one.published, one.file_name) for one in bundled().vintages()} == {
        (one.sha256, one.published, one.name) for one in publications()
    }


def test_the_bundled_table_is_small():
    assert sum(len(content) for content in contents(bundled_folder()).values()) < 200_000


def test_bundled_sectors_reach_from_october_1999_to_november_2024():
    counts = bundled().as_of("usbp-sectors", date(2025, 12, 31))
    assert (counts.first, counts.through) == (Month.of(1999, 10), Month.of(2024, 11))
    assert (len(counts.areas), len(counts.open_areas)) == (21, 20)
    # In the order of the slugs, from Big Bend to Yuma; the workbook's own total is 46,610, rounded by itself.
    assert counts.totals()["southwest"][-1] == 280 + 8260 + 1030 + 9710 + 2030 + 5120 + 10570 + 8020 + 1600


def test_bundled_states_reach_from_october_2019_to_september_2025():
    counts = bundled().as_of("cbp-states", date(2025, 12, 31))
    assert (counts.first, counts.through, len(counts.areas)) == (Month.of(2019, 10), Month.of(2025, 9), 63)
    assert len({slug.split("-")[1] for slug in counts.areas}) == 49


@pytest.mark.parametrize(
    ("day", "through", "el_paso"),
    [(date(2024, 8, 9), "2024-04", 17520), (date(2024, 11, 8), "2024-07", 17510), (date(2024, 12, 6), "2024-08", 17520)],
)
def test_as_of_follows_the_real_revisions_of_el_paso(day, through, el_paso):
    counts = bundled().as_of("usbp-sectors", day)
    assert str(counts.through) == through
    assert counts.values[Month.of(2024, 1) - counts.first, counts.areas.index("el-paso")] == el_paso


def test_seed_adds_what_is_missing_and_keeps_what_is_there(tmp_path):
    archive = Archive(tmp_path)
    own = vintage([[1]], ["el-paso"], published="2025-06-30")
    archive.append(own)
    assert seed(archive) == 6
    assert seed(archive) == 0
    assert archive.holds(own.sha256)
    assert contents(tmp_path).items() > contents(bundled_folder()).items()


def test_a_folder_without_the_files_is_named_and_the_bundled_archive_stays(tmp_path, capsys):
    before = contents(bundled_folder())
    with pytest.raises(ArchiveError, match="holds no file with the bytes of nationwide-encounters-fy20-fy23-state"):
        build(tmp_path, tmp_path / "into")
    assert main([str(tmp_path)]) == 1
    assert "Download it from its publisher" in capsys.readouterr().err
    assert contents(bundled_folder()) == before
