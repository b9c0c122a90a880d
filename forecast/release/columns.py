"""Columns of moments in UTC and of months, several alike, and rows made of records. Opens no database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Date, DateTime, Table, TypeDecorator

from forecast.core.months import Month

__all__ = ["Instant", "MonthColumn", "months_between", "required", "row_of"]


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. Refuses one without a time zone; SQLite forgets the zone, so it is given back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """To UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """From the database, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class MonthColumn(TypeDecorator[Month]):
    """A month, kept as the date of its first day."""

    impl = Date
    cache_ok = True

    def process_bind_param(self, value: Month | None, dialect: Any) -> date | None:
        """To a date."""
        return None if value is None else value.first_day

    def process_result_value(self, value: date | None, dialect: Any) -> Month | None:
        """From a date."""
        return None if value is None else Month.containing(value)


def required(kind: Any, *names: str) -> list[Column[Any]]:
    """Columns of one type that are never empty."""
    return [Column(name, kind, nullable=False) for name in names]


def row_of(table: Table, record: object, **own: Any) -> dict[str, Any]:
    """A row of a table: `own` values, and of all other columns but a counted id the record's attributes."""
    names = [column.name for column in table.columns if column is not table.autoincrement_column]
    return {name: own[name] if name in own else getattr(record, name) for name in names}


def months_between(column: ColumnElement[Month], first: Month | None, last: Month | None) -> list[ColumnElement[bool]]:
    """The conditions that a month is neither before `first` nor after `last`; None: no such end."""
    return [*([column >= first] if first is not None else []), *([column <= last] if last is not None else [])]
