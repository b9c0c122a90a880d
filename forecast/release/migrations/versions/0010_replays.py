"""What a release's method would have said at past months, kept with the release. Releases of before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required
from forecast.release.migrations.immutable import refuse_changes

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the table, with rows that never change; what the store holds stays as it is."""
    op.create_table(
        "release_replay",
        *required(sa.Text, "release", "area"),
        sa.Column("origin", sa.Date, nullable=False),
        sa.Column("as_of", sa.Date),
        *required(sa.Text, "levels", "quantiles"),
        sa.PrimaryKeyConstraint("release", "area", "origin", name="pk_release_replay"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_release_replay_release"),
        sqlite_with_rowid=False,
    )
    refuse_changes("release_replay", "release", "area", "origin")
