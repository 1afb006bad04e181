"""Manual annotation of the body region of every slice of the reference collection."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("slice_regions.toml")

LETTERS: dict[str, tuple[str, ...]] = {
    "H": ("head",),
    "N": ("neck",),
    "C": ("chest",),
    "A": ("abdomen",),
    "P": ("pelvis",),
    "x": ("chest", "abdomen"),
    "y": ("neck", "chest"),
}
"""Regions by letter of the table; of two regions, either is correct."""


def regions_of(series: str, index: int) -> tuple[str, ...]:
    """Regions that are correct for a slice; none if it is not annotated.

    Args:
        series: Name of the series.
        index: Number of the slice in it.

    >>> regions_of("ge_head_QMNx85rKkkg", 3), regions_of("dcmqi_99000", 0), regions_of("other", 0)
    (('head',), ('chest', 'abdomen'), ())
    """
    letters = _table().get(series, "")
    return LETTERS[letters[index]] if index < len(letters) else ()


def limb_series() -> frozenset[str]:
    """Names of the series that show arms beside the trunk."""
    return frozenset(_tables()["limbs"]["series"])


def _table() -> Mapping[str, str]:
    letters: Mapping[str, str] = _tables()["slices"]
    return letters


@lru_cache(maxsize=1)
def _tables() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
