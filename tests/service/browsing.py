"""Chromium over a real server: a store with a past, and pages that report every error of a script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from forecast.core.months import Month
from forecast.release.publish import record_observations
from forecast.release.read import Observation
from tests.catalogue import STATES_PANEL, USBP
from tests.service.conftest import AREAS, Office
from tests.waiting import HANG

__all__ = ["chromium", "filled", "visiting"]

_ORIGIN = Month.of(2024, 11)
expect.set_options(timeout=1000 * HANG)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium that is installed, without its sandbox, which root cannot have; where there is none, a skip."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("the pages are tried in Chromium, which is not here. On Debian: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visiting(
    browser: Browser, *, width: int = 1000, theme: str = "light", script: bool = True, forgiven: str = "\0"
) -> Iterator[Page]:
    """A page of a context of its own. Ends with the test's failure where a script failed, something was refused by the
    policy, or a dialog opened. `forgiven`: part of a message that is none of these.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=theme,  # type: ignore[arg-type]
        java_script_enabled=script,
        accept_downloads=True,
    )
    context.set_default_timeout(1000 * HANG)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield page
    context.close()
    assert not [words for words in wrong if forgiven not in words]


def filled(office: Office) -> Office:
    """A store with a release of each panel, three years of counts, and releases of 1, 3, 6 and 12 months earlier."""
    for panel, slugs in (("usbp-sectors", AREAS["usbp-sectors"]), ("cbp-states", AREAS["cbp-states"])):
        rows = [
            Observation(
                slug, month, date(2024, 12, 19), (place + 1) * (500 + 40 * (month.ordinal % 12)), 1, "t", "f" * 64
            )
            for place, slug in enumerate(slugs)
            for month in (_ORIGIN + -back for back in range(36))
        ]
        record_observations(office.engine, USBP if panel == "usbp-sectors" else STATES_PANEL, rows)
    for key, back in (("e", 12), ("d", 6), ("c", 3), ("b", 1)):
        origin = _ORIGIN + -back
        issued = datetime(origin.year, origin.number, 28, tzinfo=UTC)
        office.publish(key=key, origin=str(origin), issued_at=issued, notes=(), horizon=12)
    office.publish(key="a", notes=(), horizon=12)
    office.publish("cbp-states", key="f")
    return office


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of a file: its driver keeps an event loop in the thread until it is closed."""
    with chromium() as running:
        yield running
