"""`encounters compare --against`: what moves from one release to another, or to what its counts give now."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from forecast.release import store
from forecast.release.migrations import migrate
from tests.service.conftest import Office
from tests.trained import environment, put_on


@pytest.fixture
def office(tmp_path, monkeypatch):
    """The store under a home, with tables and no release."""
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ENCOUNTERS_DATABASE_URL", raising=False)
    url = f"sqlite:///{tmp_path}/home/encounters.db"
    engine = store.connect(url)
    migrate(engine)
    yield Office(url, engine)
    engine.dispose()


def test_between_two_releases_every_figure_that_moved_is_told(command, office):
    before, after = office.publish(), office.publish(key="b", factor=1.02, code_version="0.2.0")
    code, out, err = command("compare", "--against", before, "--release", after)
    assert (code, err) == (0, "")
    assert f"{before} beside {after}" in out
    assert "code    0.1.0 -> 0.2.0" in out
    assert "recipe  the same: pool" in out
    assert "by over 1 %, 0 by over 5 %." in out
    comparison = json.loads(command("compare", "--against", before, "--release", after, "--json")[1])
    assert comparison["same"] == {"code": False, "recipe": True, "counts": True}
    assert comparison["moved"] == comparison["figures"] == len(comparison["changes"]) > 0
    assert {round(change["share"], 3) for change in comparison["changes"]} == {0.02}


def test_a_release_beside_itself_has_no_change(command, office):
    release = office.publish()
    assert "published figures moved." in command("compare", "--against", release, "--release", release)[1]
    assert json.loads(command("compare", "--against", release, "--release", release, "--json")[1])["changes"] == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--against", "nowhere"), 1, "No release has the id nowhere"),
        (("--against", "{sectors}", "--release", "{states}"), 1, "are of two panels"),
        (("--against", "{sectors}"), 1, "are not in this archive any more. Compare it with another release"),
        (("--against", "{sectors}", "--html", "f.html"), 2, "leave out --html and --with"),
        (("--against", "{sectors}", "--release", "{sectors}", "--recipe", "bank"), 2, "not with both"),
        (("--release", "{sectors}"), 2, "are for --against"),
    ],
)
def test_what_cannot_be_set_beside_a_release_is_refused(command, office, words, code, says):
    ids = {"sectors": office.publish(), "states": office.publish("cbp-states", key="b", origin="2025-09")}
    left, out, err = command("compare", *(word.format(**ids) for word in words))
    assert (left, out) == (code, "")
    assert says in " ".join(err.replace("│", " ").split())


@pytest.mark.slow
def test_the_same_counts_recipe_and_code_give_the_published_figures_again(command, trained, tmp_path, monkeypatch):
    home = Path(shutil.copytree(trained.home, tmp_path / "home"))
    put_on(monkeypatch, environment(home))
    words = ("compare", "--against", trained.release, "--recipe", trained.recipe, "--json")
    code, out, err = command(*words)
    assert code == 0, err
    comparison = json.loads(out)
    assert comparison["figures"] > 100
    assert comparison["changes"] == []
    assert comparison["same"] == {"code": True, "recipe": False, "counts": True}  # a recipe is named by its file here
