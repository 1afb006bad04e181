"""Degradations drawn at random, so that examples spread over kinds and over the scale."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ctiqa.data.simulation.degrade import Degradation
from ctiqa.data.simulation.filters import FILTERS
from ctiqa.data.simulation.scene import FULL_VIEWS, Scene
from ctiqa.recipe.data import VIEW_COUNTS

WORST_NOISE_HU = 130.0
"""Total noise up to which examples are drawn: a little beyond the useless."""

CLEAN_HU = 20.0
"""Own noise in HU up to which the effect of smoothing on a slice is known."""


def draw(scene: Scene, rng: np.random.Generator) -> Degradation:
    """Draw a degradation so that the examples of a slice cover the quality scale evenly.

    Half of the examples keep all views, one in five has another kernel, one in ten is blurred, one
    in eight is denoised, and one in five has everything around the patient removed, which must not
    affect the score. Noisy slices are not softened: this could improve them, but the label counts
    every change as a loss.
    """
    views = _draw_views(scene, rng)
    kind = rng.random()
    clean = scene.own_noise_hu < CLEAN_HU
    half, boost = None, 0.0
    if kind < 0.10:
        half, boost = float(rng.uniform(0.45, 0.7)), float(rng.uniform(0.2, 1.2))
    elif kind < 0.20 and clean:
        half = float(rng.uniform(0.2, 0.4))
    return Degradation(
        dose=_draw_dose(scene, views, rng),
        views=views,
        electronic=float(rng.uniform(0, 0.5)) if rng.random() < 0.25 else 0.0,
        kernel_half_per_mm=half,
        kernel_boost=boost,
        blur_mm=float(rng.uniform(0.3, 1.2)) if 0.20 < kind < 0.30 and clean else 0.0,
        denoise=float(rng.uniform(0.3, 1.0)) if 0.30 < kind < 0.42 else 0.0,
        body_only=bool(rng.random() < 0.2),
        seed=int(rng.integers(2**31)),
    )


def draw_clinical(scene: Scene, rng: np.random.Generator, artefact_share: float) -> Degradation:
    """Draw a degradation of any kind, at any noise level, with filters of every family.

    One in ten examples has a sharper kernel. Of clean slices, one in twenty has a softer kernel and
    two in five are filtered, half of these mixed with the unfiltered image; in a noisy slice, the
    loss of detail cannot be told from the loss of noise. A share has an artefact with a log-uniform
    RMS between 4 HU and useless, half of these at full dose and views. Otherwise, dose and views
    are drawn as in :func:`draw`.

    Args:
        scene: The slice with its artefacts.
        rng: Random generator.
        artefact_share: Share of the examples that have an artefact.
    """
    artefact, strength = _draw_artefact(scene, rng, artefact_share)
    alone = artefact is not None and rng.random() < 0.5
    views = FULL_VIEWS if alone else _draw_views(scene, rng)
    dose = 1.0 if alone else _draw_dose(scene, views, rng)
    clean = scene.own_noise_hu < CLEAN_HU
    kind, half, boost = rng.random(), None, 0.0
    if kind < 0.10:
        half, boost = float(rng.uniform(0.45, 0.7)), float(rng.uniform(0.2, 1.2))
    elif kind < 0.15 and clean:
        half = float(rng.uniform(0.2, 0.4))
    made = Degradation(
        dose=dose,
        views=views,
        electronic=float(rng.uniform(0, 0.5)) if rng.random() < 0.25 else 0.0,
        kernel_half_per_mm=half,
        kernel_boost=boost,
        body_only=bool(rng.random() < 0.2),
        seed=int(rng.integers(2**31)),
        artefact=artefact,
        strength=strength,
    )
    return with_filter(made, rng) if 0.15 < kind < 0.55 and clean else made


def with_filter(degradation: Degradation, rng: np.random.Generator) -> Degradation:
    """Add a filter of a random family and strength, mixed with the unfiltered image or not."""
    name = str(rng.choice(list(FILTERS)))
    return replace(
        degradation,
        filter=name,
        filter_strength=FILTERS[name].draw(rng),
        filter_share=float(rng.uniform(0.4, 1.0)) if rng.random() < 0.5 else 1.0,
    )


def _draw_artefact(
    scene: Scene, rng: np.random.Generator, share: float
) -> tuple[str | None, float]:
    if not scene.artefacts or rng.random() >= share:
        return None, 0.0
    name = str(rng.choice(sorted(scene.artefacts)))
    rms_hu = math.exp(rng.uniform(math.log(4.0), math.log(WORST_NOISE_HU)))
    return name, scene.artefacts[name].strength_for(rms_hu)


def _draw_views(scene: Scene, rng: np.random.Generator) -> int:
    """All views for half of the examples; otherwise fewer, unless the slice becomes useless."""
    usable = [v for v in VIEW_COUNTS[1:] if _least_noise(scene, v) < WORST_NOISE_HU]
    if rng.random() < 0.5 or not usable:
        return FULL_VIEWS
    return int(rng.choice(usable))


def _draw_dose(scene: Scene, views: int, rng: np.random.Generator) -> float:
    """Full dose for a quarter of the examples; otherwise log-uniform in total noise."""
    least = _least_noise(scene, views)
    if rng.random() < 0.25:
        return 1.0
    total = math.exp(rng.uniform(math.log(least), math.log(max(WORST_NOISE_HU, 1.15 * least))))
    return dose_of_noise(scene, total, views)


def dose_of_noise(scene: Scene, total_hu: float, views: int = FULL_VIEWS) -> float:
    """Dose that gives a total of noise and streaks in HU at a view count; at most 1."""
    own = scene.own_noise_hu
    noise = total_hu**2 - own**2 - scene.streak_rms[views] ** 2
    return min((FULL_VIEWS / views) / (noise / own**2 + 1), 1.0)


def _least_noise(scene: Scene, views: int) -> float:
    """Noise and streaks of a view count at full dose, in HU RMS."""
    return math.hypot(scene.own_noise_hu * math.sqrt(FULL_VIEWS / views), scene.streak_rms[views])
