"""A release describes its panel: title, unit, areas. Those of before are of a bundled panel, which describes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required
from forecast.release.migrations.immutable import refuse_changes

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table, whose rows never change; what the store holds stays as it is."""
    op.create_table(
        "release_panel",
        *required(sa.Text, "release", "description", "checksum"),
        sa.PrimaryKeyConstraint("release", name="pk_release_panel"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_release_panel_release"),
    )
    refuse_changes("release_panel", "release")
