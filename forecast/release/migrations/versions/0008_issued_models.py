"""The forecasts of compared models that were issued with a release, and their scores. Releases of before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required
from forecast.release.migrations.immutable import refuse_changes

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the two tables, the first one with rows that never change; what the store holds stays as it is."""
    op.create_table(
        "release_model",
        *required(sa.Text, "release", "model", "areas", "levels"),
        sa.Column("horizon", sa.Integer, nullable=False),
        sa.Column("quantiles", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("release", "model", name="pk_release_model"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_release_model_release"),
    )
    op.create_table(
        "model_accuracy",
        *required(sa.Text, "release", "model", "area"),
        *required(sa.Date, "target_month", "published"),
        sa.Column("wis", sa.Float(53), nullable=False),
        *required(sa.Boolean, "inside_50", "inside_80", "inside_95"),
        sa.PrimaryKeyConstraint("release", "model", "area", "target_month", "published", name="pk_model_accuracy"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_model_accuracy_release"),
        sqlite_with_rowid=False,
    )
    refuse_changes("release_model", "release", "model")
