from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.evaluate.made import opened, tiny, write_csv
from tests.score.tiny_model import RULE

from ctiqa.data.manifest import Examples
from ctiqa.errors import UsageError
from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.predictors.open import open_predictors
from ctiqa.evaluate.predictors.predictor import Predictor, score_examples


@pytest.fixture
def labelled(tmp_path: Path) -> Labelled:
    return opened(tmp_path / "set")


def one(model: str | Path, labelled: Labelled) -> Predictor:
    (found,) = open_predictors([str(model)], [], labelled, threads=1, device="cpu")
    return found


def test_a_model_says_what_its_network_says(tmp_path: Path, labelled: Labelled) -> None:
    found = one(tiny(tmp_path / "model"), labelled)
    scores = score_examples(found, labelled.examples, labelled.scale)
    assert np.abs(scores.score - labelled.label).max() <= 0.5 / 250 + 1e-6
    # The members differ by a factor of 0.9, 1 and 1.1.
    expected = labelled.label * np.std([0.9, 1.0, 1.1])
    assert np.allclose(scores.spread, expected, atol=1e-3)
    assert (found.name, found.kind, found.matrix) == ("tiny", "model", (32, 512))
    assert found.interval is not None
    assert found.interval.quantile == RULE["quantile"]


def test_a_table_is_looked_up(tmp_path: Path, labelled: Labelled) -> None:
    file = write_csv(tmp_path / "mine.csv", [(name, k % 5) for k, name in enumerate(labelled.ids)])
    (found,) = open_predictors([], [file], labelled, threads=1)
    backwards = Examples(labelled.examples.folder, labelled.examples.table.reverse())
    scores = score_examples(found, backwards, labelled.scale)
    assert scores.score.tolist() == [k % 5 for k in range(24)][::-1]
    assert found.knows(labelled.examples)
    assert not found.knows(labelled.of_purpose("example", "validation"))
    with pytest.raises(UsageError, match="cannot score changed images"):
        score_examples(found, labelled.examples, labelled.scale, change=lambda hu: hu)


def test_all_problems_at_once(tmp_path: Path, labelled: Labelled) -> None:
    words = ["ctiqa-z9", str(tmp_path / "none.onnx"), "runs/none", str(tmp_path), "x.safetensors"]
    with pytest.raises(UsageError) as caught:
        open_predictors(words, [tmp_path / "none.csv"], labelled, threads=1)
    said = str(caught.value)
    for expected in (
        "got 'ctiqa-z9'",
        "none.onnx",
        "'runs/none' does not exist; name a run, a checkpoint or an .onnx file",
        "must be a run with a trained student",
        "'x.safetensors' does not exist",
        "none.csv' must be a readable CSV file in UTF-8: No such file",
    ):
        assert expected in said


def test_no_model_at_all(labelled: Labelled) -> None:
    with pytest.raises(UsageError, match="name a MODEL, or give --predictions"):
        open_predictors([], [], labelled, threads=1)


def test_a_model_for_other_sizes(tmp_path: Path, labelled: Labelled) -> None:
    card: Mapping[str, Any] = {"matrix": [256, 512], "range_hu": [-1000, 400], "windows": []}
    with pytest.raises(UsageError, match=r"made for slices of 256 to 512 pixels.*has 64"):
        one(tiny(tmp_path / "model", input=card), labelled)


def test_names_are_made_unique(tmp_path: Path, labelled: Labelled) -> None:
    words = [str(tiny(tmp_path / place)) for place in ("a", "b", "c")]
    found = open_predictors(words, [], labelled, threads=1)
    assert [each.name for each in found] == ["tiny", "tiny (2)", "tiny (3)"]
