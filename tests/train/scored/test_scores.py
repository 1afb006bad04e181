"""What must be true of readers' scores before a model is fine-tuned on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ctiqa.data.manifest import Examples
from ctiqa.train.scored.scores import FEWEST_SLICES, about_scores, in_grades, patients_line


def scored(
    train: Sequence[float], validation: Sequence[float] = (1.0, 2.0, 3.0), scale: str = "0-4"
) -> Examples:
    """A data set of which every slice is a patient."""
    labels = [*train, *validation]
    split = ["train"] * len(train) + ["validation"] * len(validation)
    columns = {
        "patient": [f"p{number}" for number in range(len(labels))],
        "split": split,
        "purpose": ["example"] * len(labels),
        "label": np.array(labels, float),
        "raw": np.array(labels, float),
        "label_scale": [scale] * len(labels),
    }
    return Examples(Path("data"), pl.DataFrame(columns))


GOOD = np.linspace(1, 4, FEWEST_SLICES).tolist()


def test_scores_that_can_be_learned() -> None:
    assert list(about_scores(scored(GOOD))) == []


def test_ten_slices_are_too_few() -> None:
    (problem,) = about_scores(scored(GOOD[:10]))
    assert problem == "at least 20 training slices must be scored, got 10; add some"
    assert len(list(about_scores(scored(GOOD[:-1])))) == 1


@pytest.mark.parametrize("train", [[3.0] * 20, [2.6, 3.5] * 10])
def test_scores_of_one_grade(train: list[float]) -> None:
    (problem,) = about_scores(scored(train))
    assert problem.startswith(
        f"training scores must span at least 1 grade of 0–4, got {min(train):g} to {max(train):g}; "
    )


def test_the_span_is_one_of_grades_whatever_the_scale() -> None:
    assert list(about_scores(scored([5.0, 6.0] * 10, (0, 9), scale="0-10")))
    assert not list(about_scores(scored([5.0, 8.0] * 10, (0, 9), scale="0-10")))


def test_validation_needs_scores_that_differ() -> None:
    (problem,) = about_scores(scored(GOOD, [2.0] * 4))
    assert problem.startswith("validation scores must differ, got 2 for all 4 slices; add")


def test_patients_on_both_sides() -> None:
    made = scored(GOOD)
    first = pl.when(pl.col("patient").is_in(["p21", "p22"])).then(pl.lit("p1"))
    torn = Examples(made.folder, made.table.with_columns(patient=first.otherwise("patient")))
    (problem,) = about_scores(torn)
    assert problem == (
        "every patient must be in one split, which is not true of p1; correct the split and "
        "prepare again"
    )


def test_scores_become_grades() -> None:
    converted = in_grades(scored([1, 2, 5], [3], scale="1-5"))
    for name in ("label", "raw"):
        assert converted.column(name).tolist() == [0, 1, 4, 2]
    assert set(converted.column("label_scale").tolist()) == {"0-4"}
    same = in_grades(Examples(Path("data"), scored(GOOD).table.drop("label_scale")))
    assert same.column("label").tolist()[:20] == pytest.approx(GOOD)


def test_patients_are_counted_and_those_that_nobody_named_are_marked() -> None:
    parts = scored(GOOD).where(split="train"), scored(GOOD).where(split="validation")
    assert patients_line(*parts) == "training on 20 patients, validating on 3 others"
    nameless = [
        Examples(each.folder, each.table.with_columns(patient="pseudo-" + pl.col("patient")))
        for each in parts
    ]
    assert patients_line(*nameless).endswith(
        "(the data set names none; similar slices count as one)"
    )
