"""Truncation: a patient wider than the scan field of view.

Ohnesorge B, Flohr T, Schwarz K, Heiken JP, Bae KT. Efficient correction for CT image artifacts
caused by objects extending outside the scan field of view. Med Phys 27(1):39–46, 2000.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ctiqa.physics.artefacts.measured import MeasuredRays, check_rules
from ctiqa.physics.geometry import FanBeam, Sinogram
from ctiqa.types import HuImage

Extrapolation = Literal["zero", "constant", "cosine"]
"""Replacement of the missing rays: zero; the last measured ray; that ray, fading to zero."""


@dataclass(frozen=True, slots=True)
class Truncation:
    """The scan field of view, and the extrapolation beyond it.

    Attributes:
        field_radius_mm: Radius of the circle measured in every view, in mm, > 0.
        extrapolation: Extrapolation of the projections (see :data:`Extrapolation`).
        fade_mm: Length over which ``cosine`` fades, in mm at the isocentre, > 0.

    Raises:
        UsageError: If a parameter is out of range; the message names all of them.
    """

    field_radius_mm: float
    extrapolation: Extrapolation = "zero"
    fade_mm: float = 40.0

    def __post_init__(self) -> None:
        check_rules(
            (
                0 < self.field_radius_mm < math.inf,
                f"'field_radius_mm' must be > 0, got {self.field_radius_mm}",
            ),
            (
                self.extrapolation in {"zero", "constant", "cosine"},
                f"'extrapolation' must be zero, constant or cosine, got {self.extrapolation!r}",
            ),
            (0 < self.fade_mm < math.inf, f"'fade_mm' must be > 0, got {self.fade_mm}"),
        )


def truncated_lines(sinogram: Sinogram, scan: FanBeam, truncation: Truncation) -> Sinogram:
    """Line integrals measured with a narrower detector, [views, detectors].

    Raises:
        UsageError: If the field holds fewer than two detector columns.

    >>> scan = FanBeam(n_views=1, n_detectors=6, pitch_mm=1.0)
    >>> narrow = Truncation(field_radius_mm=1.5)
    >>> truncated_lines(np.ones((1, 6), np.float32), scan, narrow).tolist()
    [[0.0, 1.0, 1.0, 1.0, 0.0, 0.0]]
    """
    distance, radius = scan.source_to_iso_mm, truncation.field_radius_mm
    rays = distance * np.sin(np.arctan(scan.offsets_mm / distance))
    seen = np.flatnonzero(np.abs(rays) <= radius)
    check_rules(
        (
            seen.size >= 2,
            f"'field_radius_mm' must hold two detector columns of {scan.pitch_mm} mm, got {radius}",
        )
    )
    first, last = int(seen[0]), int(seen[-1])
    columns = np.arange(scan.n_detectors)
    beyond = np.maximum(np.maximum(first - columns, columns - last), 0) * scan.pitch_mm
    if truncation.extrapolation == "zero":
        weight = (beyond == 0).astype(np.float32)
    elif truncation.extrapolation == "constant":
        weight = np.ones(scan.n_detectors, dtype=np.float32)
    else:
        faded = np.minimum(beyond / truncation.fade_mm, 1.0)
        weight = ((1 + np.cos(np.pi * faded)) / 2).astype(np.float32)
    return np.asarray(sinogram[:, np.clip(columns, first, last)] * weight, dtype=np.float32)


def truncate(measured: MeasuredRays, truncation: Truncation) -> HuImage:
    """Truncation artefact of a slice: cupping, and a bright rim at the edge of the field.

    Outside the field the result corresponds to an extended field of view, with little signal; a
    scanner without one shows padding there.

    Args:
        measured: The slice.
        truncation: Field of view and extrapolation.

    Returns:
        Artefact to add to the slice, in HU, float32 [rows, cols]; exactly zero if nothing is
        truncated.

    Raises:
        UsageError: If the field holds fewer than two detector columns.

    >>> from ctiqa.physics import measure
    >>> water = measure(np.zeros((16, 16), np.float32), (4.0, 4.0), n_views=8)
    >>> bool(truncate(water, Truncation(20.0))[8, 8] > 0), truncate(water, Truncation(99.0)).any()
    (True, np.False_)
    """
    lines = truncated_lines(measured.sinogram, measured.scan, truncation)
    return measured.image_of(lines - measured.sinogram)
