"""Findings of a simulated slice: present, absent, or too faint to tell."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ctiqa.data.simulation.degrade import Degradation, added_noise_hu
from ctiqa.data.simulation.filters import FILTERS
from ctiqa.data.simulation.scene import FULL_VIEWS, Scene
from ctiqa.physics.kernels import SHARP_KERNEL
from ctiqa.recipe.network import FINDINGS
from ctiqa.types import HuImage

PLAIN_HU, PLAIN_SHARE = 6.0, 0.5
"""An artefact is plain to see from this RMS inside the patient, and this share of the noise, on."""

FILTERED_HU, FILTERED_SHARE = 4.0, 0.25
"""The same of what a filter has taken away, as a share of the noise before it."""

SHARP_HALF_PER_MM = 0.5
"""A kernel is sharp where its response falls to a half only beyond this frequency."""

ARTEFACT_FINDINGS = {
    "motion": "motion",
    "ring": "rings",
    "metal": "metal",
    "bone": "beam hardening",
    "starvation": "starvation",
    "truncation": "truncation",
}
"""What the kinds of :data:`ctiqa.data.simulation.artefacts.ARTEFACT_KINDS` are called."""

LIKE_STREAKS = ("metal", "starvation", "motion")
"""Artefacts that are streaks as well, where they are strong."""

Findings = Mapping[str, float]
"""1 for yes, 0 for no, NaN for too faint to tell, by name of the finding."""


def findings_of(
    scene: Scene, degradation: Degradation, acquired: HuImage, image: HuImage
) -> Findings:
    """What is wrong with a slice.

    Args:
        scene: The slice as it was.
        degradation: What was done to it.
        acquired: The slice before it was smoothed.
        image: The slice in the end.

    Returns:
        For every one of :data:`ctiqa.recipe.network.FINDINGS`.
    """
    noise = math.hypot(
        scene.own_noise_hu,
        added_noise_hu(scene.own_noise_hu, degradation.dose, degradation.views),
    )
    found = {
        **dict.fromkeys(FINDINGS, 0.0),
        **_artefacts(scene, degradation, noise),
        **_smoothed(scene, degradation, acquired, image, noise),
        "sharp kernel": _sharp(scene, degradation),
    }
    return {name: found[name] for name in FINDINGS}


def _artefacts(scene: Scene, d: Degradation, noise: float) -> dict[str, float]:
    streaks = _plain(scene.streak_rms[d.views], noise) if d.views < FULL_VIEWS else 0.0
    if d.artefact is None:
        return {"streaks": streaks}
    if d.artefact in LIKE_STREAKS and not streaks:
        streaks = math.nan
    rms_hu = d.strength * scene.artefacts[d.artefact].rms_hu
    return {"streaks": streaks, ARTEFACT_FINDINGS[d.artefact]: _plain(rms_hu, noise)}


def _smoothed(
    scene: Scene, d: Degradation, acquired: HuImage, image: HuImage, noise: float
) -> dict[str, float]:
    if not d.smooths(scene):
        return {}
    taken = float(np.sqrt(np.mean(np.square((image - acquired)[scene.mask], dtype=np.float64))))
    plain = taken >= FILTERED_HU and taken >= FILTERED_SHARE * noise
    name = FILTERS[d.filter].smooths if d.filter else ""
    if not name:
        # A softer kernel, or a file format, is neither; a network may take it for either.
        return {"blurred": math.nan, "denoised": math.nan}
    other = "denoised" if name == "blurred" else "blurred"
    return {name: 1.0 if plain else math.nan, other: math.nan}


def _sharp(scene: Scene, d: Degradation) -> float:
    if d.smooths(scene):
        return math.nan
    if d.kernel_half_per_mm is not None:
        return 1.0 if d.kernel_half_per_mm >= SHARP_HALF_PER_MM else math.nan
    return float(scene.kernel == SHARP_KERNEL)


def _plain(rms_hu: float, noise_hu: float) -> float:
    return 1.0 if rms_hu >= PLAIN_HU and rms_hu >= PLAIN_SHARE * noise_hu else math.nan
