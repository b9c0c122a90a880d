"""What a release's method would have said at past months, kept with the release. Releases of before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

REFUSAL = "rows of a release never change"


def upgrade() -> None:
    """Add the table, with rows that never change; what the store holds stays as it is."""
    op.create_table(
        "release_replay",
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("origin", sa.Date, nullable=False),
        sa.Column("as_of", sa.Date),
        sa.Column("levels", sa.Text, nullable=False),
        sa.Column("quantiles", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("release", "area", "origin", name="pk_release_replay"),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name="fk_release_replay_release"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER release_replay_no_{change.lower()} BEFORE {change} ON release_replay "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        op.execute(
            "CREATE TRIGGER release_replay_no_replace BEFORE INSERT ON release_replay "  # noqa: S608 (constants)
            "WHEN EXISTS (SELECT 1 FROM release_replay WHERE release = NEW.release AND area = NEW.area "
            f"AND origin = NEW.origin) BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER release_replay_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON release_replay "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
