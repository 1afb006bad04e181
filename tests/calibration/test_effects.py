from __future__ import annotations

import numpy as np
import pytest

from ctiqa.calibration.effects import Indices, case_means, reader_effects, without_bias
from ctiqa.types import Floats


def readings(
    bias: Floats, cases: int, sd: float, seed: int, share: float = 1.0
) -> tuple[Indices, Indices, Floats]:
    """Scores of every reader for a share of the cases."""
    rng = np.random.default_rng(seed)
    case, reader = (index.ravel() for index in np.indices((cases, len(bias))))
    score = rng.uniform(0, 4, cases)[case] + bias[reader] + sd * rng.standard_normal(len(case))
    read = rng.random(len(case)) < share
    _, case = np.unique(case[read], return_inverse=True)
    return case, reader[read], score[read]


def test_known_biases_are_found() -> None:
    bias = np.array([0.6, -0.1, -0.5])
    found = reader_effects(*readings(bias, 60, 0.3, seed=0))
    assert found is not None
    np.testing.assert_allclose(found.bias, bias - bias.mean(), atol=0.1)
    assert found.within_sd == pytest.approx(0.3, abs=0.05)
    assert found.between_sd == pytest.approx(bias.std(ddof=1), abs=0.1)


def test_biases_are_found_where_nobody_read_all() -> None:
    bias = np.array([0.6, -0.1, -0.5])
    case, reader, score = readings(bias, 90, 0.3, seed=1, share=0.5)
    found = reader_effects(case, reader, score)
    assert found is not None
    np.testing.assert_allclose(found.bias, bias - bias.mean(), atol=0.2)
    unbiased = case_means(case, without_bias(score, reader, found))
    truth = case_means(case, score - (bias - bias.mean())[reader])
    assert np.abs(unbiased - truth).mean() < 0.5 * np.abs(case_means(case, score) - truth).mean()


def test_readers_who_differ_by_chance_have_hardly_a_bias() -> None:
    found = [reader_effects(*readings(np.zeros(4), 40, 0.5, seed)) for seed in range(8)]
    drawn = [np.abs(each.bias).max() for each in found if each is not None]
    assert len(drawn) == 8
    assert np.mean(drawn) < 0.06
    assert min(drawn) == 0.0


@pytest.mark.filterwarnings("ignore")
def test_as_a_mixed_model_of_another_program() -> None:
    mixed = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    case, reader, score = readings(np.array([0.5, 0.1, -0.2, -0.6]), 25, 0.4, seed=2, share=0.8)
    own = reader_effects(case, reader, score)
    fixed = np.eye(case.max() + 1)[case]
    other = mixed.MixedLM(score, fixed, groups=reader).fit(reml=True, method="lbfgs")
    assert own is not None
    assert own.within_sd == pytest.approx(other.scale**0.5, rel=1e-3)
    assert own.between_sd == pytest.approx(float(other.cov_re[0, 0]) ** 0.5, rel=1e-2)
    effects = [float(np.asarray(other.random_effects[k])[0]) for k in range(4)]
    np.testing.assert_allclose(own.bias, effects, atol=2e-3)


def test_one_reader_a_case_tells_nothing() -> None:
    assert (
        reader_effects(np.array([0, 1, 2]), np.array([0, 1, 0]), np.array([1.0, 2.0, 3.0])) is None
    )
    score = np.array([1.0, 2.0])
    assert without_bias(score, np.array([0, 1]), None) is score


def test_readers_who_agree_to_the_last_digit() -> None:
    case, reader = (index.ravel() for index in np.indices((5, 2)))
    found = reader_effects(case, reader, case * np.float64(0.7))
    assert found is not None
    np.testing.assert_allclose(found.bias, 0, atol=1e-6)
    assert found.within_sd < 1e-5
