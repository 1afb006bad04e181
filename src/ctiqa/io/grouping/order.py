"""Sort keys of slices."""

from __future__ import annotations

from pathlib import Path

from ctiqa.types import SliceHeader

SAME_POSITION_MM = 0.001
"""Positions that differ by less are the same."""


def by_file(header: SliceHeader) -> tuple[Path, int]:
    """Sort key: by file and frame."""
    return header.source.file, header.source.frame


def by_position(header: SliceHeader) -> tuple[bool, float, Path, int]:
    """Sort key: along z, slices without position last."""
    return header.z_mm is None, header.z_mm or 0.0, *by_file(header)


def z_steps(header: SliceHeader) -> int | None:
    """Position of a slice in steps of :data:`SAME_POSITION_MM`; ``None`` if unknown."""
    return None if header.z_mm is None else round(header.z_mm / SAME_POSITION_MM)
