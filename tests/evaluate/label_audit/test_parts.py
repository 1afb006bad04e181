"""Rank correlation of the parts of a label, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ctiqa.evaluate.label_audit.parts import srocc


def test_rank_correlation_is_that_of_scipy() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 9, (2, 50)).astype(np.float64)
    assert srocc(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert np.isnan(srocc(x, np.ones(50)))
