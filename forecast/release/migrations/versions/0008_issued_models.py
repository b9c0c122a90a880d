"""The forecasts of compared models that were issued with a release, and their scores. Releases of before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.migrations.immutable import refuse_changes

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the two tables, the first one with rows that never change; what the store holds stays as it is."""
    op.create_table(
        "release_model",
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("areas", sa.Text, nullable=False),
        sa.Column("levels", sa.Text, nullable=False),
        sa.Column("horizon", sa.Integer, nullable=False),
        sa.Column("quantiles", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("release", "model", name="pk_release_model"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_release_model_release"),
    )
    op.create_table(
        "model_accuracy",
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("target_month", sa.Date, nullable=False),
        sa.Column("published", sa.Date, nullable=False),
        sa.Column("wis", sa.Float(53), nullable=False),
        sa.Column("inside_50", sa.Boolean, nullable=False),
        sa.Column("inside_80", sa.Boolean, nullable=False),
        sa.Column("inside_95", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("release", "model", "area", "target_month", "published", name="pk_model_accuracy"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_model_accuracy_release"),
        sqlite_with_rowid=False,
    )
    refuse_changes("release_model", "release", "model")
