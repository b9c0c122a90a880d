"""What a publisher's page links, and which of it is newest.
Goes by the targets of links, never by the page's text; asks no network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal, get_args
from urllib.parse import unquote

from forecast.core.errors import FetchError
from forecast.core.months import Month
from forecast.counts.publisher.rules import joined

__all__ = ["KINDS", "FileKind", "Link", "links", "newest", "recognised"]

FileKind = Literal["by area of responsibility", "by state", "workbook"]
KINDS: tuple[FileKind, ...] = get_args(FileKind)
_CBP: dict[str, FileKind] = {"aor": "by area of responsibility", "state": "by state"}

# `_0`, `_1` ... before the ending: the same name uploaded again.
_AGAIN = r"(?:_(?P<again>\d{1,3}))?"
_GAP = "[ _-]+"  # a file that was not renamed for the web keeps its spaces
_NATIONWIDE = re.compile(
    rf"nationwide{_GAP}encounters{_GAP}fy\d\d-fy(?P<fiscal>\d\d)(?:{_GAP}(?P<month>[a-z]{{3,9}}))?{_GAP}(?P<by>aor|state){_AGAIN}\.csv",
    re.ASCII | re.IGNORECASE,
)
_WORKBOOKS = (
    # `khsm-encounters-usbp-fy25-nov.xlsx`, and `KHSM Encounters (USBP) fy25m11.xlsx`, where the month is that of the
    # calendar.
    re.compile(
        rf"[\w -]{{0,60}}khsm{_GAP}encounters{_GAP}\(?usbp\)?{_GAP}fy(?P<fiscal>\d\d)"
        rf"(?:{_GAP}(?P<month>[a-z]{{3,9}})|[ _-]*m(?P<number>\d\d?))?{_AGAIN}\.xlsx",
        re.ASCII | re.IGNORECASE,
    ),
    re.compile(
        rf"[\d_-]{{7,10}}{_GAP}ohss{_GAP}[\w "
        rf"-]{{0,80}}tables{_GAP}(?P<month>[a-z]{{3,9}}){_GAP}(?P<year>\d{{4}}){_AGAIN}\.xlsx",
        re.ASCII | re.IGNORECASE,
    ),
)
# `/2026-08/`, and `/2023-Nov/` as CBP named its folders before 2024.
_FOLDER = re.compile(r"/(20\d\d)-(\d\d|[a-z]{3})/", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    """A link to an official file.

    `through`: the last month that its name promises. `folder`: the month of the folder it lies in, the month of its
    publication; None where the folder names none. `again`: which upload of that name, from 0; -1 for the first.
    """

    address: str
    name: str
    kind: FileKind
    through: Month
    folder: Month | None
    again: int

    @property
    def age(self) -> tuple[Month, Month, int]:
        """Orders the links of one kind, newest last: what it reaches, when it came out, which upload."""
        reach, folder = self.through, self.folder or Month(0)
        # A file cannot reach past the month before it came out: one whose name lacks the month is not newer than all
        # that follow.
        return (min(reach, folder + -1) if self.folder else reach, folder, self.again)


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.targets: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "a" and target:
            self.targets.append(target)
        elif tag == "base" and target and not self.base:
            self.base = target


def links(html: str, address: str) -> tuple[str, ...]:
    """The addresses that the links of a page at `address` lead to, in order, each once;
    what is no address is passed over.
    """
    anchors = _Anchors()
    anchors.feed(html)
    anchors.close()
    return tuple(dict.fromkeys(_addresses(anchors, address)))


def _addresses(anchors: _Anchors, address: str) -> Iterator[str]:
    base = joined(address, anchors.base) if anchors.base else address
    for target in anchors.targets:
        try:
            yield joined(base, target)
        except FetchError:
            continue  # a page may link anything; only official files are looked for


def recognised(address: str) -> Link | None:
    """The official file that an address names; None for any other, such as CBP's file of the southwest alone."""
    path = unquote(re.split(r"[?#]", address, maxsplit=1)[0])
    name = path.rsplit("/", 1)[-1]
    for pattern in (_NATIONWIDE, *_WORKBOOKS):
        match = pattern.fullmatch(name)
        if match is None:
            continue
        try:
            return Link(
                address=address,
                name=name,
                kind=_CBP[match["by"].lower()] if pattern is _NATIONWIDE else "workbook",
                through=_through(match.groupdict()),
                folder=_folder(path),
                again=int(match["again"] or -1),
            )
        except ValueError:
            return None  # `fy25-xyz`: no month
    return None


def newest(linked: Iterable[Link], kind: FileKind) -> Link | None:
    """The newest link of a kind."""
    return max((link for link in linked if link.kind == kind), key=lambda link: link.age, default=None)


def _through(words: dict[str, str | None]) -> Month:
    fiscal = 2000 + int(words.get("fiscal") or 0)
    if number := int(words.get("number") or 0):
        return Month.of(fiscal - 1 if number >= 10 else fiscal, number)
    month = Month.fiscal(
        fiscal, (words["month"] or "sep")[:3]
    )  # a closed fiscal year needs no month: it ends in September
    return month if words.get("fiscal") else Month.of(int(words["year"] or 0), month.number)


def _folder(path: str) -> Month | None:
    folders = _FOLDER.findall(path)
    if not folders:
        return None
    year, month = folders[-1]
    try:
        return Month.of(int(year), int(month) if month.isdigit() else Month.fiscal(2000, month).number)
    except ValueError:
        return None
