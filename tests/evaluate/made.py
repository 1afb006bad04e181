"""Small data sets and models whose scores are known by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from tests.score.tiny_model import write_model

from ctiqa.data.manifest import MANIFEST, SHARDS, Examples
from ctiqa.evaluate.dataset import Labelled, open_labelled
from ctiqa.evaluate.predictors.predictor import Predictor
from ctiqa.evaluate.scale import GRADES, Scale
from ctiqa.evaluate.scored import ScoredExamples

SIDE = 64

DOSES = (1.0, 0.5, 0.25)

PATIENTS = {"test": 4, "validation": 3, "train": 2}

OFFSETS = {1.0: 0.0, 0.5: 0.8, 0.25: 1.7}
"""How much lower than at full dose a label is, in grades."""


def rows() -> list[dict[str, Any]]:
    """Patients with two slices, each at three doses; labels fall with the dose."""
    made = []
    for split, count in PATIENTS.items():
        for k in range(count):
            for index in range(2):
                made += list(_slice_rows(split, k, index))
    return made


def _slice_rows(split: str, k: int, index: int) -> Iterable[dict[str, Any]]:
    patient = f"{split}{k}"
    for row, dose in enumerate(DOSES):
        label = 3.9 - 0.4 * k - 0.13 * index - OFFSETS[dose]
        yield {
            "id": f"{patient}-{index:03d}-native-{row:03d}",
            "shard": f"{patient}-{index:03d}-native",
            "row": row,
            "purpose": "example",
            "patient": patient,
            "region": ("chest", "abdomen")[k % 2],
            "scanner_kernel": ("B20f", "B30f")[k // 2],
            "variant": "native",
            "split": split,
            "fold": -1,
            "dose": dose,
            "views": 960,
            "label": round(label, 4),
            "raw": round(label, 4),
        }


def brightness(score: float) -> float:
    """CT number of an even slice to which the tiny network gives a score."""
    return 250 * score - 1000


def write_set(
    folder: Path, table: list[dict[str, Any]] | None = None, *, side: int = SIDE, **columns: Any
) -> Path:
    """Write a data set whose pixels make the tiny network say the label.

    Args:
        folder: Where to.
        table: Its rows; :func:`rows` where none are given.
        side: Rows and columns of the slices.
        **columns: Columns to replace, as polars expressions or values.
    """
    (folder / SHARDS).mkdir(parents=True)
    made = pl.DataFrame(table or rows())
    for (shard,), part in made.group_by("shard"):
        hu = [np.full((side, side), brightness(label)) for label in part.sort("row")["label"]]
        np.save(folder / SHARDS / f"{shard}.hu.npy", np.round(np.stack(hu)).astype(np.int16))
    made.with_columns(**columns).write_parquet(folder / MANIFEST)
    return folder


def opened(folder: Path, table: list[dict[str, Any]] | None = None, **columns: Any) -> Labelled:
    """A small data set, opened."""
    return open_labelled(write_set(folder, table, **columns))


def tiny(folder: Path, **changes: Any) -> Path:
    """The tiny network, made for small slices."""
    fits = {"matrix": [32, 512], "range_hu": [-1000, 400], "windows": ["soft"]}
    return write_model(folder, **({"input": fits} | changes))


def table_of(scores: Mapping[str, float], name: str = "mine") -> Predictor:
    """A predictor that is only a table."""
    return Predictor(name=name, kind="predictions", facts={"file": "mine.csv"}, given=scores)


def scored(
    score: npt.ArrayLike, label: npt.ArrayLike, *, scale: Scale = GRADES, **columns: Any
) -> ScoredExamples:
    """Scores and labels; examples have these columns, and a patient each where none are given."""
    scores, labels = (np.asarray(values, dtype=np.float64) for values in (score, label))
    table = pl.DataFrame({"patient": np.arange(len(scores)), "label": labels, **columns})
    return ScoredExamples(Examples(Path(), table), scale, scores, labels, np.zeros_like(scores))


def write_csv(
    file: Path, rows: Iterable[Iterable[object]], columns: Iterable[str] = ("id", "score")
) -> Path:
    """Write a table of predictions."""
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
    return file
