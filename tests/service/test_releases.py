from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing

import pytest

from forecast.core.errors import NoRelease
from forecast.release.store import connect
from service.releases import Shelf
from tests.waiting import HANG


@pytest.fixture
def shelf(office):
    return Shelf(office.engine, kept=2)


def _ids(shelf):
    return {panel: release.id for panel, release in shelf.newest.items()}


def test_a_new_release_replaces_the_old_one_in_its_panel_only(office, shelf):
    office.publish(key="a")
    states = office.publish("cbp-states", key="b")
    shelf.refresh()
    before, generation = shelf.newest, shelf.generation
    new = office.publish(key="c")
    shelf.refresh()
    assert _ids(shelf) == {"usbp-sectors": new, "cbp-states": states}
    assert shelf.generation == generation + 1
    assert shelf.newest["cbp-states"] is before["cbp-states"]


def test_a_look_that_finds_nothing_new_changes_nothing(office, shelf):
    office.publish()
    shelf.refresh()
    before, generation = shelf.newest, shelf.generation
    shelf.refresh()
    assert shelf.newest is before
    assert shelf.generation == generation


def test_a_store_that_is_down_leaves_what_is_in_memory(office, shelf, tmp_path):
    office.publish()
    shelf.refresh()
    served = _ids(shelf)
    shelf.engine = connect(f"sqlite:///{tmp_path}/elsewhere.db")
    shelf.refresh()
    assert _ids(shelf) == served
    assert shelf.failure == "The store cannot be read, or nothing was ever published into it."


def test_a_store_that_comes_back_is_read_again(office, shelf, tmp_path):
    shelf.engine = connect(f"sqlite:///{tmp_path}/elsewhere.db")
    shelf.refresh()
    office.publish()
    shelf.engine = office.engine
    shelf.refresh()
    assert shelf.failure == ""
    assert len(shelf.newest) == 1


def test_a_failure_is_logged_once_for_as_long_as_it_lasts(shelf, tmp_path, caplog):
    shelf.engine = connect(f"sqlite:///{tmp_path}/elsewhere.db")
    with caplog.at_level(logging.WARNING, logger="service.releases"):
        shelf.refresh()
        shelf.refresh()
    assert len(caplog.records) == 1


def test_a_damaged_release_leaves_its_panel_as_it_was(office, shelf):
    old = office.publish(key="a")
    shelf.refresh()
    new = office.publish(key="b")
    with closing(sqlite3.connect(office.url.removeprefix("sqlite:///"))) as damaging, damaging:
        for (name,) in damaging.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            damaging.execute(f"DROP TRIGGER {name}")
        damaging.execute("UPDATE release_quantiles SET quantiles = '[1' WHERE release = ?", (new,))
    shelf.refresh()
    assert _ids(shelf) == {"usbp-sectors": old}
    assert shelf.failure == f"Release {new} cannot be read."


def test_older_releases_are_kept_up_to_the_number_allowed(office, shelf):
    ids = [office.publish(key=key) for key in "abcd"]
    loaded = [shelf.release(identity) for identity in ids[:3]]
    assert shelf.release(ids[2]) is loaded[2]
    assert shelf.release(ids[0]) is not loaded[0]


def test_a_release_that_never_was_raises(shelf):
    with pytest.raises(NoRelease):
        shelf.release("usbp-sectors-2024-11-0000000000")


def test_watching_goes_on_after_a_look_that_ended_unexpectedly(office, shelf, monkeypatch):
    identity = office.publish()
    looks = []

    def look():
        looks.append(None)
        if len(looks) == 1:
            raise RuntimeError("once")
        Shelf.refresh(shelf)

    monkeypatch.setattr(shelf, "refresh", look)

    async def watch():
        task = asyncio.create_task(shelf.keep_fresh(0.01))
        while not shelf.newest:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(watch(), HANG))
    assert _ids(shelf) == {"usbp-sectors": identity}


def test_readiness_waits_for_a_release(office):
    with office.client() as client:
        assert client.get("/livez").json() == {"status": "live"}
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["type"]) == (503, "/docs#nothing-published")
        identity = office.publish()
        client.app.state.context.shelf.refresh()
        assert client.get("/readyz").json() == {"status": "ready", "releases": [identity]}


def test_readiness_ends_when_the_store_is_down_and_figures_are_served_on(office, tmp_path):
    office.publish()
    with office.client() as client:
        shelf = client.app.state.context.shelf
        shelf.engine = connect(f"sqlite:///{tmp_path}/elsewhere.db")
        shelf.refresh()
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["type"]) == (503, "/docs#store-unreachable")
        assert client.get("/livez").status_code == 200
        assert client.get("/v1/forecasts?area=el-paso").status_code == 200
        assert client.get("/v1/status").json()["store"] == shelf.failure
