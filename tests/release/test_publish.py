"""Publication: whole or not at all, once per key, and never changed afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sqlalchemy import Engine, text

from forecast.core.errors import NoRelease, StoreError, TableError
from forecast.core.months import Month
from forecast.core.provenance import Provenance
from forecast.core.tables import LEVELS, Paths
from forecast.release import integrity, read
from forecast.release import publish as publishing
from forecast.release.lawful import breaches
from forecast.release.publish import publish, rollback, verify
from forecast.release.rows import manifest_of, text_of
from tests.release.conftest import NOW, Parts

Make = Callable[..., Parts]
AREAS = ("tucson", "southwest", "big-bend", "nation")
_keys = iter(range(10**6))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    values=st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6)).flatmap(
        lambda shape: arrays(float, shape, elements=st.floats(0, 2e6, allow_subnormal=False))
    ),
    origin=st.integers(400, 700).map(Month),
)
def test_what_is_published_is_what_is_read(engine: Engine, parts: Make, values: np.ndarray, origin: Month) -> None:
    paths = Paths("recipe", origin, AREAS[: len(values)], values)
    manifest = parts(
        key=f"{next(_keys):010d}", origin=origin, scores={"recipe": {"sWIS": 0.1}}, fallbacks={"tucson": "é"}
    ).manifest
    published = publish(engine, manifest=manifest, forecasts=paths.quantiles(), paths=paths, now=NOW)
    release = read.load(engine, published.id)
    expected = paths.quantiles()
    assert release.manifest == manifest
    assert release.levels == LEVELS
    assert [area.slug for area in release.areas] == sorted(paths.areas)
    for place, slug in enumerate(paths.areas):
        area = release.by_slug[slug]
        assert area.months == expected.months
        # Half a cent of an encounter: what two decimals leave.
        np.testing.assert_allclose(area.quantiles, expected.values[place], rtol=1e-12, atol=0.00501)
        np.testing.assert_allclose(area.means, expected.mean[place], rtol=1e-12, atol=0.00501)
        assert (np.diff(area.quantiles, axis=1) >= 0).all()
    joint = read.joint_paths(engine, published.id, paths.areas)
    np.testing.assert_array_equal(joint.values, np.rint(values))
    assert (joint.areas, joint.origin) == (paths.areas, origin)


def test_a_release_without_joint_draws_is_served_and_verified_and_says_so(engine: Engine, parts: Make) -> None:
    good = parts(areas=("tucson", "el-paso", "southwest"))
    release = publish(engine, manifest=good.manifest, forecasts=good.forecasts, paths=None, now=NOW)
    assert [area.slug for area in read.latest(engine, "usbp-sectors").areas] == ["el-paso", "southwest", "tucson"]
    verify(engine, release.id)
    assert breaches(engine, release.id) == []
    with pytest.raises(NoRelease, match="published without joint draws"):
        read.joint_paths(engine, release.id)
    with_draws = good.but(key="b" * 64).publish(engine)
    assert read.load(engine, with_draws.id).areas == read.load(engine, release.id).areas


def test_rows_are_written_and_read_some_at_a_time(engine: Engine, parts: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (publishing, integrity):
        monkeypatch.setattr(module, "_AT_ONCE", 2)
    release = parts(areas=("tucson", "el-paso", "southwest")).publish(engine)
    verify(engine, release.id)
    assert all(len(area.months) == 3 for area in read.load(engine, release.id).areas)


def test_a_publication_moves_the_pointer_of_its_panel_only(engine: Engine, parts: Make) -> None:
    sectors = parts().publish(engine)
    states = parts(key="b", panel="cbp-states", areas=("state-tx-southwest", "state-tx")).publish(engine)
    assert read.pointers(engine) == {"usbp-sectors": sectors.id, "cbp-states": states.id}
    newer = parts(key="c").publish(engine)
    assert read.pointers(engine) == {"usbp-sectors": newer.id, "cbp-states": states.id}


def test_a_release_names_the_one_served_before_it(engine: Engine, parts: Make) -> None:
    first = parts().publish(engine)
    second = parts(key="b").publish(engine)
    assert read.load(engine, first.id).previous is None
    assert read.load(engine, second.id).previous == first.id


def test_the_same_key_is_published_once_and_the_first_figures_stay(engine: Engine, parts: Make) -> None:
    first = parts(level=100).publish(engine)
    again = parts(level=900, issued_at=NOW + timedelta(days=1)).publish(engine)
    assert (first.already_there, again.already_there, again.id) == (False, True, first.id)
    assert read.load(engine, first.id).by_slug["el-paso"].means[0] < 102
    assert len(read.releases(engine)) == 1


def test_publishers_of_one_key_at_once_publish_once(engine: Engine, parts: Make) -> None:
    ready = threading.Barrier(4)

    def one(_: int) -> bool:
        ready.wait()
        return parts().publish(engine).already_there

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [False, True, True, True]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pointer")).scalar() == 1


def test_a_hindcast_is_kept_and_never_served(engine: Engine, parts: Make) -> None:
    issued = parts().publish(engine)
    hindcast = parts(key="b", hindcast=True).publish(engine)
    assert read.latest(engine, "usbp-sectors").id == issued.id
    assert read.load(engine, hindcast.id).manifest.hindcast


def test_a_hindcast_does_not_stand_in_the_way_of_a_release_with_its_key(engine: Engine, parts: Make) -> None:
    parts(hindcast=True).publish(engine)
    issued = parts().publish(engine)
    assert not issued.already_there
    assert read.latest(engine, "usbp-sectors").id == issued.id


def test_a_failure_between_the_inserts_leaves_the_old_release_served_and_nothing_of_the_new(
    engine: Engine, parts: Make
) -> None:
    old = parts().publish(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE release_paths RENAME TO elsewhere"))
    with pytest.raises(StoreError, match="release_paths"):
        parts(key="b").publish(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO release_paths"))
        assert connection.execute(text("SELECT DISTINCT release FROM release_quantiles")).scalars().all() == [old.id]
    assert read.pointers(engine) == {"usbp-sectors": old.id}
    assert [release.id for release in read.releases(engine)] == [old.id]
    assert not parts(key="b").publish(engine).already_there


def test_a_failure_at_the_pointer_takes_the_release_back_too(engine: Engine, parts: Make) -> None:
    with pytest.raises(StoreError):
        parts().publish(engine, reason=None)  # the pointer's reason may not be null
    assert read.releases(engine) == []
    assert read.pointers(engine) == {}


def test_readers_see_the_old_release_or_the_new_one_and_never_a_mix(engine: Engine, parts: Make) -> None:
    parts(key="00", level=1000).publish(engine)
    done = threading.Event()

    def read_on() -> set[int]:
        seen: set[int] = set()
        while not done.is_set():
            release = read.latest(engine, "usbp-sectors")
            levels = {int(mean // 1000) for area in release.areas for mean in area.means}
            assert levels == {int(release.manifest.key[:2]) + 1}
            assert [len(area.months) for area in release.areas] == [3, 3]
            seen |= levels
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read_on) for _ in range(2)]
        try:
            for number in range(1, 8):
                parts(key=f"{number:02d}", level=1000 * (number + 1)).publish(engine)
        finally:
            done.set()
        assert all(len(reader.result()) >= 1 for reader in readers)
    assert read.latest(engine, "usbp-sectors").manifest.key[:2] == "07"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda good: replace(good, paths=replace(good.paths, origin=good.paths.origin + 1)), "origins differ"),
        (lambda good: replace(good, paths=replace(good.paths, areas=("el-paso", "nation"))), "do not belong together"),
        (
            lambda good: replace(good, paths=replace(good.paths, values=good.paths.values[:, :2].copy())),
            "do not belong together",
        ),
        (lambda good: good.but(panel="cbp-states"), "el-paso, southwest are not areas of cbp-states"),
        (lambda good: good.but(scores={"recipe": float("nan")}), "cannot be written as JSON"),
        (
            lambda good: replace(good, paths=replace(good.paths, values=good.paths.values + 2.0**32)),
            "at most 4294967295",
        ),
    ],
    ids=["origin", "areas", "horizon", "panel", "score", "size"],
)
def test_parts_that_do_not_belong_together_are_refused(
    engine: Engine, parts: Make, spoil: Callable[[Parts], Parts], says: str
) -> None:
    with pytest.raises(TableError, match=says):
        spoil(parts()).publish(engine)
    assert read.releases(engine) == []


def test_an_unknown_area_is_refused(engine: Engine, parts: Make) -> None:
    with pytest.raises(TableError, match="atlantis are not areas of usbp-sectors"):
        parts(areas=("el-paso", "atlantis")).publish(engine)


def test_a_rollback_serves_the_earlier_release_and_is_recorded(engine: Engine, parts: Make) -> None:
    first, second = parts().publish(engine), parts(key="b").publish(engine)
    before = rollback(engine, first.id, now=NOW + timedelta(days=2), reason="intervals too narrow")
    assert before == second.id
    assert read.latest(engine, "usbp-sectors").id == first.id
    assert read.load(engine, second.id).id == second.id
    with engine.connect() as connection:
        moves = connection.execute(text("SELECT release, reason FROM pointer ORDER BY id")).all()
    assert moves == [(first.id, "retrain"), (second.id, "retrain"), (first.id, "intervals too narrow")]


def test_a_rollback_to_the_release_already_served_moves_nothing(engine: Engine, parts: Make) -> None:
    only = parts().publish(engine)
    assert rollback(engine, only.id, now=NOW) == only.id
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pointer")).scalar() == 1


def test_a_rollback_to_a_hindcast_or_to_nothing_is_refused(engine: Engine, parts: Make) -> None:
    hindcast = parts(hindcast=True).publish(engine)
    with pytest.raises(StoreError, match="is a hindcast"):
        rollback(engine, hindcast.id, now=NOW)
    with pytest.raises(NoRelease, match="encounters releases"):
        rollback(engine, "usbp-sectors-2024-11-nothing", now=NOW)
    assert read.pointers(engine) == {}


def test_a_manifest_keeps_the_sources_of_its_counts_and_one_of_before_they_were_kept_has_none(parts: Make) -> None:
    source = Provenance(
        "CBP", "aor.csv", date(2026, 9, 30), Month.of(2024, 10), Month.of(2026, 8), tabulated_by="somebody"
    )
    manifest = replace(parts().manifest, sources=(source,))
    assert manifest_of(text_of(manifest)) == manifest
    older = json.loads(text_of(manifest))
    del older["sources"]
    assert manifest_of(json.dumps(older)) == parts().manifest
