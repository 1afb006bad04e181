"""Who belongs together when nobody says: slices of one anatomy, found by their pixels.

LDCTIQAC2023 publishes slices without patient ids, several of one patient, many of them the same
anatomy at another dose or with fewer views. Cut at random, such a set leaks between training and
test. Here every slice is reduced to a fingerprint that noise and streaks hardly touch, and
slices whose fingerprints are alike, directly or through others, form one pseudo-patient.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import csgraph

from ctiqa.errors import UsageError
from ctiqa.hu import WINDOWS, apply_window
from ctiqa.types import HuImage

GRID = 128
"""Side of the thumbnail that a fingerprint is made from, in pixels; about 3 mm each."""

FINE, COARSE = 1.0, 4.0
"""SD, in thumbnail pixels, of the blurs whose difference is kept.

The fine one removes noise and streaks; taking away the coarse one removes what all bodies share
(the oval outline on black), which otherwise makes different patients 0.92 alike.
"""

THRESHOLD = 0.65
"""Similarity from which two slices count as one patient.

Measured by ``tools/measure_near_duplicates.py`` on the 273 slices (103 series, 63 patients) of
the shared reference collection, with the first and the middle slice of every series also at 25 %
and 5 % dose and from 64 of 360 views:

==========================================  =======  ======  =======  ==============
pairs                                        number  lowest  highest  over threshold
==========================================  =======  ======  =======  ==============
a slice and its degraded copy                   327    0.94     1.00           100 %
slices of one series, up to 3 mm apart            4    0.96     0.99           100 %
slices of one series, 3 to 6 mm apart           106    0.74     0.99           100 %
slices of one series, 6 to 9 mm apart            99    0.55     0.98            86 %
slices of different patients                 174137   -0.29     0.51             0 %
==========================================  =======  ======  =======  ==============

The 600 slices fall into 113 groups, none of them of several patients. Eleven of the patients
show abdomens, as LDCTIQAC2023 does; slices of two of them are 0.31 alike at most. What this
cannot do is join distant parts of one patient: where a set skips more than about 8 mm, one
patient becomes several groups.
"""

Fingerprints = npt.NDArray[np.float32]
"""One fingerprint a row, unit length, float32 [slices, values]."""


def fingerprint(hu: HuImage) -> npt.NDArray[np.float32]:
    """What a slice shows, as a vector of unit length whatever its noise.

    The slice in the wide window of LDCTIQAC2023, averaged down to 128×128 and band-passed.
    The field of view is not normalised away: it is the same for all slices of a series, and tells
    patients apart.

    Args:
        hu: CT numbers in HU, float32 [rows, cols], at least 128 pixels a side.

    Returns:
        Vector of 4096 values; all zero for a slice without any structure, which is like no other.

    Raises:
        UsageError: If the slice is smaller than the thumbnail or not two-dimensional.

    >>> disc = np.where(np.hypot(*np.mgrid[-128:128, -128:128]) < 90, 40, -1000).astype("float32")
    >>> noisy = disc + np.random.default_rng(0).normal(0, 100, disc.shape).astype("float32")
    >>> bool(fingerprint(disc) @ fingerprint(noisy) > 0.98)
    True
    """
    if hu.ndim != 2 or min(hu.shape) < GRID:
        raise UsageError(f"'hu' must be [rows, cols] of at least {GRID} pixels, got {hu.shape}")
    small = _thumbnail(apply_window(hu, WINDOWS["challenge"]))
    band = ndimage.gaussian_filter(small, FINE) - ndimage.gaussian_filter(small, COARSE)
    vector = band[::2, ::2].ravel()
    length = float(np.linalg.norm(vector))
    # Rounding errors of an empty slice must not be blown up into a structure.
    return np.asarray(vector / length if length > 1e-4 else 0 * vector, dtype=np.float32)


def similarity(fingerprints: Fingerprints) -> npt.NDArray[np.float32]:
    """Cosine between all fingerprints, in [-1, 1], symmetric [slices, slices].

    >>> similarity(np.float32([[1, 0], [0, 1]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return fingerprints @ fingerprints.T


def cluster(fingerprints: Fingerprints, *, threshold: float = THRESHOLD) -> npt.NDArray[np.int64]:
    """Group slices so that no slice is like one of another group.

    Single linkage, cut at the threshold: the connected components of the graph of similar pairs.
    It is the only linkage that promises this, and the neighbours along a patient form a chain.

    Args:
        fingerprints: See :func:`fingerprint`, [slices, values].
        threshold: Similarity in (0, 1] from which two slices belong together; lower joins more,
            which costs groups but never leaks.

    Returns:
        Number of the group of every slice, from 0 in order of first appearance, [slices].

    Raises:
        UsageError: If the threshold is out of range.

    >>> cluster(np.float32([[0, 1], [1, 0], [0, 1]])).tolist()
    [0, 1, 0]
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"'threshold' must be in (0, 1], got {threshold:g}")
    alike = similarity(fingerprints) >= threshold
    _, labels = csgraph.connected_components(alike, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def pseudo_patients(
    fingerprints: Sequence[npt.NDArray[np.float32]], *, threshold: float = THRESHOLD
) -> tuple[str, ...]:
    """A patient's name for every slice of a set without patient ids.

    Args:
        fingerprints: One of :func:`fingerprint` a slice, in the order of the set.
        threshold: See :func:`cluster`.

    Returns:
        Names ``pseudo-0000``, ``pseudo-0001``, …, one a slice; equal for slices of one group.

    >>> pseudo_patients([np.float32([0, 1]), np.float32([1, 0]), np.float32([0, 1])])
    ('pseudo-0000', 'pseudo-0001', 'pseudo-0000')
    """
    if not fingerprints:
        return ()
    groups = cluster(np.stack(fingerprints), threshold=threshold)
    return tuple(f"pseudo-{group:04d}" for group in groups)


def _thumbnail(image: HuImage) -> HuImage:
    """Means over a grid of blocks, of equal size up to one pixel, float32 [128, 128]."""
    small = np.asarray(image, dtype=np.float64)
    for axis in (0, 1):
        edges = np.arange(GRID + 1) * image.shape[axis] // GRID
        counts = np.expand_dims(np.diff(edges), 1 - axis)
        small = np.add.reduceat(small, edges[:-1], axis=axis) / counts
    return small.astype(np.float32)
