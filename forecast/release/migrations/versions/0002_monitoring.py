"""Monitoring: what issued releases said beside the counts that came out later, and the alarms that follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the two tables; what the store holds stays as it is."""
    op.create_table(
        "accuracy",
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("target_month", sa.Date, nullable=False),
        sa.Column("published", sa.Date, nullable=False),
        sa.Column("lead", sa.Integer, nullable=False),
        sa.Column("observed", sa.Integer, nullable=False),
        sa.Column("precision", sa.Integer, nullable=False),
        sa.Column("median", sa.Float(53), nullable=False),
        sa.Column("lower_95", sa.Float(53), nullable=False),
        sa.Column("upper_95", sa.Float(53), nullable=False),
        sa.Column("wis", sa.Float(53), nullable=False),
        sa.Column("floor_wis", sa.Float(53), nullable=False),
        sa.Column("scale", sa.Float(53), nullable=False),
        sa.Column("inside_50", sa.Boolean, nullable=False),
        sa.Column("inside_80", sa.Boolean, nullable=False),
        sa.Column("inside_95", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("release", "area", "target_month", "published", name="pk_accuracy"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_accuracy_release"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("panel", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("raised", sa.Boolean, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("figures", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
    )
    op.create_index("ix_alarm_panel", "alarm", ["panel", "kind", "id"])
