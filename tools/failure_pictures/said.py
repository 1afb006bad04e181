"""What ctiqa says of every example of a data set, beside what is true of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.degradations import with_degradation
from ctiqa.score import Scorer
from ctiqa.types import Slice, SliceHeader, SliceScore, SliceSource

EVERY = 200
"""Slices between two messages of progress."""

SAID: dict[str, Any] = {
    "score": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "said_noise_hu": pl.Float64,
    "said_region": pl.String,
    "reported": pl.List(pl.String),
    "flags": pl.List(pl.String),
}
"""Columns that are added: score and interval, empty without a score; equivalent noise; region;
findings that are reported; flags."""


def with_verdicts(scorer: Scorer, examples: Examples) -> pl.DataFrame:
    """The examples with what a user would be told of each.

    Besides the columns of :data:`SAID`, ``error`` is the score minus the label, and
    ``degradation`` the kind of degradation.

    Args:
        scorer: The model.
        examples: Slices in HU.
    """
    said = pl.DataFrame(_verdicts(scorer, examples), schema=SAID, orient="row")
    table = with_degradation(examples.table).hstack(said)
    return table.with_columns(error=pl.col("score") - pl.col("label"))


def _verdicts(scorer: Scorer, examples: Examples) -> Iterator[tuple[Any, ...]]:
    images = examples.images()
    for number in range(len(images)):
        if number % EVERY == 0:
            sys.stderr.write(f"{number} of {len(images)} slices scored\n")
        hu = np.asarray(images[number], dtype=np.float32)
        rows, cols = hu.shape
        # The name of the file is never shown.
        header = SliceHeader(SliceSource(Path(f"{number}.npy")), rows, cols)
        yield _told(scorer.score(Slice(hu, header)))


def _told(verdict: SliceScore) -> tuple[Any, ...]:
    low, high = verdict.interval or (None, None)
    return (
        verdict.score,
        low,
        high,
        verdict.equivalent_noise_hu,
        verdict.region,
        list(verdict.findings),
        list(verdict.flags),
    )
