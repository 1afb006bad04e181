"""Flags of whole scans; which files were seen, so that surveys read only new and changed ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column, and create the table."""
    op.add_column("scans", sa.Column("scan_flags", sa.JSON))
    op.create_table(
        "files",
        sa.Column("input", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("stamp", sa.BigInteger, nullable=False),
        sa.Column("series", sa.BigInteger),
        sa.Column("root", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("input", name="pk_files"),
    )
    op.create_index("ix_files_series", "files", ["series"])
