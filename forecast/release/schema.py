"""The tables of the release store, for SQLite and PostgreSQL alike; migrations build them. Opens no database.

release            one row per release: its manifest, checksum, and what is asked for by column
release_panel      one row per release: what it says of its panel; none for releases of before it was kept
release_quantiles  one row per release, area and horizon; counts in encounters per month
release_paths      one row per release and leaf: its joint draws, packed by `rows.pack_paths`; sums are made of
                   them (releases of before have rows of sums too, which nothing reads)
release_model      one row per release and compared model: the quantiles issued with it, packed by `issued_models.rows`
release_replay     one row per release, area and past origin: what its method would have said then, see `replays`
pointer            every move of a panel's pointer; the newest row of a panel says which release is served
release_run        MLflow runs of releases, noted after they were logged; the newest row of a release names its run
observation        published counts: a row where a vintage adds a cell or changes it
correction         files that were redated, withdrawn or taken back after their counts were recorded
superseded         rows that stood in observation until a correction; never served, never deleted
run, run_step      the ledger of retrainings
lease              who may publish for a panel, and the epoch that fences out an earlier holder
accuracy           one row per release, area, month and count that came out later: a revised count adds a row, readers
                   take the newest
model_accuracy     the same of the compared models, a row per model and row of accuracy
alarm              every raising and clearing of an alarm; the newest row of a panel and kind says whether it is open
frozen_scenario    what-ifs that were kept with the release that they were put to, to be scored later
outside_forecast   other programs' forecasts, registered beside the release that was served, to be scored as it is
outside_withdrawal when one of them was withdrawn: no month that had not ended by then is scored
api_key            who may ask the HTTP interface: a name and the digest of the key, never the key

Rows of the six release tables, of frozen_scenario and of the two outside ones never change: triggers, made by the
migrations, refuse UPDATE and DELETE.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from forecast.release.columns import Instant, MonthColumn, required

__all__ = [
    "REVISIONS",
    "VERSION_TABLE",
    "accuracy",
    "alarm",
    "api_key",
    "correction",
    "frozen_scenario",
    "lease",
    "metadata",
    "model_accuracy",
    "observation",
    "outside_forecast",
    "outside_withdrawal",
    "pointer",
    "release",
    "release_model",
    "release_panel",
    "release_paths",
    "release_quantiles",
    "release_replay",
    "run",
    "run_step",
    "superseded",
]

# The migrations, oldest first. Kept here so that a reader can judge a store's age without the migration library.
REVISIONS: tuple[str, ...] = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")
# Not the migration library's own default: MLflow keeps that one, and the two may share a PostgreSQL database.
VERSION_TABLE = "encounters_schema"


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# What a list of releases is filtered and sorted by stands in columns; all else is in the manifest, once.
release = Table(
    "release",
    metadata,
    Column("id", Text, primary_key=True),
    *required(Text, "panel", "key"),
    Column("hindcast", Boolean, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("origin", MonthColumn, nullable=False),
    Column("manifest", Text, nullable=False),
    Column("levels", Text, nullable=False),  # JSON array of the quantile levels, ascending
    Column("checksum", Text, nullable=False),  # sha256, see rows.checksum
    Column("previous", Text, ForeignKey("release.id")),  # what the panel served when this one was issued
    # A hindcast may have the key of an issued release: same counts, same recipe, another purpose.
    UniqueConstraint("panel", "key", "hindcast"),
    Index("ix_release_panel", "panel", "issued_at"),
)

release_panel = Table(
    "release_panel",
    metadata,
    Column("release", Text, ForeignKey("release.id"), primary_key=True),
    Column("description", Text, nullable=False),  # JSON, see rows.describe
    Column("checksum", Text, nullable=False),  # sha256 of the description
)

release_quantiles = Table(
    "release_quantiles",
    metadata,
    Column("release", Text, ForeignKey("release.id"), primary_key=True),
    Column("area", Text, primary_key=True),
    Column("horizon", Integer, primary_key=True, autoincrement=False),
    Column("target_month", MonthColumn, nullable=False),
    Column("mean", Float(53), nullable=False),
    Column("quantiles", Text, nullable=False),  # JSON array, one number per level, two decimals at most
    sqlite_with_rowid=False,
)

release_paths = Table(
    "release_paths",
    metadata,
    Column("release", Text, ForeignKey("release.id"), primary_key=True),
    Column("area", Text, primary_key=True),
    Column("samples", Integer, nullable=False),
    Column("paths", LargeBinary, nullable=False),
)

release_model = Table(
    "release_model",
    metadata,
    Column("release", Text, ForeignKey("release.id"), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("areas", Text, nullable=False),  # JSON array of slugs
    Column("levels", Text, nullable=False),  # JSON array, ascending
    Column("horizon", Integer, nullable=False),
    Column("quantiles", LargeBinary, nullable=False),
)

release_replay = Table(
    "release_replay",
    metadata,
    Column("release", Text, ForeignKey("release.id"), primary_key=True),
    Column("area", Text, primary_key=True),
    Column("origin", MonthColumn, primary_key=True),
    Column("as_of", Date),  # what was public on this day; NULL: the newest counts, cut after the origin
    Column("levels", Text, nullable=False),  # JSON array, ascending
    Column("quantiles", Text, nullable=False),  # JSON: an array per month after the origin, one number per level
    sqlite_with_rowid=False,
)

pointer = Table(
    "pointer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("panel", Text, nullable=False),
    Column("release", Text, ForeignKey("release.id"), nullable=False),
    Column("moved_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_pointer_panel", "panel", "id"),
)

release_run = Table(
    "release_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("release", Text, ForeignKey("release.id"), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("champion", Boolean, nullable=False),  # whether the alias `champion` was put on it
    Column("noted_at", Instant, nullable=False),
    Index("ix_release_run_release", "release", "id"),
)

observation = Table(
    "observation",
    metadata,
    # A slug belongs to one panel, so the panel is not stored.
    Column("area", Text, primary_key=True),
    Column("month", MonthColumn, primary_key=True),
    Column("published", Date, primary_key=True),
    Column("count", Integer, nullable=False),  # encounters in the month
    Column("precision", Integer, nullable=False),  # 1 exact, 10 rounded to ten
    Column("source", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the official file
    sqlite_with_rowid=False,
)

correction = Table(
    "correction",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("panel", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the official file
    Column("file", Text, nullable=False),
    Column("kind", Text, nullable=False),  # redated, withdrawn, taken back
    Column("at", Instant, nullable=False),
    Column("before", Date),  # its day of publication until then; NULL where it was not in force
    Column("published", Date),  # and from then on
    Column("taken_in", Instant),  # when the archive had it; NULL where that was before records
)

superseded = Table(
    "superseded",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("area", Text, nullable=False),
    Column("month", MonthColumn, nullable=False),
    Column("published", Date, nullable=False),
    Column("count", Integer, nullable=False),  # encounters in the month
    Column("precision", Integer, nullable=False),
    *required(Text, "source", "sha256"),
    Column("until", Instant, nullable=False),  # when it was corrected
    Index("ix_superseded_area", "area", "month"),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    *required(Text, "panel", "why"),
    Column("started", Instant, nullable=False),
    Column("ended", Instant),
    Column("verdict", Text),
    Column("reason", Text),
    Index("ix_run_panel", "panel", "id"),
)

run_step = Table(
    "run_step",
    metadata,
    Column("run", Integer, ForeignKey("run.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("started", Instant, nullable=False),
    Column("ended", Instant),
)

lease = Table(
    "lease",
    metadata,
    Column("panel", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("expires_at", Instant),  # by the database's clock; NULL on SQLite, where a file lock ends with its process
)

# The columns are those of `core.scorecard.Scored`, in its order.
accuracy = Table(
    "accuracy",
    metadata,
    Column("release", Text, ForeignKey("release.id"), primary_key=True),
    Column("area", Text, primary_key=True),
    Column("target_month", MonthColumn, primary_key=True),
    Column("published", Date, primary_key=True),  # the day on which the count came out
    Column("lead", Integer, nullable=False),  # months from the month of issue, below 0 where that month was past
    Column("observed", Integer, nullable=False),  # encounters in the month
    Column("precision", Integer, nullable=False),  # 1 exact, 10 rounded to ten
    *required(Float(53), "median", "lower_95", "upper_95"),
    Column("wis", Float(53), nullable=False),  # encounters per month, as the naive floor's and the scale
    *required(Float(53), "floor_wis", "scale"),
    *required(Boolean, "inside_50", "inside_80", "inside_95"),
    sqlite_with_rowid=False,
)

model_accuracy = Table(
    "model_accuracy",
    metadata,
    Column("release", Text, ForeignKey("release.id"), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("target_month", MonthColumn, primary_key=True),
    Column("published", Date, primary_key=True),
    Column("wis", Float(53), nullable=False),  # encounters per month; its scale stands in accuracy
    *required(Boolean, "inside_50", "inside_80", "inside_95"),
    sqlite_with_rowid=False,
)

alarm = Table(
    "alarm",
    metadata,
    Column("id", Integer, primary_key=True),
    *required(Text, "panel", "kind"),
    Column("raised", Boolean, nullable=False),  # false: cleared
    Column("since", Instant, nullable=False),  # when it was first raised, or cleared
    Column("at", Instant, nullable=False),
    Column("detail", Text, nullable=False),
    Column("figures", Text, nullable=False),  # JSON object
    Index("ix_alarm_panel", "panel", "kind", "id"),
)

api_key = Table(
    "api_key",
    metadata,
    # Taken for ever, so that a name in an old log still means one key.
    Column("name", Text, primary_key=True),
    Column("sha256", Text, nullable=False),  # of the key, see keys.digest
    Column("created", Instant, nullable=False),
    Column("revoked", Instant),
    UniqueConstraint("sha256"),
)

frozen_scenario = Table(
    "frozen_scenario",
    metadata,
    Column("id", Text, primary_key=True),  # a letter and the day: A-2026-11-27
    Column("release", Text, ForeignKey("release.id"), nullable=False),
    Column("frozen_at", Instant, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON object, as it was asked
    Column("checksum", Text, nullable=False),  # sha256, see frozen.freeze
)

outside_forecast = Table(
    "outside_forecast",
    metadata,
    Column("panel", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("release", Text, ForeignKey("release.id"), primary_key=True),  # served when it was registered
    Column("registered_at", Instant, nullable=False),
    Column("issued", Date),  # the day that its makers name
    Column("origin", MonthColumn, nullable=False),
    Column("areas", Text, nullable=False),  # JSON array of slugs
    Column("levels", Text, nullable=False),  # JSON array, ascending
    Column("horizon", Integer, nullable=False),
    Column("quantiles", LargeBinary, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the file
    Column("checksum", Text, nullable=False),  # sha256, see outside_forecasts.register
)

outside_withdrawal = Table(
    "outside_withdrawal",
    metadata,
    Column("panel", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("release", Text, ForeignKey("release.id"), primary_key=True),
    Column("at", Instant, nullable=False),
)
