"""The release store: releases that cannot change, the pointer, observations, the ledger and the lease."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required
from forecast.release.migrations.immutable import refuse_changes

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, written out as they were on this day, and keep releases as they were issued."""
    op.create_table(
        "release",
        *required(sa.Text, "id", "panel", "key"),
        sa.Column("hindcast", sa.Boolean, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("origin", sa.Date, nullable=False),
        *required(sa.Text, "manifest", "levels", "checksum"),
        sa.Column("previous", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_release"),
        sa.ForeignKeyConstraint(["previous"], ["release.id"], name="fk_release_previous"),
        sa.UniqueConstraint("panel", "key", "hindcast", name="uq_release_panel"),
    )
    op.create_index("ix_release_panel", "release", ["panel", "issued_at"])
    op.create_table(
        "release_quantiles",
        *required(sa.Text, "release", "area"),
        sa.Column("horizon", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("target_month", sa.Date, nullable=False),
        sa.Column("mean", sa.Float(53), nullable=False),
        sa.Column("quantiles", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("release", "area", "horizon", name="pk_release_quantiles"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_release_quantiles_release"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "release_paths",
        *required(sa.Text, "release", "area"),
        sa.Column("samples", sa.Integer, nullable=False),
        sa.Column("paths", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("release", "area", name="pk_release_paths"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_release_paths_release"),
    )
    op.create_table(
        "pointer",
        sa.Column("id", sa.Integer, nullable=False),
        *required(sa.Text, "panel", "release"),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pointer"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_pointer_release"),
    )
    op.create_index("ix_pointer_panel", "pointer", ["panel", "id"])
    op.create_table(
        "observation",
        sa.Column("area", sa.Text, nullable=False),
        *required(sa.Date, "month", "published"),
        *required(sa.Integer, "count", "precision"),
        *required(sa.Text, "source", "sha256"),
        sa.PrimaryKeyConstraint("area", "month", "published", name="pk_observation"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, nullable=False),
        *required(sa.Text, "panel", "why"),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("verdict", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_panel", "run", ["panel", "id"])
    op.create_table(
        "run_step",
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("run", "place", name="pk_run_step"),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name="fk_run_step_run"),
    )
    op.create_table(
        "lease",
        *required(sa.Text, "panel", "holder"),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("panel", name="pk_lease"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'rows of a release never change'; END $$"
        )
    refuse_changes("release", "id")
    refuse_changes("release_quantiles", "release", "area", "horizon")
    refuse_changes("release_paths", "release", "area")
