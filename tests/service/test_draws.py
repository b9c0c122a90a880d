"""Joint draws held by the service: read once, within their bound, and numpy with the first of them."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from forecast.core.errors import StoreError
from forecast.release import read
from service.draws import DrawCache
from service.releases import ReleaseCache


def test_draws_are_read_once_however_many_ask(office):
    office.publish()
    held = ReleaseCache(office.engine, kept=2)
    held.refresh()
    release, answers = held.newest["usbp-sectors"], []
    asking = [threading.Thread(target=lambda: answers.append(held.joint_draws(release))) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(answers) == 4
    assert all(answer is answers[0] for answer in answers)
    assert answers[0].paths(["el-paso"]).values.shape == (1, 3, 200)


@pytest.mark.parametrize(("most", "kept"), [(0, 1), (10**6, 3)])
def test_draws_beyond_the_bound_are_given_up_oldest_first(office, most, kept):
    ids = [office.publish(key=key, factor=place + 1) for place, key in enumerate("abc")]
    releases = [read.load(office.engine, identity) for identity in ids]
    cache = DrawCache(most)
    first = [cache.of(office.engine, release) for release in releases]
    assert cache.nbytes == kept * first[0].nbytes
    assert cache.of(office.engine, releases[-1]) is first[-1]
    assert (cache.of(office.engine, releases[0]) is first[0]) == (kept == 3)


def test_draws_of_a_store_that_is_down_are_served_once_they_are_held(office, tmp_path):
    from forecast.release.store import connect

    release = read.load(office.engine, office.publish())
    other = read.load(office.engine, office.publish(key="b", factor=2))
    cache, gone = DrawCache(10**6), connect(f"sqlite:///{tmp_path}/gone.db")
    held = cache.of(office.engine, release)
    assert cache.of(gone, release) is held
    with pytest.raises(StoreError):
        cache.of(gone, other)


def test_the_service_starts_without_numpy():
    program = "import sys, service.app; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
