"""What an image says of itself: terms wherever they stand, and units."""

from __future__ import annotations

import pytest

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.image_type import check_image_type, check_rescale_type


def kind(*words: str, allow: bool = False) -> tuple[str, ...]:
    return check_image_type(words, allow_reformats=allow)


@pytest.mark.parametrize(
    "words",
    [
        "ORIGINAL\\PRIMARY\\AXIAL",
        "ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SPI",
        "ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SPI DE",
        "ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM7 SPI DUAL",
        "ORIGINAL\\PRIMARY\\AXIAL\\HELIX",
        "ORIGINAL\\PRIMARY\\AXIAL\\ADD",
        "ORIGINAL\\PRIMARY\\VOLUME\\NONE",
        "ORIGINAL\\SECONDARY\\AXIAL",
        "original\\primary\\axial",
    ],
)
def test_reconstructed_slices_pass_without_a_flag(words: str) -> None:
    assert kind(*words.split("\\")) == ()


@pytest.mark.parametrize(
    "words",
    [
        "DERIVED\\PRIMARY\\AXIAL\\CT_SOM5 MIP",
        "DERIVED\\PRIMARY\\AXIAL\\CT_SOM5_MIP",
        "DERIVED\\SECONDARY\\AXIAL\\THICK-MIP",
        "DERIVED\\SECONDARY\\AXIAL\\MIP5MM",
        "ORIGINAL\\PRIMARY\\AXIAL\\MinIP",
        "DERIVED\\SECONDARY\\AXIAL\\AVERAGE",
        "DERIVED\\PRIMARY\\AXIAL\\CT_SOM7 AVG",
        "ORIGINAL\\PRIMARY\\AXIAL\\MPR",
        "DERIVED\\SECONDARY\\MPR\\CT_SOM5 MPR",
        "DERIVED\\PRIMARY\\AXIAL\\CBF",
        "DERIVED\\PRIMARY\\AXIAL\\PERF CBV",
        "DERIVED\\PRIMARY\\PERFUSION\\RCBF",
        "DERIVED\\PRIMARY\\AXIAL\\MTT",
        "ORIGINAL\\PRIMARY\\AXIAL\\ELECTRON_DENSITY",
        "ORIGINAL\\PRIMARY\\AXIAL\\EFF_ATOMIC_NUM",
        "ORIGINAL\\PRIMARY\\AXIAL\\MAT_SPECIFIC",
        "ORIGINAL\\PRIMARY\\AXIAL\\MAT_FRACTIONAL",
        "ORIGINAL\\PRIMARY\\AXIAL\\MAT_VALUE_BASED",
        "ORIGINAL\\PRIMARY\\AXIAL\\MAT_MODIFIED",
        "ORIGINAL\\PRIMARY\\AXIAL\\MAT_REMOVED",
        "DERIVED\\PRIMARY\\AXIAL\\CT_SOM7 DE VNC",
        "DERIVED\\PRIMARY\\AXIAL\\IODINE MAP",
        "DERIVED\\PRIMARY\\VOLUME\\STD_DEVIATION",
        "DERIVED\\PRIMARY\\VOLUME\\SUBTRACTION",
        "ORIGINAL\\PRIMARY\\VOLUME\\NONE\\MAX_IP",
    ],
)
def test_what_was_computed_from_slices_is_refused(words: str) -> None:
    with pytest.raises(RefusedError, match="'ImageType' says") as caught:
        kind(*words.split("\\"))
    assert caught.value.reason is Reason.DERIVED


@pytest.mark.parametrize("word", ["LOCALIZER", "SCOUT", "CT_SOM5 TOPOGRAM", "TOP\\SURVIEW"])
def test_localizers(word: str) -> None:
    with pytest.raises(RefusedError) as caught:
        kind("ORIGINAL", "PRIMARY", *word.split("\\"))
    assert caught.value.reason is Reason.LOCALIZER


@pytest.mark.parametrize("word", ["VMI", "MONOENERGETIC", "MONO_E 70KEV", "CT_SOM7 DE MONO"])
def test_virtual_monoenergetic_images_are_flagged(word: str) -> None:
    assert kind("DERIVED", "PRIMARY", "AXIAL", word) == ("derived", "monoenergetic")


def test_reformats_pass_where_they_are_wanted() -> None:
    assert kind("DERIVED", "SECONDARY", "MPR", allow=True) == ("derived", "reformat")
    with pytest.raises(RefusedError, match="says MIP"):
        kind("DERIVED", "SECONDARY", "MPR", "MIP", allow=True)


@pytest.mark.parametrize(
    "unit",
    [None, "HU", "hu", "Hu ", "H.U.", "[HU]", "Hounsfield", "HOUNSFIELD UNITS", "Houndsfield Unit"],
)
def test_hounsfield_units_however_they_are_spelt(unit: str | None) -> None:
    assert check_rescale_type(unit) == ()


@pytest.mark.parametrize(("unit", "flags"), [("US", ()), ("HU_MOD", ("hu_modified",))])
def test_units_that_may_be_hu(unit: str, flags: tuple[str, ...]) -> None:
    assert check_rescale_type(unit) == flags


@pytest.mark.parametrize(
    "unit",
    ["mg/ml", "MGML", "mg/cc", "100ug/cc", "Z_EFF", "Z", "ED", "EDW", "%", "PCT", "OD", "g/cm3",
     "1/cm", "BQML", "HUE", "keV", "unknown"],
)  # fmt: skip
def test_every_other_unit_is_refused(unit: str) -> None:
    with pytest.raises(RefusedError, match="'RescaleType' must be HU, got") as caught:
        check_rescale_type(unit)
    assert caught.value.reason is Reason.NOT_HU
