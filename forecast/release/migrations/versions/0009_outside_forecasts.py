"""Forecasts of other programs that are registered to be scored, and the day on which one was withdrawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required
from forecast.release.migrations.immutable import refuse_changes

revision = "0009"
down_revision = "0008"

KEY = ("panel", "name", "release")


def upgrade() -> None:
    """Add the two tables, whose rows never change; what the store holds stays as it is."""
    op.create_table(
        "outside_forecast",
        *(sa.Column(name, sa.Text, nullable=False) for name in KEY),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued", sa.Date),
        sa.Column("origin", sa.Date, nullable=False),
        *required(sa.Text, "areas", "levels"),
        sa.Column("horizon", sa.Integer, nullable=False),
        sa.Column("quantiles", sa.LargeBinary, nullable=False),
        *required(sa.Text, "file", "sha256", "checksum"),
        sa.PrimaryKeyConstraint(*KEY, name="pk_outside_forecast"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_outside_forecast_release"),
    )
    op.create_table(
        "outside_withdrawal",
        *(sa.Column(name, sa.Text, nullable=False) for name in KEY),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, name="pk_outside_withdrawal"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_outside_withdrawal_release"),
    )
    for table in ("outside_forecast", "outside_withdrawal"):
        refuse_changes(table, *KEY, refusal="registered forecasts never change")
