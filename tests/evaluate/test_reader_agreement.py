from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.evaluate.made import opened, rows

from ctiqa.evaluate.reader_agreement import inter_reader_estimates

COUNT = len(rows())


def scores(readers: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Scores of readers [rows, readers], near the labels."""
    label = np.array([row["label"] for row in rows()])[:, None]
    noise = np.random.default_rng(seed).normal(0, 0.5, (COUNT, readers))
    return np.clip(np.rint(label + noise), 0, 4)


def test_readers_against_the_mean_of_the_others(tmp_path: Path) -> None:
    given = scores(3)
    labelled = opened(tmp_path / "set", reader_scores=pl.Series(given.tolist()))
    found = inter_reader_estimates(labelled)
    assert found is not None
    assert found.readers == 3
    here = given[[row["split"] == "test" for row in rows()]]
    errors = [np.abs(here[:, k] - np.delete(here, k, axis=1).mean(axis=1)).mean() for k in range(3)]
    assert found.estimates["mae"].value == pytest.approx(np.mean(errors))
    low, high = found.estimates["mae"].interval or (0, 0)
    assert low < np.mean(errors) < high


def test_errors_are_in_units_of_the_labels(tmp_path: Path) -> None:
    given = scores(2)
    whole = inter_reader_estimates(
        opened(tmp_path / "four", reader_scores=pl.Series(given.tolist()))
    )
    quarter = inter_reader_estimates(
        opened(
            tmp_path / "one",
            reader_scores=pl.Series((given / 4).tolist()),
            label=pl.col("label") / 4,
            label_scale=pl.lit("0-1"),
        )
    )
    assert whole is not None
    assert quarter is not None
    assert whole.estimates["rmse"].value == pytest.approx(4 * quarter.estimates["rmse"].value)
    assert whole.estimates["kappa"].value == pytest.approx(quarter.estimates["kappa"].value)


@pytest.mark.parametrize(
    "lists",
    [
        [[1.0]] * COUNT,
        [[1.0, 2.0]] * (COUNT - 1) + [[1.0]],
        [[1.0, None]] * COUNT,
        [None] * COUNT,
    ],
)
def test_where_there_is_no_ceiling(tmp_path: Path, lists: list[list[float | None] | None]) -> None:
    # The last row is of the training split, so the uneven one is put first.
    column = pl.Series(lists[::-1], dtype=pl.List(pl.Float64))
    assert inter_reader_estimates(opened(tmp_path / "set", reader_scores=column)) is None


def test_no_column_and_one_patient(tmp_path: Path) -> None:
    assert inter_reader_estimates(opened(tmp_path / "bare")) is None
    lone = opened(
        tmp_path / "lone", reader_scores=pl.Series(scores(2).tolist()), patient=pl.lit("p")
    )
    assert inter_reader_estimates(lone) is None
