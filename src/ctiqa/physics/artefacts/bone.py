"""Bone beam hardening, which remains in the image after a water correction.

Joseph PM, Spital RD. A method for correcting bone induced artifacts in computed tomography
scanners. J Comput Assist Tomogr 2(1):100–108, 1978.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctiqa.physics.artefacts.measured import MeasuredRays, check_rules
from ctiqa.physics.geometry import MU_WATER_PER_MM
from ctiqa.physics.projector import project
from ctiqa.physics.spectrum import (
    BONE_PER_MM,
    effective_per_mm,
    hardened_lines,
    water_corrected,
)
from ctiqa.types import HuImage


@dataclass(frozen=True, slots=True)
class BoneHardening:
    """Bone beam hardening left uncorrected by the scanner.

    Attributes:
        strength: Fraction of the bone beam hardening left uncorrected, in [0, 1]; 1 means water
            correction only.
        threshold_hu: CT number in HU above which a pixel contains bone, in [0, 1000].

    Raises:
        UsageError: If a parameter is out of range; the message names all of them.
    """

    strength: float = 1.0
    threshold_hu: float = 100.0

    def __post_init__(self) -> None:
        check_rules(
            (0 <= self.strength <= 1, f"'strength' must be in [0, 1], got {self.strength}"),
            (
                0 <= self.threshold_hu <= 1000,
                f"'threshold_hu' must be in [0, 1000] HU, got {self.threshold_hu}",
            ),
        )


def harden_by_bone(measured: MeasuredRays, hardening: BoneHardening) -> HuImage:
    """Bone beam-hardening artefact of a scanner that corrects for water only.

    Each pixel above the threshold is modelled as a mixture of water and cortical bone. Dark bands
    connect dense bones; bone deep in tissue appears darker, bone near the skin brighter.

    Args:
        measured: The slice, assumed to be free of beam hardening.
        hardening: Strength, and threshold of bone.

    Returns:
        Artefact to add to the slice, in HU, float32 [rows, cols]; exactly zero without bone.

    >>> from ctiqa.physics import measure
    >>> water = measure(np.zeros((16, 16), np.float32), (4.0, 4.0), n_views=8)
    >>> harden_by_bone(water, BoneHardening()).any()
    np.False_
    """
    reference_per_mm = effective_per_mm(BONE_PER_MM)
    cortical_hu = 1000 * (reference_per_mm / MU_WATER_PER_MM - 1)
    above = (measured.hu - hardening.threshold_hu) / (cortical_hu - hardening.threshold_hu)
    share = np.clip(above, 0, 1).astype(np.float32)
    length_mm = project(share, measured.spacing_mm, measured.scan)
    through = length_mm > 0
    lines = measured.sinogram[through].astype(np.float64)
    tissue = np.maximum(lines - reference_per_mm * length_mm[through], 0.0)
    seen = water_corrected(hardened_lines(tissue, length_mm[through], BONE_PER_MM))
    change = np.zeros_like(measured.sinogram)
    change[through] = hardening.strength * (seen - lines)
    return measured.image_of(change)
