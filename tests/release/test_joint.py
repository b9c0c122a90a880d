"""Joint draws as they are read: sums made of leaves, of new releases and of those that kept every area's own."""

from __future__ import annotations

import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sqlalchemy import text

from forecast.core.errors import StoreError, TableError
from forecast.core.months import Month
from forecast.core.tables import Paths
from forecast.release import read
from forecast.release.lawful import breaches
from forecast.release.publish import publish
from forecast.release.rows import pack_paths, unpack_paths
from forecast.release.store import connect
from tests.catalogue import STATES_PANEL as CBP

LEAVES = tuple(area.slug for area in CBP.areas.values() if area.is_leaf() and area.closed is None)
ALL = tuple(CBP.hierarchy(LEAVES))


@given(values=arrays(np.uint32, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.integers(0, 2**32 - 1)))
def test_what_is_packed_is_what_is_unpacked(values):
    packed = pack_paths(values.astype(float))
    assert np.array_equal(unpack_paths(packed, samples=values.shape[1], place="here"), values)


def test_paths_packed_before_bytes_were_set_apart_are_unpacked():
    values = np.array([[1, 70_000, 3], [4, 5, 2**32 - 1]])
    older = zlib.compress(values.astype("<u4").tobytes(), 1)
    assert np.array_equal(unpack_paths(older, samples=3, place="here"), values)


@pytest.mark.parametrize("cut", [slice(0, 1), slice(0, -2), slice(1, None)])
def test_packed_paths_that_are_cut_are_damaged(cut):
    packed = pack_paths(np.array([[1.0, 2.0]]))
    with pytest.raises(StoreError, match=r"^here is damaged .* encounters verify\.$"):
        unpack_paths(packed[cut], samples=3, place="here")


def test_a_path_beyond_32_bits_is_refused():
    with pytest.raises(TableError, match="at most 4294967295"):
        pack_paths(np.array([[2.0**32]]))


@pytest.fixture
def published(engine, parts):
    """A release whose leaves have thirds of an encounter, and its paths."""
    origin = Month.of(2024, 11)
    leaves = np.random.default_rng(3).integers(0, 900, (len(LEAVES), 3, 40)) / 3
    place = {leaf: row for row, leaf in enumerate(LEAVES)}
    values = np.stack(
        [leaves[[place[leaf] for leaf in parts_]].sum(axis=0) for parts_ in CBP.hierarchy(LEAVES).values()]
    )
    paths = Paths("recipe", origin, ALL, values)
    manifest = parts(panel="cbp-states", origin=origin).manifest
    done = publish(engine, manifest=manifest, forecasts=paths.quantiles(), paths=paths, now=manifest.issued_at)
    return done.id, paths


def test_every_sum_is_that_of_its_whole_leaves(engine, published):
    release, paths = published
    joint = read.joint_paths(engine, release)
    assert set(joint.areas) == set(ALL)
    place = {area: row for row, area in enumerate(joint.areas)}
    for area, leaves in CBP.hierarchy(LEAVES).items():
        assert np.array_equal(joint.values[place[area]], joint.values[[place[leaf] for leaf in leaves]].sum(axis=0))
        assert np.array_equal(joint.values[place[area]], np.rint(joint.values[place[area]]))
        # A third of an encounter is what rounding moves a leaf by.
        assert np.abs(joint.values[place[area]] - paths.values[ALL.index(area)]).max() <= len(leaves) / 3 + 1e-6


def test_areas_come_in_the_order_asked_for(engine, published):
    release, _ = published
    every = read.joint_paths(engine, release)
    asked = ("states-nation", "state-tx-southwest", "state-tx")
    some = read.joint_paths(engine, release, asked)
    assert some.areas == asked
    assert np.array_equal(some.values, every.values[[every.areas.index(slug) for slug in asked]])


def test_leaves_alone_are_stored(engine, published):
    release, _ = published
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT area FROM release_paths WHERE release = :id"), {"id": release})
        assert {row.area for row in rows} == set(LEAVES)
    assert read.joint_draws(engine, release).nbytes == len(LEAVES) * 3 * 40 * 4


def test_a_release_of_an_older_store_has_joint_paths(store_0004: Path):
    from forecast.release.migrations import migrate

    engine = connect(f"sqlite:///{store_0004}")
    migrate(engine)
    for summary in read.releases(engine):
        joint = read.joint_paths(engine, summary.id)
        assert joint.values.shape[2] == read.joint_draws(engine, summary.id).draws > 0
        assert set(joint.areas) >= set(read.load(engine, summary.id).by_slug)
    engine.dispose()


def test_a_changed_quantile_stops_the_draws_too(engine, published):
    release, _ = published
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("ALTER TABLE release_quantiles DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE release_quantiles SET mean = mean + 1 WHERE area = 'state-tx'"))
    with pytest.raises(StoreError, match="do not match its checksum"):
        read.joint_paths(engine, release, ["state-nm"])


def test_quantiles_that_the_draws_contradict_break_a_law(engine, parts, published):
    release, paths = published
    assert breaches(engine, release) == []
    manifest = parts(key="b", panel="cbp-states").manifest
    twice = replace(paths, values=2 * paths.values)
    other = publish(engine, manifest=manifest, forecasts=twice.quantiles(), paths=paths, now=manifest.issued_at)
    broken = breaches(engine, other.id)
    assert "states-nation" in {line.split(",")[0] for line in broken}
    assert all("of the draws lie up to the" in line for line in broken)


def test_knowing_of_draws_loads_no_numpy():
    program = "import sys, forecast.release.joint, service.draws; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
