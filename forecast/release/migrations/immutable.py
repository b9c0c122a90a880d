"""Lets the database itself refuse to change the rows of a table: triggers, as each database knows them."""

from __future__ import annotations

from alembic import op

__all__ = ["refuse_changes"]


def refuse_changes(table: str, *key: str, refusal: str = "rows of a release never change") -> None:
    """Refuse UPDATE, DELETE and what does both in one, with a message. `key`: the columns that name a row.

    PostgreSQL has one function for all tables, which the first migration makes, and one message.
    """
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, "
            f"'{refusal}'); END"
        )
    # INSERT OR REPLACE deletes the old row without telling the trigger above.
    same_row = " AND ".join(f"{column} = NEW.{column}" for column in key)
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608 (constants)
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same_row}) "
        f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    )
