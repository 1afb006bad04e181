"""Through the public interface: what is no patient in HU never gets a number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from tests.physics.patient.made import Floats
from tests.score.honesty.images import (
    clipped,
    example,
    magnetic_resonance,
    photograph,
    scanned,
    scout,
    water,
)
from tests.score.made import write_dicom
from tests.score.tiny_model import write_model

from ctiqa import Scorer, UsageError
from ctiqa.types import SliceScore

NO_HU: dict[str, Callable[[Floats], Floats]] = {
    "divided by 1000": lambda hu: hu / 1000,
    "z-scores": lambda hu: (hu - hu.mean()) / hu.std(),
    "no intercept": lambda hu: hu + 1024,
    "8-bit window": lambda hu: np.rint(255 * ((hu + 160) / 400).clip(0, 1)),
    "8-bit window back in HU": lambda hu: (
        400 * np.rint(255 * ((hu + 160) / 400).clip(0, 1)) / 255 - 160
    ),
    "attenuation per cm": lambda hu: 0.195 * (1 + hu / 1000),
    "attenuation per mm": lambda hu: 0.0195 * (1 + hu / 1000),
    "inverted": lambda hu: hu.max() - 1024 - hu,
    "other sign": lambda hu: -hu,
    "500 too high": lambda hu: hu + 500,
    "300 too low": lambda hu: hu - 300,
}

OTHERS: dict[str, Callable[[], Floats]] = {
    "magnetic resonance": lambda: magnetic_resonance(example()[5]),
    "magnetic resonance, intercept of CT": lambda: magnetic_resonance(example()[5]) - 1024,
    "scout": lambda: scout(example()),
    "photograph of 8 bits": lambda: np.rint(255 * photograph()),
    "photograph from -1000 to 400": lambda: 1400 * photograph() - 1000,
    "uniform noise": lambda: np.random.default_rng(0).uniform(-1000, 1000, (300, 300)),
    "phantom": lambda: scanned(water(), 8, 1.0).astype(np.float64),
}


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    """A model that gives a score for everything, and names the region that it scores."""
    return Scorer(write_model(tmp_path_factory.mktemp("model")), jobs=1)


@pytest.fixture(scope="module")
def shipped() -> Scorer:
    return Scorer(jobs=1)


def score_of(scorer: Scorer, array: Floats) -> float | None:
    """The score of an array; none if it is refused."""
    try:
        found = scorer.score(array)
    except UsageError:
        return None
    assert isinstance(found, SliceScore)
    assert found.score is not None or found.flags
    return found.score


def test_example_has_a_score(scorer: Scorer, shipped: Scorer) -> None:
    for model in (scorer, shipped):
        assert score_of(model, example()[5].astype(np.float64)) is not None


@pytest.mark.parametrize("name", NO_HU)
def test_array_that_is_no_hu(name: str, scorer: Scorer) -> None:
    assert score_of(scorer, NO_HU[name](example()[5].astype(np.float64))) is None


@pytest.mark.parametrize("name", OTHERS)
def test_array_of_something_else(name: str, shipped: Scorer) -> None:
    assert score_of(shipped, OTHERS[name]()) is None


def test_other_modality_in_a_file_that_says_ct(scorer: Scorer, tmp_path: Path) -> None:
    signal = np.rint(magnetic_resonance(example()[5])) - 1024
    write_dicom(tmp_path / "mr.dcm", clipped(signal))
    (found,) = scorer.score(tmp_path).slices
    assert (found.score, found.flags) == (None, ("not_hu",))


def test_scout_in_a_file_that_says_axial(scorer: Scorer, tmp_path: Path) -> None:
    write_dicom(tmp_path / "scout.dcm", clipped(scout(example())))
    scan = scorer.score(tmp_path)
    assert (scan.score, scan.flags) == (None, ("not_hu", "not_scored"))


def test_volume_of_photographs(scorer: Scorer, tmp_path: Path) -> None:
    stack = np.stack([1400 * photograph() - 1000] * 3, axis=-1)
    image: Any = nibabel.Nifti1Image
    nibabel.save(image(stack.astype(np.int16), np.eye(4)), tmp_path / "x.nii.gz")
    scan = scorer.score(tmp_path / "x.nii.gz")
    assert scan.score is None
    assert all("not_hu" in each.flags for each in scan.slices)
