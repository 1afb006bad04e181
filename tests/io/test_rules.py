"""What may count as an axial CT slice in HU, rule by rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.io.make import phantom

from ctiqa.errors import Reason, RefusedError
from ctiqa.hu import PADDING_HU
from ctiqa.io.dicom.decoding.syntaxes import is_lossy
from ctiqa.io.dicom.image_type import check_image_type, check_object, check_rescale_type
from ctiqa.io.grouping.geometry import (
    check_axial,
    check_spacing,
    normal,
    position_mm,
    tilt_deg,
    unit_orientation,
)
from ctiqa.io.hu.checks import check_matrix, check_rescale, to_hu

CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"


def tilted(degrees: float) -> tuple[float, ...]:
    """An axial orientation leant backwards."""
    angle = np.radians(degrees)
    return (1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), float(-np.sin(angle)))


@pytest.mark.parametrize(
    ("rows", "cols", "reason"),
    [
        (0, 512, Reason.CORRUPT),
        (512, -1, Reason.CORRUPT),
        (255, 512, Reason.TOO_SMALL),
        (512, 255, Reason.TOO_SMALL),
        (2049, 512, Reason.TOO_LARGE),
        (512, 2049, Reason.TOO_LARGE),
    ],
)
def test_matrix_out_of_range(rows: int, cols: int, reason: Reason) -> None:
    with pytest.raises(RefusedError) as caught:
        check_matrix(rows, cols)
    assert caught.value.reason is reason


@pytest.mark.parametrize(("rows", "cols"), [(256, 256), (512, 768), (2048, 2048)])
def test_matrix_in_range(rows: int, cols: int) -> None:
    check_matrix(rows, cols)


@pytest.mark.parametrize(
    ("slope", "intercept", "reason", "name"),
    [
        (None, -1024.0, Reason.NO_RESCALE, "RescaleSlope"),
        (1.0, None, Reason.NO_RESCALE, "RescaleIntercept"),
        (0.0, 0.0, Reason.IMPOSSIBLE_RESCALE, "RescaleSlope"),
        (-1.0, 0.0, Reason.IMPOSSIBLE_RESCALE, "RescaleSlope"),
        (float("nan"), 0.0, Reason.IMPOSSIBLE_RESCALE, "RescaleSlope"),
        (float("inf"), 0.0, Reason.IMPOSSIBLE_RESCALE, "RescaleSlope"),
        (1.0, float("nan"), Reason.IMPOSSIBLE_RESCALE, "RescaleIntercept"),
        (1.0, -1e6, Reason.IMPOSSIBLE_RESCALE, "RescaleIntercept"),
    ],
)
def test_rescale_that_cannot_lead_to_hu(
    slope: float | None, intercept: float | None, reason: Reason, name: str
) -> None:
    with pytest.raises(RefusedError, match=name) as caught:
        check_rescale(slope, intercept)
    assert caught.value.reason is reason


@given(
    stored=st.lists(st.integers(-32768, 32767), min_size=4, max_size=4),
    slope=st.floats(0.1, 1.0),
    intercept=st.floats(-2000, 0),
)
def test_hu_is_the_rescale_raised_to_padding(
    stored: list[int], slope: float, intercept: float
) -> None:
    pixels = np.array(stored, np.int16).reshape(2, 2)
    hu = to_hu(pixels, (slope, intercept), gate=False)
    exact = np.maximum(pixels.astype(float) * slope + intercept, PADDING_HU)
    assert hu.dtype == np.float32
    np.testing.assert_allclose(hu, exact, rtol=1e-5, atol=0.01)


def test_padding_above_hu_is_still_padding() -> None:
    stored = np.array([[65535, 1064]], np.uint16)
    hu = to_hu(stored, (1.0, -1024.0), (65535, 65535), gate=False)
    assert hu.tolist() == [[-1024.0, 40.0]]
    with pytest.raises(RefusedError, match="HU end at"):
        to_hu(stored, (1.0, -1024.0))


def test_hu_leaves_the_stored_pixels_alone() -> None:
    stored = np.full((2, 2), -2000, np.float32)
    to_hu(stored)
    assert (stored == -2000).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite(value: float) -> None:
    stored = np.zeros((4, 4), np.float32)
    stored[2, 1] = value
    with pytest.raises(RefusedError, match="pixels must be finite") as caught:
        to_hu(stored)
    assert caught.value.reason is Reason.NOT_FINITE


@pytest.mark.parametrize("slope", [1.0, 0.1])
def test_slices_are_asked_whether_they_are_hu(slope: float) -> None:
    hu = phantom().astype(np.float64)
    stored = ((hu + 1024) / slope).round().astype(np.uint16)
    assert to_hu(stored, (slope, -1024.0)) == pytest.approx(hu, abs=slope)
    with pytest.raises(RefusedError, match="must be CT numbers in HU") as caught:
        to_hu(stored, (slope, 0.0))
    assert caught.value.reason is Reason.NOT_HU


def test_slices_of_a_volume_that_passed_are_not_asked() -> None:
    stored = (phantom() + 1024).astype(np.uint16)
    assert to_hu(stored, gate=False).min() == 0
    with pytest.raises(RefusedError, match="HU end at"):
        to_hu(stored * 40, gate=False)


def test_declared_padding_does_not_hide_a_missing_intercept() -> None:
    stored = (phantom() + 1024).astype(np.int16)
    stored[:, :40] = -2000
    assert to_hu(stored - 1024, padding=(-3024, -3024))[0, 0] == PADDING_HU
    with pytest.raises(RefusedError, match="must be CT numbers in HU"):
        to_hu(stored, padding=(-2000, -2000))


@pytest.mark.parametrize("cosines", [None, [], [1, 0, 0], [0] * 6, [np.nan] * 6, [1, 0, 0] * 2])
def test_what_is_no_orientation(cosines: list[float] | None) -> None:
    assert unit_orientation(cosines) is None


@pytest.mark.parametrize("degrees", [0.0, 1.5, 18.5, 30.0, 34.0])
def test_gantry_tilt_is_still_axial(degrees: float) -> None:
    assert tilt_deg(tilted(degrees)) == pytest.approx(degrees, abs=1e-6)
    expected = ("gantry_tilt",) if degrees > 1 else ()
    assert check_axial(tilted(degrees), allow_reformats=False) == expected


@pytest.mark.parametrize("degrees", [36.0, 60.0, 90.0])
def test_steeper_is_a_reformat(degrees: float) -> None:
    with pytest.raises(RefusedError, match="--allow-reformats") as caught:
        check_axial(tilted(degrees), allow_reformats=False)
    assert caught.value.reason is Reason.NOT_AXIAL
    assert check_axial(tilted(degrees), allow_reformats=True) == ("reformat",)


@given(degrees=st.floats(-89, 89), flip_row=st.booleans(), flip_column=st.booleans())
def test_position_rises_to_the_head_however_the_slice_is_flipped(
    degrees: float, flip_row: bool, flip_column: bool
) -> None:
    signs = np.repeat([-1.0 if flip_row else 1.0, -1.0 if flip_column else 1.0], 3)
    orientation = tuple((np.array(tilted(degrees)) * signs).tolist())
    up = np.array(normal(orientation))
    assert np.linalg.norm(up) == pytest.approx(1)
    step = position_mm(orientation, tuple((7 * up).tolist())) - position_mm(
        orientation, (0.0, 0.0, 0.0)
    )
    assert step == pytest.approx(7)
    if abs(degrees) < 44:
        assert up[2] > 0


@pytest.mark.parametrize(
    ("spacing", "reason"),
    [
        ((0.7, 0.71), Reason.NON_SQUARE_PIXELS),
        ((0.0, 0.0), Reason.CORRUPT),
        ((-0.7, -0.7), Reason.CORRUPT),
        ((float("nan"), 0.7), Reason.CORRUPT),
        ((1000.0, 1000.0), Reason.CORRUPT),
    ],
)
def test_spacings_that_are_refused(spacing: tuple[float, float], reason: Reason) -> None:
    with pytest.raises(RefusedError) as caught:
        check_spacing(spacing)
    assert caught.value.reason is reason


def test_spacings_that_pass() -> None:
    assert check_spacing((0.7, 0.7005)) == ()
    assert check_spacing(None) == ("spacing_unknown",)


@pytest.mark.parametrize(
    ("sop_class", "modality", "reason"),
    [
        (CT_CLASS, "SEG", Reason.NOT_CT),
        ("1.2.840.10008.5.1.4.1.1.128", "PT", Reason.NOT_CT),
        ("1.2.840.10008.5.1.4.1.1.481.5", None, Reason.NOT_CT),
        ("1.2.840.10008.1.3.10", None, Reason.NOT_CT),
        ("", None, Reason.NOT_CT),
        ("1.2.840.10008.5.1.4.1.1.7", None, Reason.SECONDARY_CAPTURE),
        ("1.2.840.10008.5.1.4.1.1.7", "CT", Reason.SECONDARY_CAPTURE),
        ("1.2.840.10008.5.1.4.1.1.7.2", "CT", Reason.SECONDARY_CAPTURE),
        # Storage classes that merely start with the same digits.
        ("1.2.840.10008.5.1.4.1.1.77.1.6", "CT", Reason.NOT_CT),
    ],
)
def test_objects_that_are_no_ct(sop_class: str, modality: str | None, reason: Reason) -> None:
    with pytest.raises(RefusedError) as caught:
        check_object(sop_class, modality)
    assert caught.value.reason is reason


@pytest.mark.parametrize("suffix", ["", ".1", ".2"])
def test_ct_classes(suffix: str) -> None:
    assert check_object(CT_CLASS + suffix, "CT") == ()


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"], ()),
        (["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], ()),
        (["ORIGINAL", "PRIMARY", "OTHER"], ()),
        (["DERIVED ", "PRIMARY", "axial"], ("derived",)),
        ([], ("image_type_missing",)),
        (["", ""], ("image_type_missing",)),
    ],
)
def test_image_types_that_are_read(words: list[str], flags: tuple[str, ...]) -> None:
    assert check_image_type(words, allow_reformats=False) == flags


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["ORIGINAL", "PRIMARY", "LOCALIZER"], Reason.LOCALIZER),
        (["DERIVED", "SECONDARY", "REF_SURVIEW"], Reason.LOCALIZER),
        (["DERIVED", "SECONDARY", "PATIENT_INFO"], Reason.SECONDARY_CAPTURE),
        (["DERIVED", "SECONDARY", "AXIAL", "MIP"], Reason.DERIVED),
        (["DERIVED", "PRIMARY", "PERFUSION", "RCBF"], Reason.DERIVED),
        (["DERIVED", "SECONDARY"], Reason.DERIVED),
        (["DERIVED"], Reason.DERIVED),
    ],
)
@pytest.mark.parametrize("allow", [False, True])
def test_image_types_that_are_never_read(words: list[str], reason: Reason, allow: bool) -> None:
    with pytest.raises(RefusedError, match="'ImageType' says") as caught:
        check_image_type(words, allow_reformats=allow)
    assert caught.value.reason is reason


@pytest.mark.parametrize("kind", ["HU", "hu", "Houndsfield Unit", "HU_MOD", None])
def test_rescale_types_that_are_hu(kind: str | None) -> None:
    check_rescale_type(kind)


@pytest.mark.parametrize("kind", ["Z_EFF", "MGML"])
def test_rescale_types_that_are_not(kind: str) -> None:
    with pytest.raises(RefusedError, match="'RescaleType' must be HU") as caught:
        check_rescale_type(kind)
    assert caught.value.reason is Reason.NOT_HU


@pytest.mark.parametrize(
    ("syntax", "declared", "lossy"),
    [
        ("1.2.840.10008.1.2.1", None, False),
        ("1.2.840.10008.1.2.1", "01", True),
        ("1.2.840.10008.1.2.4.50", "00", True),
        ("1.2.840.10008.1.2.4.70", None, False),
        ("1.2.840.10008.1.2.4.81", None, True),
        ("1.2.840.10008.1.2.4.91", "00", False),
    ],
)
def test_lossy_by_declaration_or_by_syntax(syntax: str, declared: str | None, lossy: bool) -> None:
    assert is_lossy(syntax, declared) is lossy
