"""Pseudo-patients for data without patient IDs: near-duplicate slices found by their pixels.

LDCTIQAC2023 publishes slices without patient IDs. Several slices belong to one patient, and many
show the same anatomy at another dose or with fewer views. A random split of such data leaks between
training and test. Here every slice is reduced to a fingerprint that is robust to noise and
streaks. Slices with similar fingerprints, directly or via others, form one pseudo-patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import coo_array, csgraph

from ctiqa.errors import UsageError
from ctiqa.hu import WINDOWS, apply_window
from ctiqa.types import HuImage

GRID = 128
"""Side of the thumbnail for a fingerprint, in pixels of about 3 mm."""

FINE, COARSE = 1.0, 4.0
"""SD, in thumbnail pixels, of the two Gaussian blurs whose difference is kept.

The fine blur removes noise and streaks. Subtracting the coarse one removes what all patients share
(the oval outline on black), without which different patients have a similarity of 0.92.
"""

THRESHOLD = 0.65
"""Similarity above which two slices are assigned to one patient.

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

The 600 slices form 113 groups, none of which mixes patients. Eleven of the patients are abdomen
scans, as in LDCTIQAC2023; their slices reach a similarity of at most 0.31 between patients.
Limitation: distant parts of one patient are not joined. Where a data set skips more than about
8 mm, one patient becomes several groups.
"""

PSEUDO = "pseudo-"
"""Start of the names of pseudo-patients."""

Fingerprints = npt.NDArray[np.float32]
"""One fingerprint per row, unit length, float32 [slices, values]."""


def fingerprint(hu: HuImage) -> npt.NDArray[np.float32]:
    """Fingerprint of the anatomy in a slice, nearly independent of noise.

    The slice in the wide window of LDCTIQAC2023, downsampled to 128×128 and band-pass filtered. The
    field of view is not normalised, because it is constant in a series and helps to distinguish
    patients.

    Args:
        hu: CT numbers in HU, float32 [rows, cols], at least 128 pixels per side.

    Returns:
        Unit vector, float32 [4096]; all zero for a slice without structure, which is similar to
        no other.

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
    # Rounding errors of an empty slice must not be amplified.
    return np.asarray(vector / length if length > 1e-4 else 0 * vector, dtype=np.float32)


def similarity(fingerprints: Fingerprints) -> npt.NDArray[np.float32]:
    """Cosine similarity of all pairs of fingerprints, in [-1, 1], symmetric [slices, slices].

    >>> similarity(np.float32([[1, 0], [0, 1]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return fingerprints @ fingerprints.T


def cluster(fingerprints: Fingerprints, *, threshold: float = THRESHOLD) -> npt.NDArray[np.int64]:
    """Group slices so that slices of different groups are never similar.

    Single linkage, cut at the threshold: the connected components of the graph of similar pairs.
    It is the only linkage with this guarantee, and neighbouring slices of a patient form a chain.

    Args:
        fingerprints: See :func:`fingerprint`, [slices, values].
        threshold: Similarity in (0, 1] from which two slices are joined. A lower value gives fewer
            groups but does not cause leakage.

    Returns:
        Group of each slice, int64 [slices], numbered from 0 in order of first appearance.

    Raises:
        UsageError: If the threshold is out of range.

    >>> cluster(np.float32([[0, 1], [1, 0], [0, 1]])).tolist()
    [0, 1, 0]
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"'threshold' must be in (0, 1], got {threshold:g}")
    alike = similarity(fingerprints) >= threshold
    _, labels = csgraph.connected_components(alike, directed=False)
    return _by_appearance(labels)


def pseudo_patients(
    parts: Sequence[Sequence[npt.NDArray[np.float32]]], *, threshold: float = THRESHOLD
) -> list[str]:
    """Pseudo-patient of each part of a data set without patient ids.

    Args:
        parts: Fingerprints of the slices of each part. The slices of a part belong to one patient
            (a single slice, a scan, a folder).
        threshold: See :func:`cluster`.

    Returns:
        Names ``pseudo-0000``, ``pseudo-0001``, …, one per part; parts with similar slices share
        one.

    >>> x, y = np.float32([0, 1]), np.float32([1, 0])
    >>> pseudo_patients([[x], [y], [x]]), pseudo_patients([[x], [y], [y, x]])
    (['pseudo-0000', 'pseudo-0001', 'pseudo-0000'], ['pseudo-0000', 'pseudo-0000', 'pseudo-0000'])
    """
    owner = [number for number, part in enumerate(parts) for _ in part]
    vectors = [vector for part in parts for vector in part]
    groups = cluster(np.stack(vectors), threshold=threshold) if vectors else np.zeros(0, np.int64)
    size = len(parts) + len(vectors)
    links = (np.ones(len(owner)), (np.array(owner, int), len(parts) + groups))
    _, labels = csgraph.connected_components(coo_array(links, shape=(size, size)), directed=False)
    return [f"{PSEUDO}{number:04d}" for number in _by_appearance(labels[: len(parts)])]


def _by_appearance(labels: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """Renumber labels from 0 in order of first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def _thumbnail(image: HuImage) -> HuImage:
    """Block means on a grid, with block sizes equal to within a pixel, float32 [128, 128]."""
    small = np.asarray(image, dtype=np.float64)
    for axis in (0, 1):
        edges = np.arange(GRID + 1) * image.shape[axis] // GRID
        counts = np.expand_dims(np.diff(edges), 1 - axis)
        small = np.add.reduceat(small, edges[:-1], axis=axis) / counts
    return small.astype(np.float32)
