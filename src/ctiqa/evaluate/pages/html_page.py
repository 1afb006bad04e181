"""Shared by all pages on data sets and models: templates, pictures of examples, their facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.hu import WINDOWS
from ctiqa.score.png import data_uri
from ctiqa.score.report.page.templating import render_template
from ctiqa.score.report.page.thumbnails import thumbnail
from ctiqa.version import __version__

TEMPLATES = Path(__file__).parent / "templates"

PAGE_FACTS = (
    ("Dose fraction", "dose", "{:.3g}", None),
    ("Views", "views", "{:.0f}", None),
    ("Total noise", "total_noise_hu", "{:.0f} HU", None),
    ("Own noise", "own_noise_hu", "{:.0f} HU", None),
    ("Kernel half", "kernel_half_per_mm", "{:.2f} /mm", None),
    ("Blur", "blur_mm", "{:.1f} mm", 0.0),
    ("Denoising", "denoise", "{:.2f}", 0.0),
    ("Filter", "filter", "{}", None),
    ("Filter strength", "filter_strength", "{:.3g}", None),
    ("Split", "split", "{}", None),
)
"""Facts shown of a pictured example: name, column, format, default value (not shown)."""


def render_page(template: str, filters: Mapping[str, Callable[..., Any]], **context: object) -> str:
    """Render a page; all text is escaped.

    Args:
        template: File of the template.
        filters: Filters that it uses.
        **context: Values that it shows.
    """
    values = {"version": __version__, **context}
    return render_template(template, {"facts": facts, **filters}, values, TEMPLATES)


def pictured(folder: Path, row: Mapping[str, Any]) -> str:
    """One row of a manifest in the soft-tissue window as a ``data:`` URI; empty if unreadable."""
    one = Examples(folder, pl.DataFrame({name: [row[name]] for name in ("shard", "row")}))
    try:
        hu = one.images()[0].astype(np.float32)
    except (DataError, IndexError):
        # Metrics do not need the pixels; the page says that they are missing.
        return ""
    return data_uri(thumbnail(hu, WINDOWS["soft"]))


def facts(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Facts of a row of a manifest as (name, text); unknown and default values are left out.

    >>> facts({"dose": 0.25, "views": 960, "blur_mm": 0.0})
    [('Dose fraction', '0.25'), ('Views', '960')]
    """
    return [
        (name, shape.format(row[column]))
        for name, column, shape, usual in PAGE_FACTS
        if row.get(column) is not None and row[column] != usual
    ]
