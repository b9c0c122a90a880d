"""One holder per panel, on either database, whatever becomes of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import NOW, Parts
from sqlalchemy import Engine, text

from forecast.core.errors import LockHeld
from forecast.release import read
from forecast.release.lease import hold, renew

LONG, SHORT = timedelta(minutes=10), timedelta(seconds=0.2)


def test_a_second_holder_is_refused_at_once_and_told_who_holds(engine: Engine) -> None:
    with hold(engine, "usbp-sectors", holder="host-a, process 7", now=NOW, ttl=LONG):
        start = time.monotonic()
        with (
            pytest.raises(LockHeld, match=r"Another retraining of usbp-sectors is at work .*host-a, process 7"),
            hold(engine, "usbp-sectors", holder="host-b", now=NOW, ttl=LONG),
        ):
            pass
        assert time.monotonic() - start < 5


def test_panels_are_held_apart(engine: Engine) -> None:
    with hold(engine, "usbp-sectors", holder="a", now=NOW, ttl=LONG), hold(engine, "cbp-states", holder="b", now=NOW, ttl=LONG) as other:
        assert other.panel == "cbp-states"


def test_a_holder_that_ends_or_fails_makes_way_and_the_epoch_grows(engine: Engine) -> None:
    with hold(engine, "usbp-sectors", holder="a", now=NOW, ttl=LONG) as first:
        pass
    with pytest.raises(ZeroDivisionError), hold(engine, "usbp-sectors", holder="b", now=NOW, ttl=LONG) as second:
        raise ZeroDivisionError
    with hold(engine, "usbp-sectors", holder="c", now=NOW, ttl=LONG) as third:
        assert (first.epoch, second.epoch, third.epoch) == (1, 2, 3)


def test_a_holder_publishes(engine: Engine, parts: Callable[..., Parts]) -> None:
    with hold(engine, "usbp-sectors", holder="a", now=NOW, ttl=LONG) as lease:
        renew(engine, lease)
        published = parts().publish(engine, lease=lease)
    assert read.pointers(engine) == {"usbp-sectors": published.id}


def test_a_holder_that_was_replaced_publishes_nothing(engine: Engine, parts: Callable[..., Parts]) -> None:
    with hold(engine, "usbp-sectors", holder="stalled", now=NOW, ttl=LONG) as lease:
        with engine.begin() as connection:  # as another machine does after the expiry
            connection.execute(text("UPDATE lease SET epoch = epoch + 1, holder = 'other'"))
        with pytest.raises(LockHeld, match="stalled lost its lease of usbp-sectors"):
            parts().publish(engine, lease=lease)
        with pytest.raises(LockHeld):
            renew(engine, lease)
    assert read.releases(engine) == []


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # a file lock does not expire: it ends with its process
def test_a_lease_of_postgresql_expires_and_the_one_who_comes_next_publishes(engine: Engine, parts: Callable[..., Parts]) -> None:
    with hold(engine, "usbp-sectors", holder="stalled", now=NOW, ttl=SHORT) as old:
        time.sleep(0.3)
        with pytest.raises(LockHeld):
            parts().publish(engine, lease=old)  # expired, and not even taken over
        with hold(engine, "usbp-sectors", holder="next", now=NOW, ttl=LONG) as new:
            with pytest.raises(LockHeld):
                parts().publish(engine, lease=old)
            published = parts().publish(engine, lease=new)
    assert read.pointers(engine) == {"usbp-sectors": published.id}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_stalled_holder_that_ends_does_not_free_the_next_ones_lease(engine: Engine) -> None:
    old = hold(engine, "usbp-sectors", holder="stalled", now=NOW, ttl=SHORT)
    old.__enter__()
    time.sleep(0.3)
    with hold(engine, "usbp-sectors", holder="next", now=NOW, ttl=LONG):
        old.__exit__(None, None, None)
        with pytest.raises(LockHeld, match="next"), hold(engine, "usbp-sectors", holder="third", now=NOW, ttl=LONG):
            pass


def test_a_lease_that_cannot_be_given_back_hides_no_result(engine: Engine) -> None:
    with hold(engine, "usbp-sectors", holder="a", now=NOW, ttl=LONG) as lease, engine.begin() as connection:
        connection.execute(text("ALTER TABLE lease RENAME TO elsewhere"))
    assert lease.epoch == 1


HOLDER = """
import sys, time
from datetime import UTC, datetime, timedelta
from forecast.release import store
from forecast.release.lease import hold
with hold(store.connect(sys.argv[1]), "usbp-sectors", holder="doomed", now=datetime.now(UTC), ttl=timedelta(seconds=3)):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_holder_makes_way(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LockHeld, match="doomed"), hold(engine, "usbp-sectors", holder="next", now=NOW, ttl=LONG):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    if engine.dialect.name == "postgresql":
        time.sleep(3.1)  # its lease runs out
    with hold(engine, "usbp-sectors", holder="next", now=NOW, ttl=LONG) as lease:
        assert lease.epoch == 2
