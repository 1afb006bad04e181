"""Every artefact on a real slice: the shoulders of the example, at half its resolution."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

import numpy as np
import pytest
from tests.physics.phantoms import Image, rms

from ctiqa.hu import body_mask
from ctiqa.io import find_scans, read_slice
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
    measure,
    move,
    starve,
    truncate,
)
from ctiqa.physics.artefacts.ring import ring

PINS = Metal((Ellipse(-25, 20, 3, 3), Ellipse(25, 20, 3, 3)), beam=Beam())


@cache
def _shoulders() -> MeasuredRays:
    with as_file(files("ctiqa") / "assets" / "example") as folder:
        (scan,) = find_scans([folder]).scans
        hu = read_slice(scan.headers[8]).hu
    blocks = hu.reshape(256, 2, 256, 2).mean(axis=(1, 3), dtype=np.float32)
    return measure(blocks, (1.29296875, 1.29296875), n_views=480)


def _artefact(name: str) -> Image:  # noqa: PLR0911 - one line a case
    slice_, rng = _shoulders(), np.random.default_rng(3)
    match name:
        case "swallowing":
            return move(slice_, Motion(shift_y_mm=3, course="swing", begins=0.2, ends=0.6))
        case "breathing":
            return move(slice_, Motion(stretch_y=0.03, fixed_y_mm=80, about_mean=True))
        case "ring":
            return ring(slice_, [GainError(40, 2.0), GainError(-70, -1.0, width_mm=6)])
        case "metal":
            added = add_metal(slice_, PINS, rng)
            return np.where(added.mask, 0, added.added_hu)
        case "bone":
            return harden_by_bone(slice_, BoneHardening())
        case "truncation":
            return truncate(slice_, Truncation(140, "cosine"))
        case _:
            return starve(slice_, Beam(5e4), rng)


@pytest.mark.parametrize(
    ("name", "low_hu", "high_hu"),
    [
        ("swallowing", 10, 150),
        ("breathing", 10, 150),
        ("ring", 0.3, 10),
        ("metal", 10, 300),
        ("bone", 2, 30),
        ("truncation", 20, 300),
        ("starvation", 10, 200),
    ],
)
def test_adds_something_finite_of_the_expected_size(
    name: str, low_hu: float, high_hu: float
) -> None:
    added = _artefact(name)
    assert added.dtype == np.float32
    assert added.shape == (256, 256)
    assert np.isfinite(added).all()
    assert low_hu < rms(added[body_mask(_shoulders().hu)]) < high_hu


def test_nothing_alters_the_slice_or_its_projections() -> None:
    slice_ = _shoulders()
    before = slice_.hu.copy(), slice_.sinogram.copy()
    for name in ("breathing", "metal", "bone", "truncation", "starvation"):
        _artefact(name)
    assert np.array_equal(slice_.hu, before[0])
    assert np.array_equal(slice_.sinogram, before[1])
