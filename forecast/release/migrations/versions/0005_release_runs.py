"""Which MLflow run is behind a release, noted after publication. Releases keep the one that their manifest names."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table and carry the runs over; of each panel the newest issued one with a run had the alias."""
    table = op.create_table(
        "release_run",
        sa.Column("id", sa.Integer, nullable=False),
        *required(sa.Text, "release", "run_id"),
        sa.Column("champion", sa.Boolean, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_release_run"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_release_run_release"),
    )
    op.create_index("ix_release_run_release", "release_run", ["release", "id"])
    query = sa.text("SELECT id, panel, hindcast, issued_at, manifest FROM release ORDER BY issued_at, id").columns(
        hindcast=sa.Boolean, issued_at=sa.DateTime(timezone=True)
    )
    logged = [(row, run) for row in op.get_bind().execute(query) if (run := json.loads(row.manifest).get("run_id"))]
    champions = {row.panel: row.id for row, _ in logged if not row.hindcast}.values()
    for row, run in logged:
        facts = {"release": row.id, "run_id": run, "champion": row.id in champions, "noted_at": row.issued_at}
        op.execute(table.insert().values(**facts))
