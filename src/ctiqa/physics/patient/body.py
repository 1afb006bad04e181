"""The outline of the body in a slice, and how much of it the field of view cuts off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.hu import AIR_HU, BODY_THRESHOLD_HU
from ctiqa.physics.patient.blocks import BLOCK, block_means
from ctiqa.physics.patient.morphology import Mask, dilated, eroded, filled, labelled
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import HuImage, Unmeasured

LEAST_BLOCKS = 60
"""A smaller piece of tissue, in blocks of 3×3 pixels, is no body."""

LEAST_SIDE = 10
"""A smaller image, in blocks, shows no body."""

LEAST_SHARE = 0.03
"""A further piece (arm, leg) is part of the body from this share of the largest piece."""

MOST_PIECES = 6
"""Number of pieces that are examined, the largest first."""

CORE_BLOCKS = 2
"""Erosion that a piece must survive, in blocks; sheets and wires are thinner."""

LEAST_MEAN_HU = -700.0
"""Least mean of a piece with its holes: lungs make a body light, foam makes a couch lighter."""

MOST_ELONGATED = 4.0
"""Ratio of the sides of a further piece above which it is a cushion or a couch."""

MOST_CONSTANT = 0.9
"""Air whose value is the same in a larger share of the image was not measured by a scanner."""


@dataclass(frozen=True, slots=True, eq=False)
class BodyOutline:
    """The body in a slice, in blocks of 3×3 pixels.

    Lungs and bowel gas are inside. Couch, blankets and wires are outside. Arms and legs beside the
    largest piece belong to the body.

    Attributes:
        mask: True in the body, bool [rows // 3, cols // 3].
        trunk: The largest piece alone, same shape.
        mean_hu: Mean of every block in HU, float32, same shape.
        cut_share: Share of the outline that lies on the edge of the field of view, 0…1.
        limb_cut_share: The same for the pieces beside the largest alone; 0 without such pieces.
    """

    mask: Mask
    trunk: Mask
    mean_hu: HuImage
    cut_share: float
    limb_cut_share: float

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the image, in pixels, that hold the body with one block around."""
        around = dilated(self.mask)
        rows, cols = (np.flatnonzero(np.any(around, axis=axis)) for axis in (1, 0))
        return _span(rows), _span(cols)


def find_body(hu: HuImage) -> BodyOutline:
    """Find the body in a slice.

    The body is the largest connected region above -300 HU that is at least 18 pixels thick, with
    its holes, and all further ones of at least 3 % of its area that are not four times as long as
    thick. The tissue of a couch is thin, or around foam.

    Args:
        hu: CT numbers in HU, float [rows, cols].

    Returns:
        The outline.

    Raises:
        NotMeasurableError: With ``NO_BODY`` if there is none.

    >>> disc = np.hypot(*np.mgrid[-63.5:64, -63.5:64]) < 40
    >>> body = find_body(np.where(disc, 40, -1000).astype("float32"))
    >>> body.mask.shape, body.cut_share
    ((42, 42), 0.0)
    >>> round(9 * int(body.mask.sum()) / int(disc.sum()), 1)
    1.0
    """
    means = block_means(hu)
    if min(means.shape) < LEAST_SIDE:
        raise NotMeasurableError(Unmeasured.NO_BODY, "the image is too small for a body")
    tissue = means > BODY_THRESHOLD_HU
    pieces = labelled(eroded(tissue))
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    by_size = np.argsort(sizes)[::-1][:MOST_PIECES]
    parts: list[Mask] = []
    for number in by_size[sizes[by_size] >= max(LEAST_BLOCKS, LEAST_SHARE * sizes.max())]:
        piece = filled(pieces == number)
        if _is_thick_and_dense(piece, means) and not (parts and _is_long(piece)):
            parts.append(piece)
    if not parts:
        raise NotMeasurableError(Unmeasured.NO_BODY, "the slice shows no body")
    trunk = _regrown(parts[0], tissue)
    mask = trunk if len(parts) == 1 else _regrown(np.logical_or.reduce(parts), tissue)
    cut = _cut(_padding(hu, means, mask))
    shares = (_share(piece, cut) for piece in (mask, mask & ~trunk))
    return BodyOutline(mask, trunk, means, *shares)


def _is_thick_and_dense(piece: Mask, means: HuImage) -> bool:
    return bool(eroded(piece, CORE_BLOCKS).any()) and float(means[piece].mean()) > LEAST_MEAN_HU


def _is_long(piece: Mask) -> bool:
    high, wide = (int(piece.any(axis=axis).sum()) for axis in (1, 0))
    return max(high, wide) > MOST_ELONGATED * min(high, wide)


def _regrown(pieces: Mask, tissue: Mask) -> Mask:
    """What the erosion took from the pieces, and their holes."""
    return filled(dilated(pieces, 2) & tissue)


def _padding(hu: HuImage, means: HuImage, body: Mask) -> Mask:
    """Blocks that were not reconstructed: one value from the corners to a circle.

    Where most of the air in the image has this value too, it is air without noise, not padding.
    """
    value = means[0, 0]
    if value > AIR_HU or (np.asarray(hu)[:BLOCK, :BLOCK] != value).any():
        return np.zeros(means.shape, dtype=bool)
    constant = means == value
    rows, cols = means.shape
    y, x = np.ogrid[:rows, :cols]
    inside = np.hypot((2 * y + 1) / rows - 1, (2 * x + 1) / cols - 1) < 1
    air = inside & ~dilated(body, 2)
    if constant[air].sum() > MOST_CONSTANT * air.sum():
        return np.zeros(means.shape, dtype=bool)
    pieces = labelled(constant)
    corners = np.unique(pieces[:: rows - 1, :: cols - 1])
    return np.asarray(np.isin(pieces, corners[corners > 0]))


def _cut(padding: Mask) -> Mask:
    """Blocks at the edge of the field of view."""
    # A block that holds some padding lies between the body and the blocks of padding alone.
    cut = dilated(padding, 2)
    cut[[0, -1]] = cut[:, [0, -1]] = True
    return cut


def _share(piece: Mask, cut: Mask) -> float:
    """Share of the outline of a piece that is cut off."""
    around = np.pad(piece, 1)
    faces = np.zeros(piece.shape)
    for other in (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]):
        faces += piece & ~other
    # A block with two free sides lies at a diagonal of length √2.
    length = np.sqrt(faces)
    return float(length[cut].sum() / max(float(length.sum()), 1.0))


def _span(blocks: npt.NDArray[np.intp]) -> slice:
    """Pixels from the first to the last block."""
    return slice(int(blocks[0]) * BLOCK, (int(blocks[-1]) + 1) * BLOCK)
