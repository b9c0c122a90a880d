"""From the publishers' pages to the archive:
finds the newest official files and has each downloaded. Prints nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forecast.core.errors import EncountersError, FetchError, one_line
from forecast.counts.archive import Archive
from forecast.counts.publisher.download import Fetched, download, judged, sweep
from forecast.counts.publisher.page import KINDS, FileKind, Link, links, newest, recognised
from forecast.counts.publisher.rules import Addresses, DownloadLimits
from forecast.counts.publisher.session import Session
from forecast.counts.publisher.transfer import Tell

__all__ = ["PAGES", "DownloadLimits", "Page", "fetch"]


@dataclass(frozen=True)
class Page:
    """A page, and the kinds of files that it must link; none: at least one of any kind."""

    address: str
    expected: tuple[FileKind, ...] = ()


PAGES = (
    Page("https://www.cbp.gov/document/stats/nationwide-encounters", ("by area of responsibility", "by state")),
    Page("https://ohss.dhs.gov/khsm/cbp-encounters", ("workbook",)),
)


def fetch(
    archive: Archive,
    folder: Path,
    *,
    now: datetime,
    pages: Sequence[Page] = PAGES,
    limits: DownloadLimits | None = None,
    tell: Tell = lambda _: None,
) -> tuple[Fetched, ...]:
    """Fetch the newest files that the pages link into `folder` and the archive; one result per file, page or reason.

    `now`: the moment of the fetch, with its time zone. `tell`: hears in one line what is being done. What goes wrong
    with one file or page is its result, and the others are fetched all the same.
    """
    sweep(folder, now)
    return asyncio.run(_all(archive, folder, now, pages, limits or DownloadLimits(), tell))


async def _all(
    archive: Archive, folder: Path, now: datetime, pages: Sequence[Page], limits: DownloadLimits, tell: Tell
) -> tuple[Fetched, ...]:
    results: list[Fetched] = []
    for page in pages:
        try:
            async with Session.visiting(Addresses.around(page.address), limits, tell) as session:
                linked = await _linked(session, page)
                results += _missing(page, linked)
                results += _elsewhere(session, linked)
                for link in _wanted(session, linked):
                    results.append(await download(session, link, folder=folder, archive=archive, now=now))
        except EncountersError as error:
            results.append(Fetched(page.address, "refused", one_line(error)))
        except OSError as error:  # certificates that this machine does not have
            reason = f"{page.address}: cannot be asked ({error}). Check this machine's certificates."
            results.append(Fetched(page.address, "refused", reason))
    return tuple(results)


async def _linked(session: Session, page: Page) -> list[Link]:
    answer = judged(await session.get(page.address), page.address)
    html = answer.content.decode("utf-8", "replace")
    return [link for address in links(html, answer.address) if (link := recognised(address))]


def _wanted(session: Session, linked: Sequence[Link]) -> list[Link]:
    allowed = [link for link in linked if session.addresses.allows(link.address)]
    return [link for kind in KINDS if (link := newest(allowed, kind))]


def _missing(page: Page, linked: Sequence[Link]) -> Iterator[Fetched]:
    """A page that has lost what it must link has changed: that must be seen, not taken for nothing new."""
    there = {link.kind for link in linked}
    lacking = [("workbook" if kind == "workbook" else f"file {kind}") for kind in page.expected if kind not in there]
    for what in lacking if there else ["file that is known"]:
        yield Fetched(
            page.address,
            "refused",
            f"{page.address}: links no official {what}; the page may have changed, or be a notice in its place. "
            f"Open it in a browser, save the file, and run: encounters ingest FILE",
        )


def _elsewhere(session: Session, linked: Sequence[Link]) -> Iterator[Fetched]:
    """A link that may not be asked is passed over for an older one that may, and reported."""
    for kind in KINDS:
        link = newest(linked, kind)
        if link is not None and not session.addresses.allows(link.address):
            try:
                session.addresses.check(link.address)
            except FetchError as error:
                yield Fetched(link.address, "refused", one_line(error))
