"""Line integrals against formulas, against scikit-image, and against symmetry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.physics.phantoms import BLOBS, DISTANT_MM, MU_WATER, STEADY, Disc, Image, grid

from ctiqa.errors import UsageError
from ctiqa.physics import FanBeam, project


@pytest.mark.parametrize(
    ("disc", "shape", "spacing_mm"),
    [
        pytest.param(Disc(0, 0, 90), (128, 128), (2.0, 2.0), id="centred"),
        pytest.param(Disc(30, -25, 40), (128, 128), (2.0, 2.0), id="off-centre"),
        pytest.param(Disc(-20, 35, 50), (160, 128), (1.6, 2.0), id="non-square-pixels"),
        pytest.param(Disc(15, -10, 60), (127, 131), (1.5, 1.2), id="odd-matrix"),
    ],
)
def test_disc_line_integrals(
    disc: Disc, shape: tuple[int, int], spacing_mm: tuple[float, float]
) -> None:
    """A ray at distance d from the centre crosses 2√(r² − d²) of water, wherever the disc is."""
    scan = FanBeam.covering(shape, spacing_mm, n_views=36, pitch_mm=1.0)
    mu = disc.image(shape, spacing_mm) * np.float32(MU_WATER)
    found, truth = project(mu, spacing_mm, scan), disc.chords_mm(scan) * MU_WATER
    deep = truth > 0.5 * truth.max()
    assert np.abs(found / np.where(deep, truth, 1.0) - 1)[deep].max() < 0.025
    assert float(found.sum()) == pytest.approx(float(truth.sum()), rel=1e-3)
    blurred = Disc(disc.x_mm, disc.y_mm, disc.r_mm + 1.5 * max(spacing_mm))
    assert not found[blurred.chords_mm(scan) == 0].any()


def test_parallel_beam_equals_scikit_image_radon() -> None:
    """With a very distant source the fan is parallel, and the Radon transform is the truth.

    scikit-image turns the other way: its angles are ours, negated.
    """
    from skimage.transform import radon

    x, y = grid((129, 129), (1.0, 1.0))
    image = np.sum([blob.image(x, y) for blob in BLOBS], axis=0).astype(np.float32)
    image[np.hypot(x, y) > 60] = 0
    scan = FanBeam(36, 140, pitch_mm=1.0, source_to_iso_mm=DISTANT_MM)
    turn = -np.rad2deg(scan.angles_rad)
    columns = radon(image, theta=turn, circle=True).T  # type: ignore[no-untyped-call]
    offsets = np.arange(129) - 64.0
    truth = np.stack([np.interp(scan.offsets_mm, offsets, c, left=0, right=0) for c in columns])
    found = project(image, (1.0, 1.0), scan)
    assert np.abs(found - truth).max() < 0.004 * truth.max()


def test_parallel_projection_of_blobs_by_formula() -> None:
    """A Gaussian hill projects to a Gaussian, at any angle and off any pixel grid."""
    x, y = grid((128, 160), (1.2, 0.9))
    image = np.sum([blob.image(x, y) for blob in BLOBS], axis=0).astype(np.float32)
    scan = FanBeam(24, 150, pitch_mm=1.0, source_to_iso_mm=DISTANT_MM)
    truth = np.sum([b.projection(scan.angles_rad, scan.offsets_mm) for b in BLOBS], axis=0)
    assert np.abs(project(image, (1.2, 0.9), scan) - truth).max() < 0.005 * truth.max()


def test_air_attenuates_nothing() -> None:
    assert not project(np.zeros((16, 16), np.float32), (1.0, 1.0), FanBeam(4, 8)).any()


def test_rays_beside_the_image_meet_nothing() -> None:
    """Rays that leave the matrix must not collect its border: what is beyond is air.

    The interpolation keeps a thousandth of the last pixel, 0.0006 of the 0.64 across.
    """
    full = np.full((32, 32), 0.02, dtype=np.float32)
    wide = FanBeam(16, 400, pitch_mm=1.0)
    beside = np.abs(wide.offsets_mm) > 32
    assert np.abs(project(full, (1.0, 1.0), wide)[:, beside]).max() < 1e-3


def test_image_must_be_two_dimensional() -> None:
    with pytest.raises(UsageError, match=r"'mu' must be \[rows, cols\], got shape \(2, 8, 8\)"):
        project(np.zeros((2, 8, 8), np.float32), (1.0, 1.0), FanBeam(4, 8))


IMAGES: st.SearchStrategy[npt.NDArray[np.float32]] = arrays(
    np.float32, (12, 12), elements=st.floats(0, 0.125, width=32)
).map(lambda image: np.pad(image, 2))
"""Anything within the field of view, here surrounded by two pixels of air."""
SCAN = FanBeam(8, 40, pitch_mm=1.0, source_to_iso_mm=60.0)


@STEADY
@given(IMAGES, IMAGES, st.floats(0.1, 10))
def test_projection_is_linear(one: Image, other: Image, factor: float) -> None:
    """Attenuations along a ray add up (Beer–Lambert)."""
    both = (one + np.float32(factor) * other).astype(np.float32)
    parts = project(one, (1.0, 1.0), SCAN) + factor * project(other, (1.0, 1.0), SCAN)
    assert project(both, (1.0, 1.0), SCAN) == pytest.approx(parts, rel=1e-3, abs=1e-4)


@STEADY
@given(IMAGES)
def test_quarter_turn_of_the_patient_is_a_quarter_turn_of_the_tube(image: Image) -> None:
    """Rotated by 90°, the patient has the same projections two of eight views earlier."""
    turned = np.ascontiguousarray(np.rot90(image))
    straight = project(image, (1.0, 1.0), SCAN)
    assert project(turned, (1.0, 1.0), SCAN) == pytest.approx(
        np.roll(straight, -2, axis=0), abs=1e-4
    )


@STEADY
@given(IMAGES, st.floats(0.3, 3.0))
def test_a_larger_patient_attenuates_in_proportion(image: Image, scale: float) -> None:
    """All lengths times k: every path, and so every line integral, times k."""
    scan = FanBeam(8, 40, pitch_mm=scale, source_to_iso_mm=60.0 * scale)
    small = project(image, (1.0, 1.0), SCAN)
    assert project(image, (scale, scale), scan) == pytest.approx(scale * small, rel=1e-3, abs=1e-4)
