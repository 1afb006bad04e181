"""The clinic: queue of received series, deliveries, dose, notes, alerts, cursors and health."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ctiqa.store.database.tables import Utc

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    _create_jobs()
    _create_deliveries()
    _create_doses()
    _create_notes()
    _create_alerts()
    _create_watch()


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("series", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("n_instances", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("first_received", Utc, nullable=False),
        sa.Column("last_received", Utc, nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("leased_until", Utc),
        sa.Column("finished", Utc),
        sa.Column("reason", sa.String),
        sa.Column("detail", sa.String),
        sa.PrimaryKeyConstraint("series", name="pk_jobs"),
        sa.CheckConstraint(
            "state IN ('open', 'waiting', 'running', 'done', 'aside')", name="ck_jobs_state"
        ),
    )
    op.create_index("ix_jobs_state", "jobs", ["state", "last_received"])


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("series", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("file", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created", Utc, nullable=False),
        sa.Column("next_try", Utc, nullable=False),
        sa.Column("finished", Utc),
        sa.Column("error", sa.String),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="ck_deliveries_state"),
        sa.UniqueConstraint("target", "file", name="uq_deliveries_target_file"),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["state", "next_try"])
    op.create_index("ix_deliveries_series", "deliveries", ["series"])


def _create_doses() -> None:
    op.create_table(
        "doses",
        sa.Column("event", sa.String, nullable=False),
        sa.Column("study", sa.String, nullable=False),
        sa.Column("ctdivol_mgy", sa.Double),
        sa.Column("dlp_mgy_cm", sa.Double),
        sa.Column("ctdi_phantom_cm", sa.Double),
        sa.Column("received", Utc, nullable=False),
        sa.PrimaryKeyConstraint("event", name="pk_doses"),
    )
    op.create_table(
        "exposures",
        sa.Column("series", sa.String, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("series", "event", name="pk_exposures"),
    )
    op.create_index("ix_exposures_event", "exposures", ["event"])


def _create_notes() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("series", sa.String, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("is_explained", sa.Boolean, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("written", Utc, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
    )
    op.create_index("ix_notes_series", "notes", ["series", "content"])


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("sentence", sa.String, nullable=False),
        sa.Column("facts", sa.String, nullable=False),
        sa.Column("first_seen", Utc, nullable=False),
        sa.Column("last_seen", Utc, nullable=False),
        sa.Column("ended", Utc),
        sa.Column("last_sent", Utc),
        sa.Column("n_seen", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_alerts"),
    )
    op.create_table(
        "alert_messages",
        sa.Column("alert", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("sent", Utc, nullable=False),
        sa.PrimaryKeyConstraint("alert", "channel", name="pk_alert_messages"),
    )
    op.create_table(
        "alert_channels",
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("sent", sa.String, nullable=False),
        sa.Column("error", sa.String),
        sa.PrimaryKeyConstraint("channel", name="pk_alert_channels"),
    )


def _create_watch() -> None:
    op.create_table(
        "cursors",
        sa.Column("source", sa.String, nullable=False),
        sa.Column("position", sa.String, nullable=False),
        sa.Column("moved", Utc, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_cursors"),
    )
    op.create_table(
        "health",
        sa.Column("part", sa.String, nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("started", Utc, nullable=False),
        sa.Column("is_well", sa.Boolean, nullable=False),
        sa.Column("sentence", sa.String, nullable=False),
        sa.Column("facts", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_health"),
    )
