"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXTS = ("station", "manufacturer", "model", "protocol", "description", "kernel", "body_part")
TEXTS_SEEN = (*TEXTS, "region")
ACQUIRED = ("slice_thickness_mm", "kvp", "tube_current_ma", "ctdivol_mgy", "ctdi_phantom_cm")
SCORED = ("score", "low", "high", "equivalent_noise_hu")
NOISE = ("equivalent_noise_low", "equivalent_noise_high", "dose_reserve")
PHYSICS = ("noise_hu", "quantum_noise_hu", "f50_per_mm", "water_equivalent_diameter_mm", "ssde_mgy")
MEASURED = (*ACQUIRED, *SCORED, *NOISE, *PHYSICS)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "settings",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("uids", "dates", "secret")),
        sa.PrimaryKeyConstraint("id", name="pk_settings"),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    op.create_table(
        "models",
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_models"),
    )
    op.create_table(
        "runs",
        *(sa.Column(name, sa.String, nullable=False) for name in ("id", "kind", "version")),
        sa.Column("engine", sa.String),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    _create_scans()
    _create_slices()
    op.create_table(
        "skipped",
        *(sa.Column(name, sa.String, nullable=False) for name in ("input", "reason", "run")),
        sa.PrimaryKeyConstraint("input", name="pk_skipped"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_skipped_run_runs"),
    )


def _create_scans() -> None:
    key = ("series_uid", "content", "model_digest", "options_digest")
    op.create_table(
        "scans",
        sa.Column("id", sa.Integer, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in (*key, "run")),
        sa.Column("stored", sa.DateTime(timezone=True), nullable=False),
        sa.Column("study_day", sa.Date),
        *(sa.Column(name, sa.String) for name in TEXTS_SEEN),
        *(sa.Column(name, sa.Double) for name in MEASURED),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("n_judged", "n_unjudged")),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("findings", "flags", "warnings")),
        sa.PrimaryKeyConstraint("id", name="pk_scans"),
        sa.ForeignKeyConstraint(
            ["model_digest"], ["models.digest"], name="fk_scans_model_digest_models"
        ),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_scans_run_runs"),
        sa.UniqueConstraint(*key, name="uq_scans_" + "_".join(key)),
    )
    op.create_index("ix_scans_content", "scans", ["content"])
    op.create_index("ix_scans_trend", "scans", ["station", "protocol", "study_day"])


def _create_slices() -> None:
    op.create_table(
        "slices",
        sa.Column("scan", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Double) for name in ("z_mm", *SCORED, "dose_reserve")),
        sa.Column("region", sa.String),
        *(sa.Column(name, sa.String, nullable=False) for name in ("findings", "flags")),
        sa.PrimaryKeyConstraint("scan", "number", name="pk_slices"),
        sa.ForeignKeyConstraint(
            ["scan"], ["scans.id"], name="fk_slices_scan_scans", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
