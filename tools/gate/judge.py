"""What becomes of an image: by the gate, and by the shipped model with everything around it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ctiqa import Scorer
from ctiqa.data.simulation.filters import FILTERS
from ctiqa.hu import body_fraction
from ctiqa.io.hu.gate import why_not_hu
from ctiqa.physics import NotMeasurableError, quantum_noise
from ctiqa.score.domain import why_outside
from ctiqa.score.verdict import MIN_BODY_FRACTION
from ctiqa.types import Floats, HuImage, Slice, SliceHeader, SliceScore, SliceSource

REFUSED, AIR, SCORED = "refused", "air", "scored"
GATE = (REFUSED, "not_hu", "outside_training", AIR)
"""What keeps an image without a score, before any model sees it."""

Spacing = tuple[float, float] | None


def outcome(image: Floats | HuImage, spacing_mm: Spacing) -> str:
    """What becomes of an image without a model."""
    if why_not_hu(image):
        return REFUSED
    hu = np.maximum(image, -1024).astype(np.float32)
    if hu.min() == hu.max() or body_fraction(hu) < MIN_BODY_FRACTION:
        return AIR
    return why_outside(hu, spacing_mm) or SCORED


def judged(scorer: Scorer, image: Floats | HuImage, spacing_mm: Spacing) -> SliceScore:
    """What is said of a slice in HU."""
    hu = np.maximum(image, -1024).astype(np.float32)
    rows, cols = hu.shape
    header = SliceHeader(SliceSource(Path("image")), rows=rows, cols=cols, spacing_mm=spacing_mm)
    return scorer.score(Slice(hu, header))


def noise_hu(hu: HuImage, spacing_mm: tuple[float, float]) -> float:
    """Quantum noise of a slice in HU; NaN where it cannot be measured."""
    try:
        return quantum_noise(hu, spacing_mm).level_hu
    except NotMeasurableError:
        return math.nan


def filtered_copies(hu: HuImage) -> Iterator[tuple[str, float, HuImage]]:
    """Filtered as every family does, at its first, third … strength, stored as whole numbers."""
    for name, family in FILTERS.items():
        for strength in family.strengths[::2]:
            yield name, strength, np.rint(family.apply(hu, strength)).astype(np.float32)
