"""The tables, the same on SQLite and PostgreSQL.

There is no column for a patient, and none for a path. Lengths are in mm, dose in mGy, noise in HU.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints, by which migrations refer to them."""

metadata = MetaData(naming_convention=NAMES)


class Utc(TypeDecorator[datetime]):
    """A point in time in UTC; SQLite would drop the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


settings = Table(
    "settings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("uids", String, nullable=False),
    Column("dates", String, nullable=False),
    Column("secret", String, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""What was chosen when the store was created, and the key that hashes UIDs and names of files."""

models = Table(
    "models",
    metadata,
    Column("digest", String, primary_key=True),
    Column("title", String, nullable=False),
    Column("facts", JSON, nullable=False),
)
"""Models with their cards and calibrations; the digest is that of the facts."""

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("version", String, nullable=False),
    Column("engine", String),
    Column("started", Utc, nullable=False),
    Column("ended", Utc),
)
"""Runs; one without an end was interrupted, or is going on."""

scans = Table(
    "scans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series_uid", String, nullable=False),
    Column("content", String, nullable=False),
    Column("model_digest", ForeignKey(models.c.digest), nullable=False),
    Column("options_digest", String, nullable=False),
    Column("run", ForeignKey(runs.c.id), nullable=False),
    Column("stored", Utc, nullable=False),
    Column("study_day", Date),
    Column("station", String),
    Column("manufacturer", String),
    Column("model", String),
    Column("protocol", String),
    Column("description", String),
    Column("kernel", String),
    Column("body_part", String),
    Column("region", String),
    Column("slice_thickness_mm", Double),
    Column("kvp", Double),
    Column("tube_current_ma", Double),
    Column("ctdivol_mgy", Double),
    Column("ctdi_phantom_cm", Double),
    Column("score", Double),
    Column("low", Double),
    Column("high", Double),
    Column("equivalent_noise_hu", Double),
    Column("equivalent_noise_low", Double),
    Column("equivalent_noise_high", Double),
    Column("dose_reserve", Double),
    Column("noise_hu", Double),
    Column("quantum_noise_hu", Double),
    Column("f50_per_mm", Double),
    Column("water_equivalent_diameter_mm", Double),
    Column("ssde_mgy", Double),
    Column("n_judged", Integer, nullable=False),
    Column("n_unjudged", Integer, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("scan_flags", JSON),
    Column("warnings", JSON, nullable=False),
    UniqueConstraint("series_uid", "content", "model_digest", "options_digest"),
    Index("ix_scans_content", "content"),
    Index("ix_scans_trend", "station", "protocol", "study_day"),
)
"""One row per series, content, model and options."""

slices = Table(
    "slices",
    metadata,
    Column("scan", ForeignKey(scans.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("z_mm", Double),
    Column("score", Double),
    Column("low", Double),
    Column("high", Double),
    Column("equivalent_noise_hu", Double),
    Column("dose_reserve", Double),
    Column("region", String),
    Column("findings", String, nullable=False),
    Column("flags", String, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per slice; ``number`` counts from 0 along z."""

skipped = Table(
    "skipped",
    metadata,
    Column("input", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("run", ForeignKey(runs.c.id), nullable=False),
)
"""Inputs that were not scored; ``input`` is the keyed hash of a path."""

files = Table(
    "files",
    metadata,
    Column("input", BigInteger, primary_key=True, autoincrement=False),
    Column("stamp", BigInteger, nullable=False),
    Column("series", BigInteger),
    Column("root", BigInteger, nullable=False),
    Index("ix_files_series", "series"),
)
"""One row per file that a survey has dealt with; all values are keyed hashes of 64 bits.

``input`` stands for the path, the model and the options; ``stamp`` for the size and time of the
file, or in the mark of one more series in it for its first mark; ``series`` for the series that it
belongs to, if any; ``root`` for where the survey began.
"""
