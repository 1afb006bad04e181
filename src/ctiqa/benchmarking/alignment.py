"""Checks of pixels: does an image show what the reference shows, the right way round?

They compare small copies of the images, in which noise is averaged out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ctiqa.types import Floats, HuImage

COPY_SIDE = 32
"""Number of blocks along each side of a small copy."""

RANGE_HU = (-1000.0, 400.0)
"""CT numbers outside this range count as its ends."""

SAME_ANATOMY = 0.5
"""Smallest correlation of two images of the same slice."""

BETTER_FIT = 0.02
"""Gain of correlation from which another orientation fits better."""

BETTER_NEIGHBOUR = 0.005
"""Gain of correlation from which another slice fits better."""

MOST_MISFITS = 0.5
"""Share of slices for which another slice fits better, from which the matching is wrong."""

Square = npt.NDArray[np.float64]

VIEWS: Mapping[str, Callable[[Square], Square]] = {
    "mirrored left to right": np.fliplr,
    "upside down": np.flipud,
    "turned by 180°": lambda copy: copy[::-1, ::-1],
    "with rows and columns swapped": np.transpose,
}
"""Wrong orientations."""


def small_copy(hu: HuImage) -> Square:
    """Means of blocks, centred and of unit length [32, 32]; zero for a constant image."""
    image = np.clip(np.asarray(hu, dtype=np.float64), *RANGE_HU)
    for axis in (0, 1):
        edges = np.linspace(0, image.shape[axis], COPY_SIDE + 1).astype(int)
        image = np.add.reduceat(image, edges[:-1], axis=axis) / np.expand_dims(
            np.diff(edges), 1 - axis
        )
    image = image - image.mean()
    length = float(np.linalg.norm(image))
    return np.asarray(image / length if length > 0 else image)


def why_misplaced(image: Square, reference: Square) -> str | None:
    """Why an image is not the same view of the same slice; ``None`` if it is.

    Args:
        image: Small copy of the image.
        reference: Small copy of the reference.

    >>> left = small_copy(np.where(np.mgrid[:64, :64][1] < 20, 0, -1000).astype(np.float32))
    >>> why_misplaced(left[:, ::-1], left)
    'it fits the reference only if it is mirrored left to right'
    """
    fit = float((image * reference).sum())
    name, best = max(
        ((name, float((turn(image) * reference).sum())) for name, turn in VIEWS.items()),
        key=lambda each: each[1],
    )
    if best > max(fit, SAME_ANATOMY) + BETTER_FIT:
        return f"it fits the reference only if it is {name}"
    if fit < SAME_ANATOMY:
        return f"it does not show what the reference shows (correlation {fit:.2f})"
    return None


def misfits(images: Sequence[Square], references: Sequence[Square]) -> float:
    """Share of the slices of a scan for which the reference of another slice fits better.

    >>> copies = [small_copy(np.eye(64, k=k, dtype=np.float32) * 900) for k in (0, 20, 40)]
    >>> misfits(copies, copies), misfits(copies[::-1], copies) > 0.5
    (0.0, True)
    """
    fits: Floats = (
        np.stack([each.ravel() for each in images])
        @ np.stack([each.ravel() for each in references]).T
    )
    return float(np.mean(fits.max(axis=1) > np.diag(fits) + BETTER_NEIGHBOUR))
