"""Measures by their definitions, one example or cell at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def concordance(x: Floats, y: Floats) -> float:
    """Lin's coefficient from the sample moments (Biometrics 45:255–268, 1989)."""
    cov = float(np.cov(x, y, bias=True)[0, 1])
    return float(2 * cov / (x.var() + y.var() + (x.mean() - y.mean()) ** 2))


def quadratic_kappa(x: Floats, y: Floats) -> float:
    """Cohen's kappa with quadratic weights from the 5×5 table of grades."""
    table = np.zeros((5, 5))
    for a, b in zip(x.astype(int), y.astype(int), strict=True):
        table[a, b] += 1
    table /= table.sum()
    weight = np.subtract.outer(np.arange(5), np.arange(5)) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0))
    return float(1 - (weight * table).sum() / (weight * chance).sum())
