"""What does a page cost whoever opens it on a slow machine?
Bytes, first chart, and how long it takes to follow a hand.

    .venv/bin/python experiments/bench_pages.py [--times 10] [--slow 4] [--quick]

Serves a copy of the home ($ENCOUNTERS_HOME, or var) and opens its pages in Chromium, each time with nothing in its
cache, once at this processor's speed and once at a part of it. Needs a trained home (make train) and Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from experiments import quick_home
from experiments.bench_crowding import serving
from forecast.settings import Settings

# Page, what is its first chart, and a hand's act on it with what shows that the page has followed.
_PAGES: tuple[tuple[str, str, str, Callable[[Page], None], str], ...] = (
    (
        "",
        ".cards svg .seen",
        "a search, typed",
        lambda page: page.get_by_role("combobox", name="Find an area").press_sequentially("texas"),
        "() => document.querySelector('[role=option]')?.textContent.includes('Texas')",
    ),
    (
        "areas/el-paso",
        "#chart .plot .b50",
        "an arrow key on the chart",
        lambda page: page.locator("#chart").press("ArrowRight"),
        "() => document.querySelector('#readout')?.textContent.trim()",
    ),
    (
        "areas/el-paso",
        "#chart .plot .b50",
        "another axis, from the service",
        lambda page: page.locator("#scale-log").check(),
        "() => document.querySelector('#chart-name')?.textContent.includes('logarithmic')",
    ),
)
_PAINTED = """new Promise((done) => new PerformanceObserver((list) =>
  done(list.getEntries().find((entry) => entry.name === 'first-contentful-paint').startTime)
).observe({ type: 'paint', buffered: true }))"""


@dataclass(frozen=True)
class Visit:
    """One visit of a page: milliseconds, and bytes as they were sent."""

    painted: float
    chart: float
    followed: float
    page: int
    beside: int


def visit(
    browser: Browser, address: str, *, slow: float, chart: str, act: Callable[[Page], None], followed: str
) -> Visit:
    """Open a page with nothing in the cache at `1 / slow` of this processor's speed, and act on it once."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Emulation.setCPUThrottlingRate", {"rate": slow})
    sizes: dict[str, float] = {}
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    main = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    pages: list[str] = []
    session.on(
        "Network.responseReceived",
        lambda event: (
            pages.append(event["requestId"]) if (event["type"], event["frameId"]) == ("Document", main) else None
        ),
    )
    page.goto(address, wait_until="commit")
    # `performance.now` counts from the beginning of the navigation, and a frame later the chart is on the screen.
    there = page.wait_for_function(
        "(chart) => document.querySelector(chart)"
        " && new Promise((done) => requestAnimationFrame(() => done(performance.now())))",
        arg=chart,
    ).json_value()
    painted = page.evaluate(_PAINTED)
    page.wait_for_load_state("networkidle")
    own = sizes.pop(pages[0])
    beside = sum(sizes.values())
    page.evaluate(
        f"() => {{ const seen = {followed}; let first;"
        " for (const kind of ['keydown', 'pointerdown', 'click'])"
        " addEventListener(kind, (event) => { first ??= event.timeStamp; }, { capture: true });"
        " window.followed = new Promise((done) => { const look = () => first && seen()"
        " ? done(performance.now() - first) : requestAnimationFrame(look); look(); }); }"
    )
    act(page)
    took = page.evaluate("window.followed")
    context.close()
    return Visit(painted, there, took, int(own), int(beside))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--slow", type=float, default=4, help="how many times slower than this processor")
    parser.add_argument("--quick", action="store_true", help=quick_home.HELP)
    options = parser.parse_args(arguments)
    home, times = (quick_home.enter(), 1) if options.quick else (Settings().root, options.times)
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sys.exit("Chromium is not here. On Debian: apt-get install chromium")
    print(
        f"{times} visits each; milliseconds, median and slowest; kB as sent: the page, and scripts and styles beside it"
    )
    print(
        f"{'page':<16}{'speed':>7}{'painted':>14}{'first chart':>14}{'kB':>6}{'beside':>8}   what is done, and its time"
    )
    with serving(home) as (port, _), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, chart, what, act, followed in _PAGES:
            for slow in (1, options.slow):
                seen = [
                    visit(
                        browser, f"http://127.0.0.1:{port}/{name}", slow=slow, chart=chart, act=act, followed=followed
                    )
                    for _ in range(times)
                ]
                figures = [
                    f"{statistics.median(part):.0f}, {max(part):.0f}"
                    for part in zip(*((one.painted, one.chart, one.followed) for one in seen), strict=True)
                ]
                print(
                    f"/{name:<15}{'1/' + format(slow, 'g') if slow > 1 else '1':>7}{figures[0]:>14}{figures[1]:>14}"
                    f"{seen[0].page / 1000:>6.1f}{seen[0].beside / 1000:>8.1f}   {what}: {figures[2]}",
                    flush=True,
                )
        browser.close()


if __name__ == "__main__":
    main()
