"""Contrast of fat and muscle, and the noise level, on tissues of known CT number."""

from __future__ import annotations

import numpy as np
import pytest
from tests.physics.patient.made import Ellipse, Floats, disc, noise, painted, stored

from ctiqa.metrics import global_noise_level
from ctiqa.physics import NotMeasurableError, Unmeasured, find_body, tissue_contrast
from ctiqa.physics.kernels import STANDARD_KERNEL
from ctiqa.physics.patient.tissue import patches
from ctiqa.physics.patient.tissues import noise_level

SIDE, SPACING = 384, 0.9


def trunk(fat_hu: float, muscle_hu: float) -> Floats:
    parts = [
        Ellipse(fat_hu, 160, 120),
        Ellipse(muscle_hu, 135, 95),
        Ellipse(150, 40, 40, -70),
        Ellipse(700, 18, 14, 0, 60),
    ]
    return painted(parts, SIDE, SPACING)


def grain(level_hu: float, seed: int = 0) -> Floats:
    made = noise((SIDE, SIDE), SPACING, STANDARD_KERNEL, np.random.default_rng(seed))
    return level_hu * made


@pytest.mark.parametrize(("fat_hu", "muscle_hu"), [(-105.0, 55.0), (-80.0, 35.0), (-120.0, 80.0)])
@pytest.mark.parametrize("level_hu", [5.0, 15.0, 30.0])
def test_two_tissues(fat_hu: float, muscle_hu: float, level_hu: float) -> None:
    found = tissue_contrast(stored(trunk(fat_hu, muscle_hu) + grain(level_hu)))
    assert found.fat_hu == pytest.approx(fat_hu, abs=3)
    assert found.muscle_hu == pytest.approx(muscle_hu, abs=3)
    assert found.noise_hu == pytest.approx(level_hu, rel=0.10)
    expected = (muscle_hu - fat_hu) / level_hu
    assert found.contrast_to_noise == pytest.approx(expected, rel=0.12)


@pytest.mark.parametrize(
    ("hu", "reason"),
    [
        (disc(120, 55, side=SIDE, spacing_mm=SPACING) + grain(10), Unmeasured.NO_FAT),
        (disc(120, -100, side=SIDE, spacing_mm=SPACING) + grain(10), Unmeasured.NO_MUSCLE),
        # Water, and oil of -170 HU, reach into both windows with their slopes alone.
        (trunk(-170, 0) + grain(30), Unmeasured.NO_FAT),
        (disc(120, 600, side=SIDE, spacing_mm=SPACING) + grain(10), Unmeasured.NO_TISSUE),
        (trunk(-100, 50), Unmeasured.NO_NOISE),
        (grain(10) - 1000, Unmeasured.NO_BODY),
    ],
    ids=["no fat", "no muscle", "slopes", "bone", "no noise", "air"],
)
def test_reasons(hu: Floats, reason: Unmeasured) -> None:
    with pytest.raises(NotMeasurableError) as error:
        tissue_contrast(stored(hu))
    assert error.value.reason is reason


@pytest.mark.parametrize("level_hu", [4.0, 12.0, 50.0])
def test_noise_level_is_the_global_noise_level(level_hu: float) -> None:
    """On every third pixel instead of all: within two bins of its histogram."""
    hu = stored(trunk(-100, 50) + grain(level_hu, 1))
    found = noise_level(patches(hu, find_body(hu)))
    assert found == pytest.approx(global_noise_level(hu), rel=0.11)


def test_the_couch_has_no_say_in_the_noise() -> None:
    hu = trunk(-100, 50) + grain(10)
    quiet = stored(hu)
    with_couch = hu.copy()
    with_couch[-40:-20] = 40 + 60 * np.random.default_rng(0).standard_normal((20, SIDE))
    noisy = stored(with_couch)
    levels = [noise_level(patches(each, find_body(each))) for each in (quiet, noisy)]
    assert levels[0] == levels[1]
