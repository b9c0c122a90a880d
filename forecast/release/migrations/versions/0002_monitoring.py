"""Monitoring: what issued releases said beside the counts that came out later, and the alarms that follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the two tables; what the store holds stays as it is."""
    op.create_table(
        "accuracy",
        *required(sa.Text, "release", "area"),
        *required(sa.Date, "target_month", "published"),
        *required(sa.Integer, "lead", "observed", "precision"),
        *required(sa.Float(53), "median", "lower_95", "upper_95", "wis", "floor_wis", "scale"),
        *required(sa.Boolean, "inside_50", "inside_80", "inside_95"),
        sa.PrimaryKeyConstraint("release", "area", "target_month", "published", name="pk_accuracy"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_accuracy_release"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer, nullable=False),
        *required(sa.Text, "panel", "kind"),
        sa.Column("raised", sa.Boolean, nullable=False),
        *required(sa.DateTime(timezone=True), "since", "at"),
        *required(sa.Text, "detail", "figures"),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
    )
    op.create_index("ix_alarm_panel", "alarm", ["panel", "kind", "id"])
