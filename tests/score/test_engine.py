from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.score.made import phantom
from tests.score.tiny_model import expected_members, network, write_model

from ctiqa.errors import WeightsError
from ctiqa.score.engine import Engine
from ctiqa.weights import load_model


def engine(file: Path) -> Engine:
    return Engine(load_model(file), threads=1)


def test_members_are_what_the_network_says(model: Path) -> None:
    hu = np.stack([phantom(0.0), phantom(300.0)])
    expected = [expected_members(each) for each in hu]
    np.testing.assert_allclose(engine(model).run(hu), expected, rtol=1e-5)


@pytest.mark.parametrize("side", [256, 333, 512, 1024])
def test_any_matrix_is_taken(model: Path, side: int) -> None:
    assert engine(model).run(phantom(side=side)[np.newaxis]).shape == (1, 3)


def test_card_and_network_must_agree_on_members(tmp_path: Path) -> None:
    file = write_model(tmp_path, members=5)
    with pytest.raises(WeightsError, match=r"finite scores of shape \(1, 5\), got shape \(1, 3\)"):
        engine(file).run(phantom()[np.newaxis])


def test_scores_must_be_finite(tmp_path: Path) -> None:
    file = write_model(tmp_path, network=network((1.0, 1.0, float("nan"))))
    with pytest.raises(WeightsError, match="must return finite scores"):
        engine(file).run(phantom()[np.newaxis])


def test_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    file = write_model(tmp_path, network=b"hello")
    with pytest.raises(WeightsError, match=r"tiny\.onnx is not a network"):
        engine(file)


def test_input_that_does_not_fit_names_the_model(model: Path) -> None:
    with pytest.raises(WeightsError, match=r"tiny\.onnx failed on \(1, 256\)"):
        engine(model).run(np.zeros((1, 256), dtype=np.float32))
