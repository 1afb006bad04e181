"""Readers' scores: what must be true of them, and their conversion to grades."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from ctiqa.data.label_scale import format_label_scale, parse_label_scale
from ctiqa.data.manifest import Examples
from ctiqa.data.near_duplicates import PSEUDO
from ctiqa.errors import some
from ctiqa.train.setup.fit import label_scale_of
from ctiqa.types import SCORE_RANGE

FEWEST_SLICES = 20
"""Fewest scored slices to train on. Readers differ by about half a grade, so the mean of 20 scores
is known to about 0.1 grades, which is what a shipped model is off by anyway."""

LEAST_SPAN = 1.0
"""Smallest difference in grades between the best and the worst training score: what differs less
cannot be told from the disagreement of readers."""

_SHOWN = 5
"""Number of patients that a message names."""


def about_scores(examples: Examples) -> Iterator[str]:
    """Reasons why a data set of readers' scores cannot be learned from.

    Args:
        examples: The whole data set, with scores on its own scale.
    """
    train, validation = (
        in_grades(examples.where(split=split, purpose="example")).column("label")
        for split in ("train", "validation")
    )
    if len(train) < FEWEST_SLICES:
        yield f"at least {FEWEST_SLICES} training slices must be scored, got {len(train)}; add some"
    elif np.ptp(train) < LEAST_SPAN:
        yield (
            f"training scores must span at least {LEAST_SPAN:g} grade of 0–4, got "
            f"{train.min():g} to {train.max():g}; add slices that readers find better or worse"
        )
    if len(validation) and np.ptp(validation) == 0:
        yield (
            f"validation scores must differ, got {validation[0]:g} for all {len(validation)} "
            "slices; add slices of other patients"
        )
    splits = examples.table.group_by("patient").agg(pl.col("split").n_unique())
    torn = splits.filter(pl.col("split") > 1)["patient"].sort().to_list()
    if torn:
        yield (
            "every patient must be in one split, which is not true of "
            f"{some([str(patient) for patient in torn], _SHOWN)}; correct the split and prepare "
            "again"
        )


def patients_line(train: Examples, validation: Examples) -> str:
    """How many patients are trained on, how many others validate, and how they were told apart."""
    patients = [each.column("patient").astype(str) for each in (train, validation)]
    counts = [len(np.unique(each)) for each in patients]
    named = not any(name.startswith(PSEUDO) for each in patients for name in each)
    how = "" if named else " (the data set names none; similar slices count as one)"
    return f"training on {counts[0]} patients, validating on {counts[1]} others{how}"


def in_grades(examples: Examples) -> Examples:
    """The examples with labels converted from the scale of the data set to grades, 0–4.

    >>> from pathlib import Path
    >>> table = pl.DataFrame({"label": [1.0, 3.0], "raw": [1.0, 3.0], "label_scale": ["1-5"] * 2})
    >>> in_grades(Examples(Path("data"), table)).column("label").tolist()
    [0.0, 2.0]
    """
    low, high = parse_label_scale(label_scale_of(examples))
    grade = (high - low) / (SCORE_RANGE[1] - SCORE_RANGE[0])
    converted = [(pl.col(name) - low) / grade + SCORE_RANGE[0] for name in ("label", "raw")]
    scale = pl.lit(format_label_scale(SCORE_RANGE)).alias("label_scale")
    return Examples(examples.folder, examples.table.with_columns(*converted, scale))
