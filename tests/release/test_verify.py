"""The checksum covers every row of a release, and damage is found by whoever looks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from forecast.core.errors import NoRelease, StoreError
from forecast.release import read
from forecast.release.publish import rollback, verify
from tests.release.conftest import NOW, Parts

Make = Callable[..., Parts]


def _tamper(engine: Engine, change: str, **values: object) -> None:
    """What a hostile hand or a failing disk would do: the triggers are taken off first."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for trigger in (
                connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            ):
                connection.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            for table in ("release", "release_quantiles", "release_paths"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        assert connection.execute(text(change), values).rowcount == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE release_quantiles SET quantiles = replace(quantiles, '100.', '101.') WHERE area = 'el-paso' AND "
        "horizon = 2",
        "UPDATE release_quantiles SET mean = mean + 0.01 WHERE area = 'el-paso' AND horizon = 2",
        "UPDATE release_quantiles SET target_month = '2031-01-01' WHERE area = 'el-paso' AND horizon = 2",
        "UPDATE release_quantiles SET area = 'tucson' WHERE area = 'el-paso' AND horizon = 2",
        "DELETE FROM release_quantiles WHERE area = 'el-paso' AND horizon = 2",
        "INSERT INTO release_quantiles SELECT release, area, 4, target_month, mean, quantiles FROM release_quantiles "
        "WHERE area = 'el-paso' AND horizon = 2",
        "DELETE FROM release_paths WHERE area = 'southwest'",
        "UPDATE release_paths SET samples = 1 WHERE area = 'southwest'",
        "UPDATE release SET manifest = replace(manifest, '0.1.0', '0.1.1')",
        "UPDATE release SET levels = replace(levels, '0.01,', '0.02,')",
        "UPDATE release SET issued_at = '2031-01-01 00:00:00.000000'",
        "UPDATE release SET key = 'another'",
        "UPDATE release SET checksum = 'another'",
    ],
)
def test_a_changed_missing_or_added_row_is_found(engine: Engine, parts: Make, change: str) -> None:
    published = parts().publish(engine)
    verify(engine, published.id)
    _tamper(engine, change)
    with pytest.raises(StoreError, match=f"^{published.id} is damaged: "):
        verify(engine, published.id)


def test_a_flipped_bit_of_a_path_is_found(engine: Engine, parts: Make) -> None:
    published = parts().publish(engine)
    with engine.connect() as connection:
        stored = bytearray(
            connection.execute(text("SELECT paths FROM release_paths WHERE area = 'el-paso'")).scalar_one()
        )
    stored[-1] ^= 1
    _tamper(engine, "UPDATE release_paths SET paths = :paths WHERE area = 'el-paso'", paths=bytes(stored))
    with pytest.raises(StoreError, match="do not match its checksum"):
        verify(engine, published.id)
    with pytest.raises(StoreError, match="do not match its checksum"):
        read.joint_paths(engine, published.id, ["southwest"])  # whole or not at all


def test_a_release_that_lacks_a_row_is_not_loaded(engine: Engine, parts: Make) -> None:
    published = parts().publish(engine)
    _tamper(engine, "DELETE FROM release_quantiles WHERE area = 'el-paso' AND horizon = 2")
    with pytest.raises(StoreError, match=r"^el-paso in .* lacks horizons"):
        read.load(engine, published.id)


@pytest.mark.parametrize(("text", "says"), [("[1,2,3]", "holds 3 numbers instead of 23"), ("[1,", "is damaged")])
def test_quantiles_that_are_cut_are_not_served(engine: Engine, parts: Make, text: str, says: str) -> None:
    published = parts().publish(engine)
    _tamper(engine, "UPDATE release_quantiles SET quantiles = :text WHERE area = 'el-paso' AND horizon = 2", text=text)
    with pytest.raises(StoreError, match=says):
        read.load(engine, published.id)


def test_a_damaged_release_is_not_rolled_back_to(engine: Engine, parts: Make) -> None:
    first, second = parts().publish(engine), parts(key="b").publish(engine)
    _tamper(
        engine,
        "DELETE FROM release_quantiles WHERE area = 'el-paso' AND horizon = 2 AND release = :release",
        release=first.id,
    )
    with pytest.raises(StoreError, match="is damaged"):
        rollback(engine, first.id, now=NOW)
    assert read.pointers(engine) == {"usbp-sectors": second.id}


def test_an_unknown_release_is_not_called_damaged(engine: Engine) -> None:
    with pytest.raises(NoRelease):
        verify(engine, "nothing")
