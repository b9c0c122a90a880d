"""Run by Alembic with the connection that `migrate` opened, inside its transaction: all steps are taken, or none."""

from __future__ import annotations

from alembic import context

from forecast.release.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite can, once Python's sqlite3 opens no transactions of its own
)
with context.begin_transaction():
    context.run_migrations()
