"""Edge loss: how much of the gradient of the reference is missing at its edges.

Edges are pixels inside the mask where the gradient of the reference is highest along its own
direction, and stronger than noise makes it. The gradient is that of a Gaussian derivative (Canny J.
A computational approach to edge detection. IEEE Trans Pattern Anal Mach Intell 8(6):679–698, 1986).
The magnitude of a gradient of noise has a Rayleigh distribution, so the threshold is a multiple of
its scale, estimated in soft tissue (Voorhees H, Poggio T. Detecting textons and texture boundaries
in natural images. 1st International Conference on Computer Vision, 250–258, 1987).

The gradient of the image is projected on the direction of the reference. Noise of the image has no
preferred direction and cancels, so that noise is not mistaken for edges; in a sum of magnitudes it
would be. Only the crest of an edge counts, because blur moves gradient from there to the flanks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.metrics.full_reference.images import Mask
from ctiqa.metrics.no_reference.most_frequent import SOFT_TISSUE_HU
from ctiqa.types import Floats, HuImage

SIGMA = 1.0
"""Standard deviation of the Gaussian derivative, in pixels."""

ABOVE_NOISE = 5.0
"""Smallest gradient of an edge, in scales of the gradient of the noise."""

LEAST_HU = 3.0
"""Smallest gradient of an edge in HU per pixel, for references without noise."""

STRONGEST_HU = 100.0
"""Gradients count up to this many HU per pixel, so that skin and bone do not outweigh organs."""

FEWEST_PIXELS = 100
"""Smallest number of edge pixels for a value."""

MEDIAN_OF_RAYLEIGH = math.sqrt(2 * math.log(2))
"""Median of a Rayleigh distribution of scale 1."""


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of a reference.

    Attributes:
        crest: Crests of the edges, bool [rows, cols].
        strong: Pixels with a gradient stronger than noise, bool [rows, cols].
        down: Part of the weight of each crest pixel for the gradient down the rows [n].
        across: The same for the gradient along the columns [n].
        total: Sum over the crest pixels of the gradient of the reference, capped, in HU per pixel.
    """

    crest: Mask
    strong: Mask
    down: Floats
    across: Floats
    total: float


def edges_of(reference: HuImage, mask: Mask) -> Edges:
    """Find the edges of a reference.

    Args:
        reference: CT numbers in HU, float32 [rows, cols].
        mask: Pixels that count, bool [rows, cols].
    """
    down, across = _gradient(reference)
    strength = np.hypot(down, across)
    least = max(ABOVE_NOISE * _noise_scale(strength, reference, mask), LEAST_HU)
    strong = mask & (strength > least)
    crest = _crests(strong, down, across, strength)
    steep = strength[crest]
    weight = np.minimum(steep, STRONGEST_HU) / steep**2
    return Edges(
        crest=crest,
        strong=strong,
        down=weight * down[crest],
        across=weight * across[crest],
        total=float(np.minimum(steep, STRONGEST_HU).sum()),
    )


def edge_loss(image: HuImage, edges: Edges) -> float:
    """Share of the gradient of the reference that an image lacks at the edges.

    1 − Σ w ∇I·∇R / Σ w |∇R|², w = min(|∇R|, 100 HU) / |∇R|². 0 for the reference; positive where
    edges are blurred, negative where they are sharpened.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        edges: Edges of the reference.

    Returns:
        The loss; NaN if the reference has too few edges.

    >>> rows, cols = np.mgrid[:64, :64]
    >>> disc = np.where(np.hypot(rows - 32, cols - 32) < 20, 60, 0).astype(np.float32)
    >>> edges = edges_of(disc, np.ones(disc.shape, bool))
    >>> [round(edge_loss(each, edges), 3) + 0.0 for each in (disc, disc / 2)]
    [0.0, 0.5]
    """
    if len(edges.down) < FEWEST_PIXELS:
        return float("nan")
    down, across = _gradient(image)
    kept = edges.down @ down[edges.crest] + edges.across @ across[edges.crest]
    return 1 - float(kept) / edges.total


def _gradient(hu: HuImage) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Gradient down the rows and along the columns, in HU per pixel."""
    image = np.asarray(hu, dtype=np.float64)
    down, across = (
        ndimage.gaussian_filter(image, SIGMA, order=order, mode="nearest")
        for order in ((1, 0), (0, 1))
    )
    return down, across


def _crests(strong: Mask, down: Floats, across: Floats, strength: Floats) -> Mask:
    """The pixels at which the gradient is at least that of both neighbours along its direction."""
    places = np.argwhere(strong).T.astype(np.float64)
    steep = strength[strong]
    step = np.stack([down[strong], across[strong]]) / steep
    before, after = (
        ndimage.map_coordinates(strength, places + sign * step, order=1, mode="nearest")
        for sign in (-1, 1)
    )
    crests = np.zeros_like(strong)
    crests[strong] = (steep >= before) & (steep >= after)
    return crests


def _noise_scale(strength: Floats, reference: HuImage, mask: Mask) -> float:
    """Rayleigh scale of the gradient of the noise; structure can only raise it."""
    smooth = ndimage.gaussian_filter(np.asarray(reference, dtype=np.float32), 2 * SIGMA)
    soft = mask & (smooth > SOFT_TISSUE_HU[0]) & (smooth < SOFT_TISSUE_HU[1])
    return float(np.median(strength[soft])) / MEDIAN_OF_RAYLEIGH if soft.any() else 0.0
