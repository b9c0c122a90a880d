"""One official file: downloaded, verified by its reader,
taken into the archive, and only then put under its final name.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

from forecast.core.errors import EncountersError, FetchError, Quarantined, SourceError, one_line
from forecast.core.files import PART, replace_whole
from forecast.core.tables import Vintage
from forecast.counts.archive import Appended, Archive
from forecast.counts.publisher.page import Link
from forecast.counts.publisher.publication import publication, sent_day
from forecast.counts.publisher.remembered import Remembered, forget_refused, keep_refused, recall, refused, remember
from forecast.counts.publisher.session import Session
from forecast.counts.publisher.transfer import Reply
from forecast.counts.refusals import Refusals
from forecast.counts.sources.catalog import Recognised, recognise
from forecast.counts.taking import Taken, take_finer

__all__ = ["QUARANTINE", "Fetched", "download", "judged", "sweep"]

QUARANTINE = "quarantined"  # folder, under that of the downloads
_CLOSED = frozenset({401, 403, 451})
_FETCHING = ".fetching-"  # begins the folder of a file that is not judged yet
ABANDONED = timedelta(days=1)  # longer than any fetch takes: what is older was left by one that was killed


@dataclass(frozen=True)
class Fetched:
    """How one address ended. `appended`: what the file brought, if it was taken;
    `reason`: one line where it was refused. `finer`: what came of it in panels that are declared on its layout.
    """

    address: str
    verdict: Literal["taken", "already there", "refused"]
    reason: str = ""
    file: Path | None = None
    appended: Appended | None = None
    finer: tuple[Taken, ...] = ()


async def download(session: Session, link: Link, *, folder: Path, archive: Archive, now: datetime) -> Fetched:
    """Fetch what a link leads to, unless the archive has it.
    The file stays in `folder`; refused, it leaves everything as it was.

    A file that reads well but that the archive doubts is kept under `quarantined`, since a person may accept it.
    Refused content is entered once in the archive's register of refusals; each fetch judges it again, and downloads it
    again only where it may have changed.
    """
    file = folder / link.name
    try:
        known, before = recall(file, link.address), recall(refused(file), link.address)
        marks = before or (known if known is not None and archive.holds(known.sha256) else None)
        answer = await session.get(link.address, marks.conditions if marks else None)
        if answer.status == 304 and marks is not None:
            if marks is known:
                official = partial(recognise, file)
                return Fetched(link.address, "already there", file=file, finer=_lacking(archive, official, marks, now))
            content = refused(file).read_bytes()
        else:
            content = (await _whole(session, link, judged(answer, link.address))).content
            marks = Remembered(
                address=link.address,
                etag=answer.headers.get("etag", ""),
                last_modified=answer.headers.get("last-modified", ""),
                sha256=hashlib.sha256(content).hexdigest(),
                fetched=now.date().isoformat(),
            )
        return _taken(content, marks, link, file, archive, now, known.day if known else None)
    except EncountersError as error:
        return Fetched(link.address, "refused", one_line(error))
    except OSError as error:
        return Fetched(
            link.address, "refused", f"{folder} cannot be written ({error.strerror}). Check free space and permissions."
        )


def judged(answer: Reply, page: str) -> Reply:
    """The answer, if it has content. Raises FetchError, saying what a person at a browser can do about it."""
    by_hand = f"Open {page} in a browser, save the file, and run: encounters ingest FILE"
    if answer.status in _CLOSED:
        raise FetchError(
            f"{answer.address}: the publisher refuses this program ({answer.status}), and is not asked again. {by_hand}"
        )
    if answer.status != 200:
        raise FetchError(f"{answer.address}: expected a file, but the server answered {answer.status}. {by_hand}")
    return answer


async def _whole(session: Session, link: Link, answer: Reply) -> Reply:
    """An answer whose end was not announced may have been cut: it is believed if it comes the same a second time."""
    if not answer.ended:
        again = judged(await session.get(link.address), link.address)
        if again.content != answer.content:
            raise FetchError(
                f"{link.address}: the server does not say how long the file is, and two downloads differ. Try again "
                "later."
            )
    return answer


def _taken(
    content: bytes, marks: Remembered, link: Link, file: Path, archive: Archive, now: datetime, before: date | None
) -> Fetched:
    appended: Appended | None = None
    finer: tuple[Taken, ...] = ()
    file.parent.mkdir(parents=True, exist_ok=True)
    if archive.holds(marks.sha256):
        finer = _lacking(archive, partial(_recognised, content, file), marks, now)
    else:
        day = publication(link, modified=sent_day(marks.last_modified), today=now.date(), not_before=before)
        try:
            official = _recognised(content, file)
            appended = _append(archive, _read(official, day), content, file, now)
            finer = _noted(take_finer(archive, official, when=now), archive, official.file.name, marks, now)
        except SourceError as error:
            register = Refusals(archive.folder)
            if not register.knows(marks.sha256):
                register.record(file=link.name, sha256=marks.sha256, reason=one_line(error), when=now)
            if marks.conditions:
                with suppress(OSError):  # the next fetch downloads it again; the reason matters more
                    keep_refused(file, content, marks)
            raise
    replace_whole(file, content, lasting=True)
    remember(file, marks)
    forget_refused(file)
    if appended is None:
        return Fetched(link.address, "already there", file=file, finer=finer)
    return Fetched(link.address, "taken", file=file, appended=appended, finer=finer)


def _recognised(content: bytes, file: Path) -> Recognised:
    """Read under its final name, which the archive notes, but in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix=_FETCHING, dir=file.parent) as inside:
        unjudged = Path(inside) / file.name
        unjudged.write_bytes(content)
        return recognise(unjudged)


def _lacking(
    archive: Archive, official: Callable[[], Recognised], marks: Remembered, now: datetime
) -> tuple[Taken, ...]:
    """What came of a file that the archive has in finer panels that lack it: declared since, or its fetch was killed
    before it had fed them. `official` opens it, where a panel may be of its layout.
    """
    kept = archive.stored(marks.sha256)
    layouts = set(kept.vintage.panel.layouts) if kept else set()
    finer = [panel for panel in archive.panels.values() if panel.is_finer and layouts & set(panel.layouts)]
    if all(archive.holds(marks.sha256, panel.id) for panel in finer):
        return ()
    file = official()
    return _noted(take_finer(archive, file, when=now, lacking=True), archive, file.file.name, marks, now)


def _noted(taken: Iterable[Taken], archive: Archive, name: str, marks: Remembered, now: datetime) -> tuple[Taken, ...]:
    """The same; what was refused newly is entered in the register, and what stands there is known as such."""
    register, noted = Refusals(archive.folder), []
    for one in taken:
        error, again = one.error, one.error is not None and register.knows(marks.sha256, one.panel)
        if isinstance(error, SourceError) and not again:
            register.record(file=name, sha256=marks.sha256, reason=one_line(error), when=now, panel=one.panel)
        noted.append(replace(one, again=again))
    return tuple(noted)


def sweep(folder: Path, now: datetime) -> None:
    """Remove what fetches that were killed have left in `folder`."""
    for left in (*folder.glob(f"{_FETCHING}*"), *folder.glob(f".*.{'[0-9a-f]' * 8}{PART}")):
        with suppress(OSError):  # another fetch may be sweeping too
            if left.stat().st_mtime < (now - ABANDONED).timestamp():
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _read(official: Recognised, day: date | None) -> Vintage:
    """The file's vintage. Raises SourceError where it cannot be read,
    or bears the marks of a cut that its reader cannot see.
    """
    vintage, content = official.vintage(day), official.file.content
    if not content.startswith(b"PK") and not content.endswith((b"\n", b"\r")):
        # As published, every table ends its last row; without that end its last count may lack digits.
        raise SourceError(
            file=official.file.name,
            place="last row",
            expected="expected a line end, but the file is cut",
            remedy="Download it again.",
        )
    return vintage


def _append(archive: Archive, vintage: Vintage, content: bytes, file: Path, now: datetime) -> Appended:
    try:
        return archive.append(vintage, when=now)
    except Quarantined as error:
        kept = file.parent / QUARANTINE / vintage.sha256[:12] / file.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(kept, content, lasting=True)
        raise Quarantined(
            file=error.file,
            place=error.place,
            expected=error.expected,
            remedy=f"If the publisher means it so: encounters ingest {shlex.quote(str(kept))} --published "
            f"{vintage.published} --accept",
            sha256=vintage.sha256,
        ) from error
