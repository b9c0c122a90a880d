"""What the tests of fetching share: small official files, patient limits, one fetch from a local publisher."""

import gzip
from datetime import UTC, datetime

from forecast.core.months import Month, month_range
from forecast.counts.publisher.fetching import Page, fetch
from forecast.counts.publisher.rules import DownloadLimits
from tests.catalogue import SECTORS
from tests.counts.layouts import aor_csv, state_csv
from tests.waiting import HANG

NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)
FOLDER = "/sites/default/files/2026-08/"
AOR, STATE = (
    f"{FOLDER}nationwide-encounters-fy23-fy26-jul-aor.csv",
    f"{FOLDER}nationwide-encounters-fy23-fy26-jul-state.csv",
)
# Long enough for a machine that is busy; the servers that hold out for ever are given less.
LIMITS = DownloadLimits(
    connect=HANG, read=HANG, total=HANG, largest=300_000, attempts=3, backoff=0.01, longest_wait=1, pause=0
)
IMPATIENT = {"endless drip": {"total": 0.6}, "endless headers": {"total": 0.6}, "silence": {"read": 0.5}}


def sectors(last="2026-07", months=24, times=1):
    """A file of every sector with counts in each month."""
    stretch = month_range(Month.parse(last) + (1 - months), months)
    return aor_csv(
        {(month, area.slug): 100 * times for month in stretch for area in SECTORS if area.closed is None}
    ).encode()


def states(last="2026-07", months=24):
    stretch = month_range(Month.parse(last) + (1 - months), months)
    return state_csv(
        {(month, slug): 70 for month in stretch for slug in ("cell-tx-southwest", "cell-ny-northern")}
    ).encode()


OLD = sectors("2026-06")
NEW = sectors()
BOMB = gzip.compress(b"0" * 100_000_000, compresslevel=9)

CUT = NEW[:-700]


def go(archive, folder, page, now=NOW, **limits):
    return fetch(archive, folder, now=now, pages=[Page(page)], limits=DownloadLimits(**{**vars(LIMITS), **limits}))


def one(archive, folder, page, **more):
    results = go(archive, folder, page, **more)
    assert len(results) == 1
    return results[0]


def inside(folder):
    """Every file under a folder by its path, without what is remembered beside a download."""
    files = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        if folder.exists()
        else {}
    )
    return {name: content for name, content in files.items() if not name.endswith(".json")}
