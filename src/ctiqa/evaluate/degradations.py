"""The kind of degradation of every example, from the columns of its manifest."""

from __future__ import annotations

import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.data.simulation.filters import FILTERS

DEGRADATION = "degradation"
"""Name of the column that :func:`with_degradation` adds."""

DOSE_AND_VIEWS = "dose and views"
"""No degradation but dose and views: the conditions of LDCTIQAC2023."""

_FILTERS = ("denoise", "blur_mm", "kernel_half_per_mm")
_ARTEFACT = "artefact"
_FILTER = "filter"

KINDS = {"blurred": "blur", "denoised": "denoising", "": "file format"}
"""Kind of degradation of a family of filters, by what a strong one is called."""

FAMILIES = {name: KINDS[each.smooths] for name, each in FILTERS.items()}
"""Kind of degradation by family of filters."""


def with_degradation(table: pl.DataFrame) -> pl.DataFrame:
    """A manifest with the kind of degradation of every example.

    An example with several counts as the first of: artefact, filter (denoising, blur or file
    format), denoising, blur, kernel. One without any is degraded by dose and views alone. A
    manifest without these columns (for example with labels by readers) is returned unchanged.

    Args:
        table: Rows of a manifest.

    >>> drawn = {"denoise": [0.0, 0.7], "blur_mm": [0.0, 0.5], "kernel_half_per_mm": [None, 0.4]}
    >>> with_degradation(pl.DataFrame(drawn))[DEGRADATION].to_list()
    ['dose and views', 'denoising']
    """
    if not set(_FILTERS) <= set(table.columns):
        return table
    denoise, blur_mm, kernel = (pl.col(name) for name in _FILTERS)
    filtered = (
        pl.when(denoise > 0)
        .then(pl.lit("denoising"))
        .when(blur_mm > 0)
        .then(pl.lit("blur"))
        .when(kernel.is_not_null())
        .then(pl.lit("kernel"))
        .otherwise(pl.lit(DOSE_AND_VIEWS))
    )
    first = [pl.col(_ARTEFACT)] if _ARTEFACT in table.columns else []
    if _FILTER in table.columns:
        first.append(pl.col(_FILTER).replace_strict(FAMILIES))
    return table.with_columns(pl.coalesce(*first, filtered).alias(DEGRADATION))


def plain_examples(examples: Examples) -> Examples:
    """The examples degraded by dose and views alone; all if their degradation is not known."""
    table = with_degradation(examples.table)
    if DEGRADATION not in table.columns:
        return examples
    plain = table.filter(pl.col(DEGRADATION) == DOSE_AND_VIEWS).drop(DEGRADATION)
    return Examples(examples.folder, plain)
