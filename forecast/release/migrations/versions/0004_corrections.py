"""Corrections: files that were redated, withdrawn or taken back, and the counts that no longer hold since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the two tables; what the store holds stays as it is."""
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer, nullable=False),
        *required(sa.Text, "panel", "sha256", "file", "kind"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.Date),
        sa.Column("published", sa.Date),
        sa.Column("taken_in", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_correction"),
    )
    op.create_table(
        "superseded",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        *required(sa.Date, "month", "published"),
        *required(sa.Integer, "count", "precision"),
        *required(sa.Text, "source", "sha256"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_superseded"),
    )
    op.create_index("ix_superseded_area", "superseded", ["area", "month"])
