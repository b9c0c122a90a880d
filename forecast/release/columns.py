"""What the store's tables hold beside plain values: a moment in UTC, and a month. Opens no database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Date, DateTime, TypeDecorator

from forecast.core.months import Month

__all__ = ["Instant", "MonthColumn"]


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
