"""The migrations make what schema.py draws, once, and guard the rows of a release."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from forecast.core.errors import StoreError
from forecast.core.panels import bundled
from forecast.release import alarms, issued_scores, migrations, read, schema, store
from forecast.release.migrations import migrate
from forecast.release.publish import note_run, verify
from tests.release.conftest import NOW, Parts


def test_the_migrations_and_the_drawn_tables_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_server_default": True}
        )
        assert compare_metadata(context, schema.metadata) == []


def test_the_known_revisions_end_with_the_newest_migration(engine: Engine) -> None:
    assert store.revision(engine) == schema.REVISIONS[-1]


def test_migrating_again_changes_nothing(engine: Engine, parts: Callable[..., Parts]) -> None:
    published = parts().publish(engine)
    migrate(engine)
    assert read.latest(engine, "usbp-sectors").id == published.id


def test_starts_that_migrate_at_once_all_find_the_tables_made(empty: Engine) -> None:
    ready = threading.Barrier(3)

    def one(_: int) -> str | None:
        ready.wait()
        migrate(empty)
        return store.revision(empty)

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(one, range(3))) == {schema.REVISIONS[-1]}


def test_a_store_without_tables_says_how_to_fill_it(empty: Engine) -> None:
    with pytest.raises(StoreError, match=r"is empty\. Publish the first release: encounters retrain\.$"):
        read.pointers(empty)


def test_a_store_of_an_older_version_says_how_to_bring_it_up_to_date(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "REVISIONS", (*schema.REVISIONS, "9999"))
    with pytest.raises(StoreError, match=r"older version\. Bring them up to date: encounters retrain\.$"):
        read.pointers(engine)


def test_a_store_of_a_newer_version_is_neither_read_nor_migrated(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE encounters_schema SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"newer version \(9999\)\. Upgrade encounter-forecast\.$"):
        read.pointers(engine)
    with pytest.raises(StoreError, match="Upgrade encounter-forecast"):
        migrate(engine)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE release SET key = 'x'",
        "DELETE FROM release",
        "UPDATE release_quantiles SET mean = mean + 1 WHERE horizon = 1",
        "DELETE FROM release_quantiles WHERE horizon = 1",
        "UPDATE release_paths SET samples = 1",
        "DELETE FROM release_paths WHERE area = 'el-paso'",
    ],
)
def test_the_database_itself_refuses_to_change_a_release(
    engine: Engine, parts: Callable[..., Parts], change: str
) -> None:
    published = parts().publish(engine)
    with pytest.raises(DBAPIError, match="rows of a release never change"), engine.begin() as connection:
        connection.execute(text(change))
    verify(engine, published.id)


def test_a_row_of_a_release_cannot_be_replaced_or_truncated_away(engine: Engine, parts: Callable[..., Parts]) -> None:
    published = parts().publish(engine)
    wholesale = {
        "sqlite": "INSERT OR REPLACE INTO release_paths SELECT release, area, samples + 1, paths FROM release_paths",
        "postgresql": "TRUNCATE release_paths",
    }
    with pytest.raises(DBAPIError, match="rows of a release never change"), engine.begin() as connection:
        connection.execute(text(wholesale[engine.dialect.name]))
    verify(engine, published.id)


def _upgraded(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with store.exclusive(engine, subject="migrations") as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    assert store.revision(engine) == revision


def _copied(file: Path, into: Engine) -> None:
    """The releases of a store as they are, into one that has nothing."""
    with store.connect(f"sqlite:///{file}").connect() as source, into.begin() as target:
        for table in (schema.release, schema.release_quantiles, schema.release_paths, schema.pointer):
            there = {column["name"] for column in inspect(source).get_columns(table.name)}
            rows = source.execute(select(*(column for column in table.columns if column.name in there))).mappings()
            target.execute(insert(table), [dict(row) for row in rows])


def test_a_store_of_the_version_before_runs_had_a_table_keeps_the_runs_of_its_releases(
    empty: Engine, store_0004: Path
) -> None:
    file = store.sqlite_file(empty)
    if file is not None:
        file.parent.mkdir(parents=True)
        shutil.copy(store_0004, file)
    else:
        _upgraded(empty, "0004")
        _copied(store_0004, empty)
    migrate(empty)
    by_letter = {one.id.rsplit("-", 1)[1][0]: one for one in read.releases(empty)}
    assert {key: one.run_id for key, one in by_letter.items()} == {"a": "run-a", "b": "run-b", "c": None, "d": "run-d"}
    assert [key for key, one in by_letter.items() if one.current] == ["a"]
    assert read.champion(empty, "usbp-sectors") == by_letter["b"].id, "where the alias was left"
    assert read.load(empty, by_letter["d"].id).run_id == "run-d"
    for one in by_letter.values():
        verify(empty, one.id)
    note_run(empty, by_letter["c"].id, "run-c", champion=False, now=NOW)
    note_run(empty, by_letter["a"].id, "run-a2", champion=True, now=NOW)
    assert read.runs(empty) == {
        by_letter[key].id: run for key, run in zip("abcd", ("run-a2", "run-b", "run-c", "run-d"), strict=True)
    }
    assert read.champion(empty, "usbp-sectors") == by_letter["a"].id


def test_a_store_of_the_first_version_keeps_its_releases_and_takes_scores(empty: Engine, store_0004: Path) -> None:
    _upgraded(empty, "0001")
    _copied(store_0004, empty)
    migrate(empty)
    served = read.latest(empty, "usbp-sectors")
    assert served.corrections == ()
    assert served.panel is bundled()["usbp-sectors"], "what describes a release that says nothing of its panel"
    for one in read.releases(empty):
        verify(empty, one.id)
    assert issued_scores.tallies(empty) == []
    assert alarms.opened(empty) == {}
