"""What-ifs that are kept with the release that they were put to, to be scored when the counts come out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required
from forecast.release.migrations.immutable import refuse_changes

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table, whose rows never change; what the store holds stays as it is."""
    op.create_table(
        "frozen_scenario",
        *required(sa.Text, "id", "release"),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        *required(sa.Text, "title", "body", "checksum"),
        sa.PrimaryKeyConstraint("id", name="pk_frozen_scenario"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_frozen_scenario_release"),
    )
    refuse_changes("frozen_scenario", "id", refusal="frozen scenarios never change")
