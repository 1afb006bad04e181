"""What shows no patient gets no score, without a model; patients pass whatever was done to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage
from tests.physics.patient.made import Ellipse, Floats, Image, anatomy, painted
from tests.score.honesty.images import (
    EXAMPLE_PIXEL,
    clipped,
    example,
    magnetic_resonance,
    photograph,
    rods,
    scanned,
    scout,
    water,
)
from tools.hu_changes import HARMLESS

from ctiqa.io.hu.gate import why_not_hu
from ctiqa.score.domain import AIR, NOT_HU, OUTSIDE_TRAINING, why_outside

PIXEL = (1.0, 1.0)

CHANGES = (
    "as it is, from -1024",
    "clipped to -1000…400",
    "circle padded with -3024",
    "padded and rotated",
    "cut out, padded with -1000",
    "centre crop 0.7",
    "noise of 30 HU",
    "noise of 100 HU",
    "flipped",
    "transposed",
    "blurred",
    "20 HU too high",
    "in steps of 16 HU",
    "metal clipped at 3071 HU",
)


def changed(name: str) -> Image:
    hu = example()[5].astype(np.float64)[np.newaxis]
    return clipped(HARMLESS[name](hu, np.random.default_rng(0))[0])


def test_example_shows_a_patient() -> None:
    assert [why_outside(hu, EXAMPLE_PIXEL) for hu in example()] == [None] * len(example())


@pytest.mark.parametrize("name", CHANGES)
def test_patient_is_recognised_whatever_was_done_to_the_slice(name: str) -> None:
    assert why_outside(changed(name), EXAMPLE_PIXEL) is None


def test_drawn_trunk_is_a_patient() -> None:
    trunk = scanned(anatomy(np.random.default_rng(0), 320, 1.0), 15, 1.0)
    assert why_outside(trunk, PIXEL) is None


@pytest.mark.parametrize("level_hu", [0.0, 5.0, 25.0])
@pytest.mark.parametrize("drawn", [water, rods])
def test_test_objects_are_none(drawn: Callable[[], Floats], level_hu: float) -> None:
    image = scanned(drawn(), level_hu, 1.0)
    assert why_outside(image, PIXEL) == OUTSIDE_TRAINING
    assert why_outside(image, None) == OUTSIDE_TRAINING


MR_FORMS: dict[str, Callable[[Floats], Floats]] = {
    "intercept of CT": lambda signal: np.rint(signal) - 1024,
    "from -1000": lambda signal: signal - 1000,
    "scaled to -1000…400": lambda signal: 1400 * (signal / signal.max()) - 1000,
    "12 bits, intercept of CT": lambda signal: 4095 * (signal / signal.max()) - 1024,
}


@pytest.mark.parametrize("name", MR_FORMS)
def test_magnetic_resonance_is_none(name: str) -> None:
    signal = magnetic_resonance(example()[5])
    assert why_outside(clipped(MR_FORMS[name](signal)), None) is not None
    assert why_not_hu(signal) is not None


def test_scout_is_none() -> None:
    image = clipped(scout(example()))
    assert why_outside(image, None) == NOT_HU


def test_body_that_runs_through_the_matrix_is_a_projection() -> None:
    """CT numbers right, outline wrong: tissue from the first to the last row."""
    trunk = np.tile(scanned(anatomy(np.random.default_rng(0), 320, 1.0), 15, 1.0)[160], (320, 1))
    image = clipped(trunk + np.random.default_rng(0).normal(0, 8, trunk.shape))
    assert why_outside(image, PIXEL) == NOT_HU


PHOTOGRAPHS: dict[str, Callable[[Floats], Floats]] = {
    "-1000…400": lambda picture: 1400 * picture - 1000,
    "inverted": lambda picture: 1400 * (1 - picture) - 1000,
    "-1024…3071": lambda picture: 4095 * picture - 1024,
    "soft-tissue window": lambda picture: 400 * picture - 160,
}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photograph_is_none(name: str) -> None:
    image = PHOTOGRAPHS[name](photograph())
    assert why_not_hu(image) or why_outside(clipped(image), None) == NOT_HU


def test_uniform_noise_is_none() -> None:
    noise = np.random.default_rng(0).uniform(-1000, 1000, (300, 300))
    # Single pixels of any CT number, and patches of them.
    for width in (0.0, 4.0):
        smooth = ndimage.gaussian_filter(noise, width)
        spread = 2000 * (smooth - smooth.min()) / np.ptp(smooth) - 1000
        assert why_not_hu(spread) or why_outside(clipped(spread), None) == NOT_HU


def test_animals_and_printed_boards_have_another_size() -> None:
    trunk = scanned(anatomy(np.random.default_rng(0), 320, 1.0), 15, 1.0)
    assert why_outside(trunk, (0.1, 0.1)) == OUTSIDE_TRAINING
    assert why_outside(trunk, (5.0, 5.0)) == OUTSIDE_TRAINING
    assert why_outside(trunk, None) is None


def test_couch_alone_is_no_patient() -> None:
    couch = painted([Ellipse(-50, 140, 3, 0, 60), Ellipse(-50, 140, 3, 0, 75)], 320, 1.0)
    assert why_outside(scanned(couch, 10, 1.0), PIXEL) == NOT_HU


def test_sheets_of_tissue_without_blurred_edges_are_no_body() -> None:
    sheets = np.full((320, 320), -1000.0)
    for top in range(30, 290, 30):
        sheets[top : top + 12, 30:290] = -100 if top % 60 else 40
    assert why_outside(clipped(sheets), PIXEL) == AIR
