"""One holder per panel, on either database, whatever becomes of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy import Engine, text

from forecast.core.errors import LeaseLost, LockHeld
from forecast.release import lease as leases
from forecast.release import read
from forecast.release.lease import hold, renew
from tests.release.conftest import NOW, Parts
from tests.waiting import HANG, soon, until

HERE = Path(__file__).parents[2]
LONG, SHORT = timedelta(minutes=10), timedelta(seconds=0.2)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holders of this process do not renew, as one that is cut off from the database."""
    monkeypatch.setattr(leases, "_RENEWALS", 0.001)


def test_a_second_holder_is_refused_at_once_and_told_who_holds(engine: Engine) -> None:
    with hold(engine, "usbp-sectors", holder="host-a, process 7", now=NOW, ttl=LONG):

        def refused():
            with (
                pytest.raises(LockHeld, match=r"Another retraining of usbp-sectors is at work .*host-a, process 7"),
                hold(engine, "usbp-sectors", holder="host-b", now=NOW, ttl=LONG),
            ):
                pass

        soon(refused, seconds=5)


def test_panels_are_held_apart(engine: Engine) -> None:
    with (
        hold(engine, "usbp-sectors", holder="a", now=NOW, ttl=LONG),
        hold(engine, "cbp-states", holder="b", now=NOW, ttl=LONG) as other,
    ):
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
def test_a_lease_of_postgresql_expires_and_the_one_who_comes_next_publishes(
    engine: Engine, parts: Callable[..., Parts], silent: None
) -> None:
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
def test_a_stalled_holder_that_ends_does_not_free_the_next_ones_lease(engine: Engine, silent: None) -> None:
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
import sys
from datetime import UTC, datetime, timedelta
from forecast.release import store
from forecast.release.lease import hold
ttl = timedelta(seconds=float(sys.argv[2]))
with hold(store.connect(sys.argv[1]), "usbp-sectors", holder="doomed", now=datetime.now(UTC), ttl=ttl) as lease:
    print("held", flush=True)
    sys.stdin.readline()
    if len(sys.argv) > 3:
        sys.path.insert(0, sys.argv[3])
        from tests.release import conftest
        from forecast.core.errors import LeaseLost
        try:
            conftest._parts(key="b").publish(store.connect(sys.argv[1]), lease=lease)
            print("published", flush=True)
        except LeaseLost as error:
            print(error, flush=True)
"""


@contextmanager
def holding(engine: Engine, *arguments: object) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A process that holds the sectors, with a `ttl` in seconds, and works until it is sent a line; then, given the
    folder that `tests` lies in, it publishes."""
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", HOLDER, url, *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with process.stdin, process.stdout as out:
            assert out.readline() == "held\n"
            yield process, out
    finally:
        process.kill()
        process.wait()


def proceed(process: subprocess.Popen[str]) -> None:
    """Let a holder end its work."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@contextmanager
def freed(engine: Engine) -> Iterator[leases.Lease]:
    """The lease of the sectors, as soon as it can be had."""
    with ExitStack() as held:

        def take() -> leases.Lease | None:
            with suppress(LockHeld):
                return held.enter_context(hold(engine, "usbp-sectors", holder="next", now=NOW, ttl=LONG))
            return None

        yield until(take, every=0.2)


def test_a_killed_holder_makes_way(engine: Engine) -> None:
    with holding(engine, 5) as (process, _):
        with pytest.raises(LockHeld, match="doomed"), hold(engine, "usbp-sectors", holder="next", now=NOW, ttl=LONG):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    with freed(engine) as lease:  # at once with SQLite, and when the lease runs out with PostgreSQL
        assert lease.epoch == 2


def test_a_stopped_holder_keeps_the_lock_of_sqlite_and_the_next_one_is_told_how_to_end_it(engine: Engine) -> None:
    with holding(engine, 3600) as (process, _):
        process.send_signal(signal.SIGSTOP)
        message = (
            r"at work \(doomed, since 20\d\d-\d\d-\d\d \d\d:\d\d UTC\).*kill -9.* and its l(ock is free at "
            r"once|ease then runs out by 20)"
        )
        with pytest.raises(LockHeld, match=message), hold(engine, "usbp-sectors", holder="next", now=NOW, ttl=LONG):
            pass


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_holder_that_works_for_longer_than_its_lease_keeps_it_and_publishes(engine: Engine) -> None:
    with holding(engine, 3, HERE) as (process, out):
        end = time.monotonic() + 4
        while time.monotonic() < end:
            with (
                pytest.raises(LockHeld, match="doomed"),
                hold(engine, "usbp-sectors", holder="next", now=NOW, ttl=LONG),
            ):
                pass
            time.sleep(0.2)
        proceed(process)
        assert out.readline() == "published\n"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_stopped_holder_that_wakes_after_its_lease_publishes_nothing(
    engine: Engine, parts: Callable[..., Parts]
) -> None:
    with holding(engine, 1.5, HERE) as (process, out):
        process.send_signal(signal.SIGSTOP)
        with freed(engine) as lease:
            published = parts().publish(engine, lease=lease)
        process.send_signal(signal.SIGCONT)
        proceed(process)
        assert out.readline().startswith("doomed lost its lease of usbp-sectors while it worked; nothing was published")
    assert [one.id for one in read.releases(engine)] == [published.id]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_database_that_fails_for_a_moment_costs_no_lease(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    succeeded: list[bool] = []

    def noted(*arguments: Any) -> None:
        succeeded.append(False)
        renew(*arguments)
        succeeded[-1] = True

    monkeypatch.setattr(leases, "renew", noted)
    with hold(engine, "usbp-sectors", holder="a", now=NOW, ttl=timedelta(seconds=6)) as lease:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE lease RENAME TO elsewhere"))
        until(lambda: len(succeeded) > 2)  # two renewals have failed
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO lease"))
        until(lambda: succeeded[-1])
        renew(engine, lease)


def test_a_lost_lease_is_told_apart_from_one_that_another_holds(engine: Engine) -> None:
    with hold(engine, "usbp-sectors", holder="a", now=NOW, ttl=LONG):
        with pytest.raises(LockHeld) as busy, hold(engine, "usbp-sectors", holder="b", now=NOW, ttl=LONG):
            pass
        with engine.begin() as connection:
            connection.execute(text("UPDATE lease SET epoch = epoch + 1"))
        with pytest.raises(LeaseLost):
            renew(engine, leases.Lease("usbp-sectors", "a", 1, LONG))
    assert not isinstance(busy.value, LeaseLost)


def test_a_lock_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys\n"
        "from datetime import UTC, datetime, timedelta\n"
        "from forecast.release import store\n"
        "from forecast.release.lease import hold\n"
        "from forecast.release.migrations import migrate\n"
        "engine = store.connect('sqlite:///' + sys.argv[1])\n"
        "migrate(engine)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))\n"  # as a full disk: not one byte more
        "try:\n"
        "    with hold(engine, 'usbp-sectors', holder='me', now=datetime.now(UTC), ttl=timedelta(minutes=1)):\n"
        "        pass\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, str(tmp_path / "e.db")],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=True,
    )
    assert done.stdout.startswith("StoreError The lock ")
    assert done.stdout.endswith("Free some space and try again.\n")
