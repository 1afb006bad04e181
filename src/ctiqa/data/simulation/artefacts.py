"""Random scanner artefacts of a slice, ready to be added at any strength."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ctiqa.metrics.full_reference.images import Mask
from ctiqa.physics import (
    Beam,
    BoneHardening,
    Ellipse,
    GainError,
    MeasuredRays,
    Metal,
    Motion,
    Truncation,
    add_metal,
    harden_by_bone,
    move,
    starve,
    truncate,
)
from ctiqa.physics.artefacts.ring import ring
from ctiqa.physics.spectrum import METALS_PER_MM
from ctiqa.types import HuImage

Rng = np.random.Generator

LEAST_BODY_MM = 40.0
"""Half width of a patient in mm below which implants and truncation are skipped."""

MAX_STRENGTH = 4.0
"""Largest factor for an artefact; a stronger one would not scale linearly in reality."""


@dataclass(frozen=True, eq=False)
class Artefact:
    """An artefact of a slice.

    Attributes:
        added_hu: Added to the slice at strength 1, in HU, float32 [rows, cols].
        left_out: Pixels excluded from the patient: implants, or pixels outside the field of view;
            bool [rows, cols].
        rms_hu: RMS of the added image in the remaining patient, in HU.
    """

    added_hu: HuImage
    left_out: Mask
    rms_hu: float

    def strength_for(self, rms_hu: float) -> float:
        """The strength that gives an RMS in HU, at most :data:`MAX_STRENGTH`."""
        return min(rms_hu / self.rms_hu, MAX_STRENGTH) if self.rms_hu > 0 else 0.0


def draw_artefacts(measured: MeasuredRays, mask: Mask, rng: Rng, count: int) -> dict[str, Artefact]:
    """Draw some kinds of artefact for a slice, each once.

    Args:
        measured: The slice with its projections.
        mask: The patient, bool [rows, cols].
        rng: Random generator for kinds and parameters.
        count: Number of kinds.

    Returns:
        Artefacts by kind, without those that add nothing.
    """
    names = rng.permutation(list(ARTEFACT_KINDS))[:count].tolist()
    found = {name: ARTEFACT_KINDS[name](measured, mask, rng) for name in names}
    return {name: each for name, each in found.items() if each is not None and each.rms_hu > 0}


def _motion(measured: MeasuredRays, mask: Mask, rng: Rng) -> Artefact | None:
    """Translation and rotation, or breathing, during the gantry rotation."""
    begins = float(rng.uniform(0, 0.6))
    breath = rng.random() < 0.4
    motion = Motion(
        shift_x_mm=0.0 if breath else float(rng.normal(0, 2.0)),
        shift_y_mm=0.0 if breath else float(rng.normal(0, 2.0)),
        stretch_y=float(rng.uniform(0.005, 0.03)) if breath else 0.0,
        rotation_deg=0.0 if breath else float(rng.normal(0, 0.7)),
        fixed_y_mm=_half_height_mm(measured, mask) if breath else 0.0,
        course=("step", "drift", "swing")[int(rng.integers(3))],
        begins=begins,
        ends=float(rng.uniform(begins + 0.2, 1.0)),
        start_deg=float(rng.uniform(0, 360)),
        about_mean=True,
    )
    return _added(move(measured, motion), mask)


def _ring(measured: MeasuredRays, mask: Mask, rng: Rng) -> Artefact | None:
    """A few defective detector columns or bands."""
    reach = 0.8 * _half_width_mm(measured, mask)
    errors = [
        GainError(
            offset_mm=float(rng.uniform(-reach, reach)),
            gain_percent=float(rng.choice([-1, 1]) * rng.uniform(0.5, 4.0)),
            width_mm=float(rng.choice([0.0, 0.0, rng.uniform(3, 15)])),
        )
        for _ in range(int(rng.integers(1, 7)))
    ]
    return _added(ring(measured, errors), mask)


def _metal(measured: MeasuredRays, mask: Mask, rng: Rng) -> Artefact | None:
    """One to three implants somewhere in the patient."""
    places = np.argwhere(ndimage.binary_erosion(mask, iterations=20))
    if not len(places) or _half_width_mm(measured, mask) < LEAST_BODY_MM:
        return None
    centre = (np.array(measured.shape) - 1) / 2
    inserts = []
    for row, col in places[rng.integers(len(places), size=int(rng.integers(1, 4)))]:
        size_mm = rng.uniform(1.5, 7.0, size=2)
        y_mm, x_mm = (np.array([row, col]) - centre) * measured.spacing_mm
        along_mm, across_mm = map(float, size_mm)
        angle_deg = float(rng.uniform(0, 180))
        inserts.append(Ellipse(float(x_mm), float(y_mm), along_mm, across_mm, angle_deg))
    material = str(rng.choice(sorted(METALS_PER_MM)))
    seen = tuple(each for each in inserts if _in_field(each, measured))
    if not seen:
        return None
    made = add_metal(measured, Metal(seen, material), rng)
    return _added(made.added_hu, mask, ndimage.binary_dilation(made.mask, iterations=3))


def _in_field(insert: Ellipse, measured: MeasuredRays) -> bool:
    """Whether an implant lies in the circle that all projections see; a corner may be outside."""
    sides = (n * mm for n, mm in zip(measured.shape, measured.spacing_mm, strict=True))
    return insert.reach_mm < min(sides) / 2


def _bone(measured: MeasuredRays, mask: Mask, _: Rng) -> Artefact | None:
    """Dark bands between bones."""
    return _added(harden_by_bone(measured, BoneHardening()), mask)


def _starvation(measured: MeasuredRays, mask: Mask, rng: Rng) -> Artefact | None:
    """Streaks along strongly attenuated rays."""
    photons = float(math.exp(rng.uniform(math.log(2e3), math.log(1e5))))
    beam = Beam(photons=photons, electronic_sd_photons=float(rng.uniform(2, 15)))
    return _added(starve(measured, beam, rng), mask)


def _truncation(measured: MeasuredRays, mask: Mask, rng: Rng) -> Artefact | None:
    """A patient wider than the field of view; only pixels inside the field count."""
    half_mm = _half_width_mm(measured, mask)
    if half_mm < LEAST_BODY_MM:
        return None
    radius = half_mm * float(rng.uniform(0.7, 0.95))
    course = ("constant", "cosine")[int(rng.integers(2))]
    added = truncate(measured, Truncation(radius, course))  # type: ignore[arg-type]
    rows, cols = (
        (np.arange(n) - (n - 1) / 2) * s
        for n, s in zip(measured.shape, measured.spacing_mm, strict=True)
    )
    outside = np.hypot(rows[:, np.newaxis], cols) > radius
    return _added(added, mask, outside)


ARTEFACT_KINDS: dict[str, Callable[[MeasuredRays, Mask, Rng], Artefact | None]] = {
    "motion": _motion,
    "ring": _ring,
    "metal": _metal,
    "bone": _bone,
    "starvation": _starvation,
    "truncation": _truncation,
}
"""Every kind of artefact, and the function that draws it."""


def _added(added_hu: HuImage, mask: Mask, left_out: Mask | None = None) -> Artefact | None:
    left_out = np.zeros_like(mask) if left_out is None else left_out
    counted = mask & ~left_out
    if not counted.any():
        return None
    rms = float(np.sqrt(np.mean(np.square(added_hu[counted], dtype=np.float64))))
    return Artefact(np.asarray(added_hu, dtype=np.float32), left_out, rms)


def _half_width_mm(measured: MeasuredRays, mask: Mask) -> float:
    cols = np.flatnonzero(mask.any(axis=0))
    return float(np.ptp(cols) * measured.spacing_mm[1] / 2) if cols.size else 0.0


def _half_height_mm(measured: MeasuredRays, mask: Mask) -> float:
    rows = np.flatnonzero(mask.any(axis=1))
    return float(np.ptp(rows) * measured.spacing_mm[0] / 2) if rows.size else 0.0
