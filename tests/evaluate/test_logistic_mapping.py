from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from tests.evaluate.made import scored
from tests.evaluate.test_statistics import made

from ctiqa.evaluate.logistic_mapping import logistic_mapping
from ctiqa.metrics.agreement.logistic import Logistic

Floats = npt.NDArray[np.float64]


def test_the_mapping_straightens_what_it_was_not_fitted_on() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-4, 4, 200)
    label = Logistic(0, 4, 0, 0.5)(x) + rng.normal(0, 0.05, 200)
    measured = scored(x[100:], label[100:], patient=np.arange(100) % 10)
    found = logistic_mapping(scored(x[:100], label[:100]), measured)
    assert found.plcc is not None
    assert found.rmse is not None
    assert found.plcc.value > 0.995 > stats.pearsonr(x[100:], label[100:]).statistic
    assert found.rmse.value == pytest.approx(0.05, abs=0.02)
    assert found.fitted_on == 100
    assert found.curve["middle"] == pytest.approx(0, abs=0.05)


def test_a_falling_relation_is_turned() -> None:
    x = np.linspace(0, 4, 60)
    found = logistic_mapping(scored(x, 4 - x), scored(x, 4 - x, patient=np.arange(60) % 6))
    assert found.plcc is not None
    assert found.plcc.value > 0.99


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (np.full(20, 1.0), np.linspace(0, 4, 20)),
        (np.linspace(0, 4, 20), np.full(20, 1.0)),
        (np.linspace(0, 4, 3), np.linspace(0, 4, 3)),
    ],
)
def test_what_determines_no_curve(score: Floats, label: Floats) -> None:
    found = logistic_mapping(scored(score, label), made(30, 3, 0))
    assert found.plcc is None
    assert f"the {len(score)} validation examples do not determine" in found.why_not
