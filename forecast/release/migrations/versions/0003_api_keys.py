"""Keys of the HTTP interface: who may ask, known by a digest only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from forecast.release.columns import required

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table; what the store holds stays as it is."""
    op.create_table(
        "api_key",
        *required(sa.Text, "name", "sha256"),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("name", name="pk_api_key"),
        sa.UniqueConstraint("sha256", name="uq_api_key_sha256"),
    )
