"""Labels without a fault, and ways to break them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ctiqa.data.manifest import Examples

LADDER = {1.0: 4.2, 0.5: 2.0, 0.1: 1.0}
"""Label before clipping by dose."""

PATIENTS = {"train": 8, "validation": 5, "test": 5}


def rows() -> list[dict[str, Any]]:
    """A data set without a fault: labels fill the scale and fall with the dose."""
    patients = [(split, k) for split, count in PATIENTS.items() for k in range(count)]
    return [
        row
        for number, (split, k) in enumerate(patients)
        for row in _slice_rows(f"{split}{k}", split, k % 2 if split == "train" else -1, number)
    ]


def _slice_rows(patient: str, split: str, fold: int, number: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(number)
    drawn = np.linspace(4.05, -0.05, 13) + rng.uniform(-0.01, 0.01, 13)
    raws = [*drawn.tolist(), *LADDER.values()]
    doses = [*(1 - 0.05 * np.arange(13)).tolist(), *LADDER]
    return [
        {
            "id": f"{patient}-{row:03d}",
            "shard": patient,
            "row": row,
            "purpose": "example" if row < 13 else "ladder",
            "patient": patient,
            "region": ("chest", "abdomen")[number % 2],
            "split": split,
            "fold": fold,
            "label": float(np.clip(raw, 0, 4)),
            "raw": float(raw),
            "loss_0": float(np.exp(-raw)),
            "loss_1": float(5 - raw + rng.uniform(0, 0.5)),
            "dose": doses[row],
            "views": 960 - 60 * (row % 3 if row < 13 else 0),
        }
        for row, raw in enumerate(raws)
    ]


def sound(**columns: pl.Expr) -> Examples:
    return Examples(Path("sound"), pl.DataFrame(rows()).with_columns(**columns))


def when(patient: str, column: str, value: object) -> pl.Expr:
    return pl.when(pl.col("patient") == patient).then(pl.lit(value)).otherwise(pl.col(column))
