from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.evaluate.made import opened, rows, table_of, tiny, write_set

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.dataset import Labelled, open_labelled
from ctiqa.evaluate.predictors.open import open_predictors
from ctiqa.evaluate.predictors.predictor import Images, Predictor, score_examples


@pytest.fixture
def labelled(tmp_path: Path) -> Labelled:
    return opened(tmp_path / "set")


def one(model: str | Path, labelled: Labelled) -> Predictor:
    (found,) = open_predictors([str(model)], [], labelled, threads=1, device="cpu")
    return found


def answers(given: Sequence[float]) -> Predictor:
    """A predictor whose every member says one number for every slice."""

    def estimate(hu: Images) -> Any:
        assert hu.flags.c_contiguous
        assert hu.dtype == np.float32
        return np.full((len(hu), len(given)), given, np.float32)

    return Predictor(name="made", kind="model", facts={}, estimate=estimate)


@pytest.mark.parametrize(
    ("members", "score", "clipped"),
    [((1.0, 2.0), 1.5, 1.5), ((5.0, 6.0), 5.5, 4.0), ((-3.0, 1.0), -1.0, 0.0)],
)
def test_scores_are_means_as_given_and_beside_them_clipped(
    labelled: Labelled, members: tuple[float, float], score: float, clipped: float
) -> None:
    found = score_examples(answers(members), labelled.examples, labelled.scale)
    assert set(found.score.tolist()) == {score}
    assert set(found.clipped.score.tolist()) == {clipped}
    assert found.beyond == (len(found.score) if score != clipped else 0)
    assert found.spread[0] == pytest.approx(abs(members[0] - members[1]) / 2)


def test_scores_of_another_scale_are_put_on_that_of_the_labels(tmp_path: Path) -> None:
    unit = opened(tmp_path / "set", label=pl.col("label") / 4, label_scale=pl.lit("0-1"))
    found = one(tiny(tmp_path / "model"), unit)
    scores = score_examples(found, unit.examples, unit.scale)
    assert np.abs(scores.score - unit.label).max() <= 0.5 / 1000 + 1e-6
    assert np.allclose(scores.spread, unit.label * np.std([0.9, 1.0, 1.1]), atol=1e-3)


def test_slices_of_several_sizes_come_in_batches_of_one_size(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    file = folder / "shards" / "test1-000-native.hu.npy"
    np.save(file, np.load(file)[:, :48])
    labelled = open_labelled(folder)
    seen: list[tuple[int, ...]] = []
    done: list[tuple[int, int]] = []

    def estimate(hu: Images) -> Any:
        seen.append(hu.shape)
        return hu[:, :1, 0] / 250 + 4

    made = Predictor(name="made", kind="model", facts={}, estimate=estimate)
    scores = score_examples(
        made, labelled.examples, labelled.scale, progress=lambda *d: done.append(d), batch=4
    )
    assert np.abs(scores.score - labelled.label).max() <= 0.5 / 250 + 1e-6
    assert {shape[1:] for shape in seen} == {(64, 64), (48, 64)}
    assert max(shape[0] for shape in seen) == 4
    assert done[-1] == (24, 24)
    assert [d for d, _ in done] == np.cumsum([shape[0] for shape in seen]).tolist()


def test_a_change_is_applied_before_scoring(tmp_path: Path, labelled: Labelled) -> None:
    found = one(tiny(tmp_path / "model"), labelled)
    raised = score_examples(found, labelled.examples, labelled.scale, change=lambda hu: hu + 25)
    plain = score_examples(found, labelled.examples, labelled.scale)
    inside = plain.score < 3.8
    assert np.allclose((raised.score - plain.score)[inside], 0.1, atol=1e-5)


def test_a_table_knows_what_it_lists() -> None:
    table = pl.DataFrame([row for row in rows() if row["patient"] == "test0"])
    given = dict.fromkeys(table["id"].to_list(), 1.0)
    assert table_of(given).knows(Examples(Path(), table))
    given.popitem()
    assert not table_of(given).knows(Examples(Path(), table))
