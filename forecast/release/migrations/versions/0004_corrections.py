"""Corrections: files that were redated, withdrawn or taken back, and the counts that no longer hold since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the two tables; what the store holds stays as it is."""
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("panel", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
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
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("published", sa.Date, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("precision", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_superseded"),
    )
    op.create_index("ix_superseded_area", "superseded", ["area", "month"])
