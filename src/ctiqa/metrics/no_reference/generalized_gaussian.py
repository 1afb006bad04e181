"""Moment-matching fits of generalized Gaussian distributions, vectorised over samples.

The density is proportional to exp(−(|x|/β)^shape): shape 2 is normal, shape 1 Laplacian. In the
asymmetric distribution β differs left and right of 0. The shape follows from ⟨|x|⟩²/⟨x²⟩ by
interpolation in a table, because there is no closed inverse.

- Sharifi K, Leon-Garcia A. IEEE Trans Circuits Syst Video Technol 5(1):52–56, 1995: symmetric.
- Lasmar NE, Stitou Y, Berthoumieu Y. Multiscale skewed heavy tailed model for texture analysis.
  IEEE Int Conf Image Process, 2281–2284, 2009: asymmetric.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from ctiqa.types import Floats

Flags = npt.NDArray[np.bool_]


def moment_ratio(shape: Floats) -> Floats:
    """⟨|x|⟩²/⟨x²⟩ for a shape parameter, in (0, 0.75); increases with the shape.

    Γ(2/a)² / (Γ(1/a) Γ(3/a)).

    >>> moment_ratio(np.array([1.0, 2.0])).round(4).tolist()  # Laplace 1/2, normal 2/π
    [0.5, 0.6366]
    """
    once, twice, thrice = (gammaln(k / shape) for k in (1, 2, 3))
    return np.asarray(np.exp(2 * twice - once - thrice))


SHAPES = np.linspace(0.2, 10, 9801)
"""Shapes in the table, as in the BRISQUE paper; values beyond are clipped to its ends."""

RATIOS = moment_ratio(SHAPES)


class GeneralizedGaussian(NamedTuple):
    """Symmetric distributions: shape in [0.2, 10] and standard deviation, each [...]."""

    shape: Floats
    deviation: Floats


class AsymmetricGeneralizedGaussian(NamedTuple):
    """Asymmetric distributions, each attribute [...].

    Attributes:
        shape: In [0.2, 10].
        mean: Mean of the distribution, (right − left)·√(⟨|x|⟩²/⟨x²⟩ of the shape).
        left: Root mean square of the samples below 0.
        right: Root mean square of the samples above 0.
    """

    shape: Floats
    mean: Floats
    left: Floats
    right: Floats


def fit_ggd(samples: Floats, where: Flags | None = None) -> GeneralizedGaussian:
    """Fit symmetric distributions about 0 by mean absolute value and mean square.

    Args:
        samples: Samples along the last axis, [..., n].
        where: Which samples count, bool [..., n]; ``None`` for all.

    Returns:
        Shape and standard deviation [...]; the shape is NaN if all samples are 0 or none count.

    >>> fit = fit_ggd(np.random.default_rng(0).laplace(0, 3, 100_000))
    >>> round(float(fit.shape), 1), round(float(fit.deviation / np.sqrt(2)), 1)
    (1.0, 3.0)
    """
    samples, count = _counted(samples, where)
    absolute, square = np.abs(samples).sum(axis=-1) / count, _square_sum(samples) / count
    return GeneralizedGaussian(_shape(absolute, square), np.sqrt(square))


def fit_aggd(samples: Floats, where: Flags | None = None) -> AsymmetricGeneralizedGaussian:
    """Fit asymmetric distributions by mean absolute value and mean squares on both sides of 0.

    Args:
        samples: Samples along the last axis, [..., n].
        where: Which samples count, bool [..., n]; ``None`` for all.

    Returns:
        Shape, mean and root mean squares [...]; shape and mean are NaN if all samples are 0 or
        none count. A side without samples has root mean square 0.

    >>> x = np.random.default_rng(0).laplace(0, 1, 100_000)
    >>> fit = fit_aggd(x)
    >>> round(float(fit.shape), 1), round(float(fit.left / fit.right), 1)
    (1.0, 1.0)
    """
    samples, count = _counted(samples, where)
    left, right = _side(np.minimum(samples, 0)), _side(np.maximum(samples, 0))
    absolute, square = np.abs(samples).sum(axis=-1) / count, _square_sum(samples) / count
    # Converts the ratio to that of the symmetric distribution with the same shape.
    skew = _quotient((left**3 + right**3) * (left + right), (left**2 + right**2) ** 2)
    shape = _shape(absolute * np.sqrt(skew), square)
    mean = (right - left) * np.sqrt(moment_ratio(shape))
    return AsymmetricGeneralizedGaussian(shape, mean, left, right)


def _counted(samples: Floats, where: Flags | None) -> tuple[Floats, Floats]:
    """Samples, with 0 for those that do not count, and the number that count [...]."""
    if where is None:
        return samples, np.full(samples.shape[:-1], float(max(samples.shape[-1], 1)))
    return np.where(where, samples, 0.0), np.maximum(where.sum(axis=-1), 1).astype(np.float64)


def _side(samples: Floats) -> Floats:
    """Root mean square of the samples that are not 0."""
    count = np.count_nonzero(samples, axis=-1)
    return np.asarray(np.sqrt(_square_sum(samples) / np.maximum(count, 1)))


def _square_sum(samples: Floats) -> Floats:
    return np.asarray(np.einsum("...n,...n->...", samples, samples))


def _shape(absolute: Floats, square: Floats) -> Floats:
    return np.asarray(np.interp(_quotient(absolute**2, square), RATIOS, SHAPES))


def _quotient(a: Floats, b: Floats) -> Floats:
    """Ratio of a to b, NaN where b is 0."""
    undefined = np.full(np.shape(a), np.nan)
    return np.asarray(np.divide(a, b, out=undefined, where=np.asarray(b) > 0))
