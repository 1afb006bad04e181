"""Windows, and what of a slice is the patient."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.exposure import rescale_intensity

from ctiqa.errors import UsageError
from ctiqa.hu import WINDOWS, Window, apply_window, body_fraction, body_mask

STEADY = settings(max_examples=50)

Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

HU = np.linspace(-1100, 3100, 4201, dtype=np.float32).reshape(1, -1)


# -- windows


@pytest.mark.parametrize("name", WINDOWS)
def test_window_equals_scikit_image(name: str) -> None:
    window = WINDOWS[name]
    truth = rescale_intensity(HU, in_range=window.range_hu, out_range=(0.0, 1.0))  # type: ignore[no-untyped-call]
    shown = apply_window(HU, window)
    assert shown.dtype == np.float32
    assert shown == pytest.approx(truth, abs=1e-6)


def test_challenge_window_is_how_the_challenge_stores_its_pixels() -> None:
    """LDCTIQAC2023: HU = 1400·p − 1000."""
    p = np.linspace(0, 1, 11, dtype=np.float32)
    assert apply_window(1400 * p - 1000, WINDOWS["challenge"]) == pytest.approx(p, abs=1e-6)


@STEADY
@given(st.floats(1, 4000), st.floats(-1000, 1000), st.floats(-500, 500))
def test_shifting_tissue_and_level_shows_the_same(width: float, level: float, by: float) -> None:
    here = apply_window(HU, Window(width, level))
    there = apply_window(HU + np.float32(by), Window(width, level + by))
    assert there == pytest.approx(here, abs=2e-3 / min(width, 1) + 1e-3)
    assert (np.diff(here) >= 0).all()  # denser is never darker
    assert here.min() >= 0
    assert here.max() <= 1


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("350/40", Window(350, 40)),
        ("1500/-600", Window(1500, -600)),
        (" 80 / 40.5 ", Window(80, 40.5)),
        *WINDOWS.items(),
    ],
)
def test_windows_are_read(text: str, window: Window) -> None:
    assert Window.parse(text) == window


@pytest.mark.parametrize("text", ["", "350", "350/40/3", "wide/40", "liver", "350,40", "Lung"])
def test_text_that_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(
        UsageError, match=r"'window' must be WIDTH/LEVEL.*or one of soft, "
    ) as error:
        Window.parse(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-300/40", r"'window\.width_hu' must be > 0, got -300"),
        ("0/40", r"'window\.width_hu' must be > 0, got 0"),
        ("nan/40", r"'window\.width_hu' must be > 0, got nan"),
        ("inf/40", r"'window\.width_hu' must be > 0, got inf"),
        ("350/nan", r"'window\.level_hu' must be finite, got nan"),
        ("350/-inf", r"'window\.level_hu' must be finite, got -inf"),
    ],
)
def test_impossible_windows_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Window.parse(text)


# -- the patient

Y, X = np.mgrid[:256, :256] - 127.5
BODY: Mask = np.asarray((X / 100) ** 2 + (Y / 70) ** 2 < 1)
LUNGS: Mask = np.asarray(((np.abs(X) - 45) / 32) ** 2 + (Y / 45) ** 2 < 1)
COUCH: Mask = np.asarray(np.abs(Y - 95 + (X / 60) ** 2) < 5)
WIRE: Mask = np.asarray(np.hypot(X - 60, Y + 90) < 1.5)


def _slice(noise_hu: float = 0.0) -> Image:
    """A chest on a couch, an ECG wire above it."""
    hu = np.where(BODY, 40.0, -1000.0)
    hu[LUNGS] = -850
    hu[COUCH] = 100
    hu[WIRE] = 2000
    hu += noise_hu * np.random.default_rng(0).standard_normal(hu.shape)
    return hu.astype(np.float32)


def _overlap(one: Mask, other: Mask) -> float:
    """Dice coefficient."""
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


@pytest.mark.parametrize("noise_hu", [0.0, 30.0, 100.0])
def test_patient_has_lungs_but_no_couch(noise_hu: float) -> None:
    mask = body_mask(_slice(noise_hu))
    assert _overlap(mask, BODY) > 0.995
    assert mask[LUNGS].all()
    assert not mask[COUCH].any()
    assert not mask[WIRE].any()


@pytest.mark.parametrize("mirror", [np.flipud, np.fliplr, np.transpose])
def test_mask_turns_with_the_patient(mirror: Callable[[npt.NDArray[np.generic]], Image]) -> None:
    """Prone, feet first or on the side: the same pixels are patient."""
    hu = _slice(20)
    assert np.array_equal(body_mask(mirror(hu)), mirror(body_mask(hu)))


def test_patient_beyond_the_field_of_view() -> None:
    """A large patient is cut by the matrix; what is there is still patient, rim included."""
    mask = body_mask(_slice()[70:180, 40:216])
    assert np.array_equal(mask, BODY[70:180, 40:216])


def test_holes_in_the_skin_are_not_lungs() -> None:
    """Air that is open to the outside stays outside."""
    hu = _slice()
    hu[:128, 120:136] = -1000
    assert not body_mask(hu)[:120, 122:134].any()


@pytest.mark.parametrize("value", [-1000.0, -1024.0, math.nan])
def test_no_patient_in_air(value: float) -> None:
    mask = body_mask(np.full((64, 64), value, dtype=np.float32))
    assert mask.dtype == np.bool_
    assert not mask.any()


def test_body_fraction_counts_tissue() -> None:
    hu = _slice()
    tissue = (BODY & ~LUNGS) | COUCH | WIRE
    assert body_fraction(hu) == pytest.approx(float(tissue.mean()))
    assert body_fraction(np.full((8, 8), -300, dtype=np.float32)) == 0  # the threshold is air
