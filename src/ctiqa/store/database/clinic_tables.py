"""The tables of the clinic, beside those of the results: queue, deliveries, dose, notes, health.

Series are named as in the table of scans: by their UID, or by its hash. There is no column for a
patient, and none for a path.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from ctiqa.store.database.tables import Utc, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("series", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("source", String, nullable=False),
    Column("n_instances", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("first_received", Utc, nullable=False),
    Column("last_received", Utc, nullable=False),
    Column("owner", String),
    Column("leased_until", Utc),
    Column("finished", Utc),
    Column("reason", String),
    Column("detail", String),
    CheckConstraint("state IN ('open', 'waiting', 'running', 'done', 'aside')", name="state"),
    Index("ix_jobs_state", "state", "last_received"),
)
"""One row per series that was received; ``generation`` counts its deliveries."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series", String, nullable=False),
    Column("target", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("file", String, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created", Utc, nullable=False),
    Column("next_try", Utc, nullable=False),
    Column("finished", Utc),
    Column("error", String),
    CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="state"),
    UniqueConstraint("target", "file"),
    Index("ix_deliveries_due", "state", "next_try"),
    Index("ix_deliveries_series", "series"),
)
"""Results that are to be sent; ``file`` is the name in the folder ``out`` of the spool."""

doses = Table(
    "doses",
    metadata,
    Column("event", String, primary_key=True),
    Column("study", String, nullable=False),
    Column("ctdivol_mgy", Double),
    Column("dlp_mgy_cm", Double),
    Column("ctdi_phantom_cm", Double),
    Column("received", Utc, nullable=False),
)
"""Dose of irradiation events, from dose reports."""

exposures = Table(
    "exposures",
    metadata,
    Column("series", String, primary_key=True),
    Column("event", String, primary_key=True),
    Index("ix_exposures_event", "event"),
)
"""Irradiation events of a series."""

notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series", String, nullable=False),
    Column("content", String, nullable=False),
    Column("is_explained", Boolean, nullable=False),
    Column("note", String, nullable=False),
    Column("author", String, nullable=False),
    Column("written", Utc, nullable=False),
    Index("ix_notes_series", "series", "content"),
)
"""What reviewers say of a scan; the latest one counts."""

alerts = Table(
    "alerts",
    metadata,
    Column("key", String, primary_key=True),
    Column("sentence", String, nullable=False),
    Column("facts", String, nullable=False),
    Column("first_seen", Utc, nullable=False),
    Column("last_seen", Utc, nullable=False),
    Column("ended", Utc),
    Column("last_sent", Utc),
    Column("n_seen", Integer, nullable=False),
)
"""Alerts, one row for each thing that is wrong; ``facts`` is a JSON object."""

alert_messages = Table(
    "alert_messages",
    metadata,
    Column("alert", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("sent", Utc, nullable=False),
)
"""When a channel last sent an alert that it has not reported as ended."""

alert_channels = Table(
    "alert_channels",
    metadata,
    Column("channel", String, primary_key=True),
    Column("sent", String, nullable=False),
    Column("error", String),
)
"""Channels; ``sent`` is a JSON list with the times of the messages of the last hour."""

cursors = Table(
    "cursors",
    metadata,
    Column("source", String, primary_key=True),
    Column("position", String, nullable=False),
    Column("moved", Utc, nullable=False),
)
"""How far archives were looked through."""

health = Table(
    "health",
    metadata,
    Column("part", String, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("started", Utc, nullable=False),
    Column("is_well", Boolean, nullable=False),
    Column("sentence", String, nullable=False),
    Column("facts", String, nullable=False),
)
"""The last sign of life of each part; ``facts`` is a JSON object with numbers."""
