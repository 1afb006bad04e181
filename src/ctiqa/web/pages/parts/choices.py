"""What can be chosen in the forms above lists and charts."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from ctiqa.web.pages.parts.asked import UNKNOWN, Asked
from ctiqa.web.pages.parts.rows import SCANNER, texts_of
from ctiqa.web.pages.parts.words import flag_name
from ctiqa.web.reading.view import ScanView

MOST_CHOICES = 200
"""Texts of a list to choose from, the most frequent ones."""

COLUMNS = {"protocol": pl.col("protocol"), "scanner": SCANNER, "region": pl.col("region")}


def choices(
    view: ScanView, wanted: Asked, names: Iterable[str]
) -> dict[str, list[tuple[str, str]]]:
    """By condition, what can be chosen as (value, text); what is chosen is always there.

    Args:
        view: The scans that the viewer sees.
        wanted: What is chosen.
        names: Conditions: ``protocol``, ``scanner``, ``region``, ``flag``.
    """
    known = view.memo.get(choices, lambda: _texts(view.frame))
    found = {name: _with(known[name], getattr(wanted, name)) for name in names}
    return {
        name: [(each, flag_name(each) if name == "flag" else each) for each in texts]
        for name, texts in found.items()
    }


def _with(texts: list[str], chosen: str | None) -> list[str]:
    return texts if chosen is None or chosen in texts else [chosen, *texts]


def _texts(frame: pl.DataFrame) -> dict[str, list[str]]:
    """Texts of the current scans, by condition."""
    seen = frame.lazy().filter("current").select("scan_flags", **COLUMNS).collect()
    found = {name: [*texts_of(seen, pl.col(name), MOST_CHOICES), UNKNOWN] for name in COLUMNS}
    flags = seen["scan_flags"].drop_nulls().unique()
    codes = flags.str.extract_all(r'"[^"\\]+"').explode().drop_nulls().unique()
    return {**found, "flag": sorted(codes.str.strip_chars('"'))}
