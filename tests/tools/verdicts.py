"""Examples with verdicts of a model, made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tools.failure_pictures.said import SAID

from ctiqa.data.manifest import MANIFEST, SHARDS, Examples, finding_column, read_examples
from ctiqa.evaluate.degradations import with_degradation
from ctiqa.recipe.network import FINDINGS

SIDE = 256

TYPES = SAID | {
    **dict.fromkeys(("artefact", "filter"), pl.String),
    **dict.fromkeys(("filter_strength", "kernel_half_per_mm"), pl.Float64),
    **{finding_column(name): pl.Float64 for name in FINDINGS},
}
"""Columns that may hold nothing but nulls."""


def example(name: str, **changes: Any) -> dict[str, Any]:
    """A chest with nothing wrong, of its own slice and patient, scored 3 as it should be."""
    return {
        "id": name,
        "shard": name,
        "row": 1,
        "purpose": "example",
        "split": "test",
        "patient": f"patient of {name}",
        "region": "chest",
        "fold": -1,
        "variant": "native",
        "shows": "chest",
        "label": 3.0,
        "raw": 3.0,
        "total_noise_hu": 10.0,
        "rmse_hu": 12.0,
        "loss_3": 0.2,
        "dose": 1.0,
        "views": 960,
        "denoise": 0.0,
        "blur_mm": 0.0,
        "kernel_half_per_mm": None,
        "kernel_boost": 0.0,
        "artefact": None,
        "filter": None,
        "filter_strength": 1.0,
        "origin": "a collection",
        "licence": "CC BY 4.0 (a collection)",
        **{finding_column(each): 0.0 for each in FINDINGS},
        "score": 3.0,
        "low": 2.0,
        "high": 4.0,
        "said_noise_hu": 10.0,
        "said_region": "chest",
        "reported": [],
        "flags": [],
    } | changes


def filtered(shard: str, name: str = "", **changes: Any) -> dict[str, Any]:
    """A slice on which all filters are tried, scored 2."""
    usual = {"shard": shard, "purpose": "filtered", "filter": "median", "score": 2.0, "label": 2.0}
    return example(name or f"{shard}-plain", **usual | changes)


def verdicts(*rows: dict[str, Any]) -> pl.DataFrame:
    """A table of examples, as :func:`tools.failure_pictures.said.with_verdicts` makes it."""
    table = with_degradation(
        pl.DataFrame(rows, schema_overrides=TYPES).drop("degradation", strict=False)
    )
    return table.with_columns(error=pl.col("score") - pl.col("label"))


def write_shards(
    folder: Path, rows: list[dict[str, Any]], images: dict[str, np.ndarray[Any, Any]]
) -> Examples:
    """A data set on disk in which all examples of a slice look the same."""
    (folder / SHARDS).mkdir(parents=True)
    verdicts(*rows).write_parquet(folder / MANIFEST)
    for shard, hu in images.items():
        count = 1 + max(row["row"] for row in rows)
        stack = np.repeat(np.round(hu).astype(np.int16)[np.newaxis], count, axis=0)
        np.save(folder / SHARDS / f"{shard}.hu.npy", stack)
    return read_examples(folder)
