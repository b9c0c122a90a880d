"""Forecasts of other programs, registered beside the release that their panel serves, to be scored as it is.

What was registered never changes. The day is the clock's: a month that had ended on it, or whose count was public by
then, is no forecast, and is not scored; a withdrawal hides no month that had ended or whose count was out. Reads no
file, which `evaluation.outside` does, and computes no score.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import numpy as np
from sqlalchemy import Engine, Row, and_, insert, select

from forecast.core.errors import NoRelease, StoreError, TableError
from forecast.core.months import Month, month_range
from forecast.core.scorecard import Truth
from forecast.core.tables import Floats, Forecasts
from forecast.release import read, schema
from forecast.release.columns import row_of
from forecast.release.issued_scores import newest
from forecast.release.live_board import OUTSIDE
from forecast.release.read import current
from forecast.release.store import reading, writing

__all__ = ["OutsideForecast", "beside", "foreknown", "listed", "register", "scored", "unscored", "withdraw"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_TABLE, _GONE = schema.outside_forecast, schema.outside_withdrawal


@dataclass(frozen=True)
class OutsideForecast:
    """What a program called `name` said of a panel from `origin`, registered while `release` was served.

    `values` (areas, horizon, levels) in the panel's counts per month, NaN in months that an area was not forecast for.
    `issued`: the day that its makers name; `withdrawn`: when; months that had not ended by then are not scored.
    """

    panel: str
    name: str
    release: str
    registered_at: datetime
    issued: date | None
    origin: Month
    areas: tuple[str, ...]
    levels: tuple[float, ...]
    values: Floats
    file: str
    sha256: str
    withdrawn: datetime | None = None

    @property
    def day(self) -> date:
        """The day of registration, UTC."""
        return self.registered_at.astimezone(UTC).date()

    @property
    def last(self) -> Month:
        """The last month that is forecast."""
        return self.origin + int(self.values.shape[1])

    @property
    def cells(self) -> set[tuple[str, Month]]:
        """The areas and months that it forecasts."""
        return {(area, month) for table in self.tables for area in table.areas for month in table.months}

    def ahead(self, known: Collection[tuple[str, Month]]) -> list[Month]:
        """The months that it forecasts of an area whose count is not among those `known`."""
        return sorted({month for _, month in self.cells.difference(known)})

    @property
    def model(self) -> str:
        """What its scores stand under; no model of the project is called so."""
        return f"{self.name}{OUTSIDE}"

    @property
    def tables(self) -> list[Forecasts]:
        """Its forecasts without means: a table for the areas of each number of months."""
        lengths = np.isfinite(self.values[:, :, 0]).sum(axis=1)
        pieces = []
        for length in sorted(set(lengths.tolist())):
            rows = np.flatnonzero(lengths == length)
            areas, unknown = tuple(self.areas[row] for row in rows), np.full((len(rows), length), np.nan)
            pieces.append(Forecasts(self.model, self.origin, areas, self.values[rows, :length], unknown, self.levels))
        return pieces


def register(
    engine: Engine,
    tables: Sequence[Forecasts],
    *,
    panel: str,
    name: str,
    file: str,
    sha256: str,
    now: datetime,
    issued: date | None = None,
) -> OutsideForecast:
    """Keep one model's forecasts from one origin beside the release that the panel serves.

    `tables`: as `evaluation.outside` gives them; `file`, `sha256`: where they come from. Raises TableError where they
    are of several models or origins, saw more than the release did, are known already, or are dated wrongly;
    NoRelease; StoreError where the name stands beside that release already.
    """
    origin, areas, values = _whole(tables, file)
    if not _NAME.fullmatch(name):
        raise TableError(f"{name[:60]!r} is no name. Use up to 60 letters, digits, dots, hyphens and underscores.")
    today = now.astimezone(UTC).date()
    if issued is not None and not origin.last_day < issued <= today:
        raise TableError(
            f"{file}: issued {issued} is not between the end of its origin {origin} and {today}. Give the day on "
            "which its makers issued it."
        )
    with reading(engine) as connection:
        served = current(connection).get(panel)
    if served is None:
        raise NoRelease(
            f"{panel} serves no release to score it beside. Publish one: encounters retrain --panel {panel}."
        )
    through = next(row.manifest.origin for row in read.releases(engine, panel) if row.id == served)
    if origin > through:
        raise TableError(
            f"{file} saw counts through {origin}, and {served} through {through}. Retrain with them first: encounters "
            f"retrain --panel {panel}."
        )
    made = OutsideForecast(panel, name, served, now, issued, origin, areas, tables[0].levels, values, file, sha256)
    if not made.ahead(foreknown(engine, made)):
        raise TableError(
            f"{file}: all its months had ended by {today}, or their counts were out, so that nothing of it is a "
            "forecast. Register forecasts before their months end."
        )
    with writing(engine, subject=panel) as connection:
        same = and_(_TABLE.c.panel == panel, _TABLE.c.name == name, _TABLE.c.release == served)
        if connection.execute(select(_TABLE.c.name).where(same)).first() is not None:
            raise StoreError(
                f"{name} is registered beside {served} already, and stays as it was. Register the next one after the "
                "next release, or under another name."
            )
        connection.execute(insert(_TABLE), _row(made))
    return made


def listed(engine: Engine, panel: str | None = None) -> list[OutsideForecast]:
    """All that were registered, of a panel or of all, oldest first. Raises StoreError where one is damaged."""
    query = _query().order_by(_TABLE.c.registered_at, _TABLE.c.name)
    if panel is not None:
        query = query.where(_TABLE.c.panel == panel)
    with reading(engine) as connection:
        return [_read(row) for row in connection.execute(query)]


def beside(engine: Engine, release: str) -> tuple[list[OutsideForecast], list[str]]:
    """Those that were registered while a release was served, by name, withdrawn ones too (see `scored`); and a sentence
    on each that is damaged, which hides no other. Raises StoreError.
    """
    query = _query().where(_TABLE.c.release == release).order_by(_TABLE.c.name)
    whole, damaged = [], []
    with reading(engine) as connection:
        for row in connection.execute(query):
            try:
                whole.append(_read(row))
            except StoreError as error:
                damaged.append(str(error))
    return whole, damaged


def withdraw(engine: Engine, name: str, *, panel: str, now: datetime) -> list[OutsideForecast]:
    """Score a name's forecasts of a panel on no month that has not ended; gives those that it concerns.

    Months that had ended stay scored, whenever their counts come out and are revised. Raises StoreError where none is
    left to withdraw.
    """
    left = [one for one in listed(engine, panel) if one.name == name and one.withdrawn is None]
    if not left:
        raise StoreError(f"No forecast of {name[:60]!r} is registered for {panel}. List them: encounters outside list.")
    with writing(engine, subject=panel) as connection:
        connection.execute(
            insert(_GONE), [{"panel": panel, "name": name, "release": one.release, "at": now} for one in left]
        )
    return left


def foreknown(engine: Engine, forecast: OutsideForecast) -> set[tuple[str, Month]]:
    """Areas and months of a forecast that had ended on the day of its registration, or whose counts were public on it.

    The end of the month counts too, since the day on which a count is held to be public is a late one where a publisher
    does not name it. Raises StoreError.
    """
    return _ended_or_public(engine, forecast, forecast.day)


def scored(engine: Engine, forecast: OutsideForecast, cells: Iterable[tuple[str, Month]]) -> set[tuple[str, Month]]:
    """Those of some areas and months that a forecast is scored on: not foreknown, and where it was withdrawn, what had
    ended or was public on the day of that. Raises StoreError.
    """
    fair = set(cells) - foreknown(engine, forecast)
    if forecast.withdrawn is None:
        return fair
    return fair & _ended_or_public(engine, forecast, forecast.withdrawn.astimezone(UTC).date())


def unscored(engine: Engine, panel: str) -> dict[str, list[Truth]]:
    """Release -> the counts that it is scored on, and an outside forecast beside it should be and is not, as where one
    was damaged when they came out and has been restored since; damaged ones are left out. Raises StoreError.
    """
    own, models = schema.accuracy, schema.model_accuracy
    lacking: dict[str, dict[tuple[str, Month], Truth]] = {}
    with reading(engine) as connection:
        releases = (
            connection.execute(select(_TABLE.c.release).where(_TABLE.c.panel == panel).distinct()).scalars().all()
        )
    for release in releases:
        counts = select(own.c.area, own.c.target_month, own.c.published, own.c.observed, own.c.precision)
        kept = select(models.c.model, models.c.area, models.c.target_month, models.c.published)
        with reading(engine) as connection:
            newest_counts = connection.execute(newest(counts).where(own.c.release == release)).all()
            scores = {tuple(row) for row in connection.execute(kept.where(models.c.release == release))}
        truth = {(row.area, row.target_month): Truth(*row) for row in newest_counts}
        for forecast in beside(engine, release)[0]:
            foretold = forecast.cells
            missing = {
                cell: one
                for cell, one in truth.items()
                if cell in foretold and (forecast.model, *cell, one.published) not in scores
            }
            for cell in scored(engine, forecast, missing) if missing else ():
                lacking.setdefault(release, {})[cell] = missing[cell]
    return {release: [cells[cell] for cell in sorted(cells)] for release, cells in lacking.items()}


def _ended_or_public(engine: Engine, forecast: OutsideForecast, day: date) -> set[tuple[str, Month]]:
    first, last = forecast.origin + 1, forecast.last
    months = (month for month in month_range(first, last - forecast.origin) if month.last_day < day)
    public = read.observations(engine, forecast.areas, first=first, last=last, as_of=day)
    return {*product(forecast.areas, months), *((row.area, row.month) for row in public)}


def _whole(tables: Iterable[Forecasts], file: str) -> tuple[Month, tuple[str, ...], Floats]:
    """Origin, areas and values (areas, horizon, levels), NaN where an area ends before others. Raises TableError."""
    pieces = list(tables)
    models, origins = sorted({one.model for one in pieces}), sorted({one.origin for one in pieces})
    if len(models) > 1:
        raise TableError(f"{file} holds {len(models)} models ({', '.join(models[:4])}). Register one at a time.")
    if len(origins) > 1:
        raise TableError(
            f"{file} holds forecasts from {len(origins)} origins ({origins[0]} to {origins[-1]}). Register the newest "
            "alone: those of before are scored by encounters compare --with."
        )
    longest = max(one.horizon for one in pieces)
    values = np.concatenate(
        [np.pad(one.values, ((0, 0), (0, longest - one.horizon), (0, 0)), constant_values=np.nan) for one in pieces]
    )
    return origins[0], tuple(slug for one in pieces for slug in one.areas), values


def _query() -> Any:
    same = and_(*(_TABLE.c[name] == _GONE.c[name] for name in ("panel", "name", "release")))
    return select(_TABLE, _GONE.c.at.label("withdrawn")).select_from(_TABLE.outerjoin(_GONE, same))


def _row(made: OutsideForecast) -> dict[str, Any]:
    packed = zlib.compress(made.values.astype("<f8").tobytes())
    names = {"areas": json.dumps(made.areas), "levels": json.dumps(made.levels)}
    row = row_of(_TABLE, made, horizon=made.values.shape[1], quantiles=packed, checksum="", **names)
    return row | {"checksum": _checksum(row)}


def _read(row: Row[Any]) -> OutsideForecast:
    kept = dict(row._mapping)
    if _checksum(kept) != kept.pop("checksum"):
        raise StoreError(
            f"The forecast of {row.name} beside {row.release} is damaged. Restore the store from a backup."
        )
    areas, levels = tuple(json.loads(row.areas)), tuple(json.loads(row.levels))
    packed, shape = kept.pop("quantiles"), (len(areas), kept.pop("horizon"), len(levels))
    values = np.frombuffer(zlib.decompress(packed), "<f8").reshape(shape)
    return OutsideForecast(**kept | {"areas": areas, "levels": levels, "values": values})


def _checksum(values: dict[str, Any]) -> str:
    """sha256 over all that is kept, the moment to the second."""
    moment = values["registered_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    names = ("panel", "name", "release", "issued", "origin", "areas", "levels", "horizon", "file", "sha256")
    parts = [moment, *(str(values[name]) for name in names), hashlib.sha256(values["quantiles"]).hexdigest()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
