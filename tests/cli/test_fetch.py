"""`encounters fetch` as an operator sees it: what it prints,
where files lie, and the code it leaves with. The publisher is local.
"""

import json
import subprocess
import sys
import time
from datetime import date

import pytest

from forecast.cli import fetching
from forecast.core.months import Month
from forecast.counts import bundle
from forecast.counts.archive import Archive
from tests.counts.layouts import state_csv
from tests.counts.publisher_server import answers, hangs_up, publisher, silent
from tests.waiting import HANG

NAME = "nationwide-encounters-fy23-fy26-oct-state.csv"
PATH = f"/sites/default/files/2025-12/{NAME}"
PATIENCE = fetching._PATIENCE
KNOWN = bundle.bundled().as_of("cbp-states", date(2026, 1, 1))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "home"))
    for name in ("ENCOUNTERS_DATABASE_URL", "ENCOUNTERS_LOG", "ENCOUNTERS_FETCH_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(fetching, "_PATIENCE", HANG)
    return tmp_path / "home"


@pytest.fixture
def site():
    with publisher() as server:
        yield server


@pytest.fixture(scope="module")
def october():
    """The bundled figures of the last 24 months, and the next month like the last."""
    cells = {
        (month, slug): int(count)
        for month, row in zip(KNOWN.months[-24:], KNOWN.values[-24:], strict=True)
        for slug, count in zip(KNOWN.areas, row, strict=True)
        if count > 0
    }
    after = {(KNOWN.through + 1, slug): count for (month, slug), count in cells.items() if month == KNOWN.through}
    return state_csv(cells | after).encode()


def vintages(home):
    return {path.name: path.read_bytes() for path in (home / "archive").rglob("*-*.csv")}


def test_help_has_an_example(command):
    code, out, _ = command("fetch", "--help")
    assert code == 0
    assert "Example: encounters fetch" in " ".join(out.split())


def test_a_new_file_is_told_as_ingest_tells_it_and_the_second_time_is_nothing_new(command, home, site, october):
    page = site.links(PATH)
    site.replies[PATH] = answers(200, october, ETag='"v1"', Last_Modified="Wed, 17 Dec 2025 14:00:00 GMT")
    code, out, err = command("fetch", "--page", page)
    assert (code, err) == (0, "")
    assert out.startswith(f"{NAME}: CBP Nationwide Encounters by state, exact figures\n")
    assert "published   2025-12-17" in out
    assert "25, 2023-10 to 2025-10; 1 with new counts" in out
    assert (home / "downloads" / NAME).read_bytes() == october
    known = vintages(home)
    code, out, err = command("fetch", "--page", page)
    assert (code, out, err) == (0, f"{NAME}: nothing new, the archive has it\n", "")
    assert vintages(home) == known
    # As of its day: a newer file is bundled.
    assert Archive(home / "archive").as_of("cbp-states", date(2026, 1, 1)).through == Month.of(2025, 10)


def test_a_file_that_was_ingested_by_hand_is_nothing_new(command, home, site, october, tmp_path):
    (tmp_path / NAME).write_bytes(october)
    assert command("ingest", tmp_path / NAME, "--published", "2025-12-17")[0] == 0
    known = vintages(home)
    site.replies[PATH] = answers(200, october)
    code, out, _ = command("fetch", "--page", site.links(PATH))
    assert (code, out) == (0, f"{NAME}: nothing new, the archive has it\n")
    assert vintages(home) == known


def test_downloads_stay_where_they_are_asked_to(command, home, site, october, tmp_path):
    site.replies[PATH] = answers(200, october)
    code, _, _ = command("fetch", "--to", tmp_path / "mine", "--page", site.links(PATH))
    assert code == 0
    assert (tmp_path / "mine" / NAME).read_bytes() == october
    assert not (home / "downloads").exists()


def test_json_tells_each_address_and_its_end(command, home, site, october):
    aor = PATH.replace("state", "aor")
    site.replies |= {PATH: answers(200, october), aor: answers(404)}
    code, out, err = command("fetch", "--json", "--page", site.links(PATH, aor))
    lost, taken = json.loads(out)
    assert code == 1
    assert err.count("\n") == 1
    assert (lost["address"], lost["verdict"], lost["file"], lost["lines"]) == (site.root + aor, "refused", None, [])
    assert lost["reason"] in err
    assert (taken["verdict"], taken["file"], taken["reason"]) == ("taken", str(home / "downloads" / NAME), "")
    assert any("published" in line for line in taken["lines"])
    assert (lost["finer"], taken["finer"]) == ([], [])


def test_json_tells_what_came_of_a_file_in_finer_panels(command, home, site, october):
    site.replies[PATH] = answers(200, october)
    assert command("panels", "add", "cbp-states-detail")[0] == 0
    (row,) = json.loads(command("fetch", "--json", "--page", site.links(PATH))[1])
    assert row["finer"] == [{"panel": "cbp-states-detail", "refused": None}]


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (answers(403, b"<html>Access Denied</html>"), "refuses this program (403), and is not asked again. Open http"),
        (answers(200, b"<!DOCTYPE html><html>Try again</html>"), "this is a web page"),
        (answers(200, b"Fiscal Year,Count\n2026,1\n"), NAME),
    ],
)
def test_a_refusal_is_one_line_with_code_1_and_changes_nothing(command, home, site, reply, says):
    bundle.seed(Archive(home / "archive"))
    known = vintages(home)
    site.replies[PATH] = reply
    code, out, err = command("fetch", "--page", site.links(PATH))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("encounters: ")
    assert says in err
    assert vintages(home) == known
    assert list((home / "downloads").rglob("*")) == []
    assert site.paths() == ["/stats", PATH]


def test_a_refused_file_is_told_with_code_1_at_every_fetch_and_once_by_status(command, home, site, october):
    page = site.links(PATH)
    site.replies[PATH] = [answers(200, october[:-700], ETag='"v1"'), answers(304)]
    first, second = command("fetch", "--page", page), command("fetch", "--page", page)
    assert first == second
    assert second[0] == 1
    assert NAME in second[2]
    refused = json.loads(command("status", "--json")[1])["refused"]
    assert [one["file"] for one in refused] == [NAME]


def test_what_a_finer_panel_refuses_is_told_by_one_fetch_and_by_status_from_then_on(
    command, home, site, october, tmp_path
):
    """Two labels that the file tells apart are one in the panel's declaration."""
    declaration = tmp_path / "crude.toml"
    declaration.write_text(
        'id = "crude"\ntitle = "Crude"\nunit = "encounters"\nsource = "cbp-state"\n'
        'dimensions = ["state", "demographic"]\nlevels = [[]]\n'
        '[labels.demographic]\n"Anybody" = ["Children", "Adults"]\n'
    )
    twice = [f"2026,FYTD,OCT,Southwest Land Border,TX,{label},OTHER,Title 8,1\n" for label in ("Children", "Adults")]
    site.replies[PATH] = answers(200, october + "".join(twice).encode())
    page = site.links(PATH)
    assert command("panels", "add", declaration)[0] == 0
    first, second = command("fetch", "--page", page), command("fetch", "--page", page)
    assert (first[0], second[0], second[2]) == (1, 0, "")
    assert "a cell that no earlier row has given" in first[2]
    (row,) = json.loads(command("fetch", "--json", "--page", page)[1])
    assert "a cell that no earlier row has given" in row["finer"][0]["refused"]
    (refused,) = json.loads(command("status", "--json")[1])["refused"]
    assert (refused["file"], refused["panel"]) == (NAME, "crude")
    assert f"for crude: {refused['reason']}" in command("status")[1]
    assert command("panels", "remove", "crude")[0] == 0
    assert json.loads(command("status", "--json")[1])["refused"] == []


def test_a_refused_page_says_how_to_do_it_by_hand(command, home, site):
    site.replies["/stats"] = answers(403)
    code, _, err = command("fetch", "--page", f"{site.root}/stats")
    assert code == 1
    assert f"Open {site.root}/stats in a browser, save the file, and run: encounters ingest FILE" in err


@pytest.mark.parametrize(
    "page", ["http://example.org/stats", "https://example.org/stats", "stats.html", "file:///stats.html"]
)
def test_a_page_elsewhere_is_refused_without_being_asked(command, home, page):
    code, out, err = command("fetch", "--page", page)
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_every_page_that_is_given_is_visited(command, home, site, october):
    site.replies[PATH] = answers(200, october)
    code, out, err = command("fetch", "--page", f"{site.root}/none", "--page", site.links(PATH))
    assert code == 1
    assert "answered 404" in err
    assert out.startswith(NAME)


def test_progress_shows_once_it_takes_over_two_seconds(command, home, site, october, monkeypatch):
    assert PATIENCE == 2.0
    monkeypatch.setattr(fetching, "_PATIENCE", PATIENCE)

    def slow(handler):
        time.sleep(PATIENCE + 0.4)
        answers(200, october)(handler)

    site.replies[PATH] = slow
    code, out, err = command("fetch", "--page", site.links(PATH))
    assert code == 0
    assert err.endswith(f"asking {site.root}{PATH}\n")
    assert out.startswith(NAME)


def test_the_time_for_one_file_is_a_setting(command, home, site, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_FETCH_TIMEOUT", "0.5")
    site.replies[PATH] = silent(site)
    code, _, err = command("fetch", "--page", site.links(PATH))
    assert code == 1
    assert "not here after 0.5 s" in err


def test_other_commands_load_no_http_client(home):
    script = (
        "import sys, atexit\nsys.argv = ['encounters', *sys.argv[1:]]\n"
        "atexit.register(lambda: print('loaded', sorted({'httpx2', 'httpcore2', 'protego', 'tenacity', 'urllib3'} & "
        "set(sys.modules))))\n"
        "from forecast.cli import main\nmain()\n"
    )
    for arguments in (["--help"], ["fetch", "--help"], ["status"]):
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
        assert done.stdout.endswith("loaded []\n")


def test_what_is_taken_by_fetch_is_what_ingest_would_take(command, home, site, october, tmp_path, monkeypatch):
    site.replies[PATH] = [hangs_up, answers(200, october, Last_Modified="Wed, 17 Dec 2025 14:00:00 GMT")]
    assert command("fetch", "--page", site.links(PATH))[0] == 0
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "other"))
    assert command("ingest", home / "downloads" / NAME, "--published", "2025-12-17")[0] == 0
    assert vintages(home) == vintages(tmp_path / "other")
    assert len(Archive(home / "archive").vintages()) == len(bundle.bundled().vintages()) + 1
