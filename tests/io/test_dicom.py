"""Single-frame and Enhanced CT, read back against what was written."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, Sequence, dcmread
from tests.io import make

from ctiqa.errors import Reason, RefusedError
from ctiqa.io import ReadOptions, formats, read_file_headers, read_slice
from ctiqa.io.dicom import reader as dicom
from ctiqa.io.dicom.decoding import compressed
from ctiqa.types import Acquisition

SECONDARY = "1.2.840.10008.5.1.4.1.1.7"


def refusal(path: Path, options: ReadOptions | None = None) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_file_headers(path, options or ReadOptions())
    return caught.value


@pytest.mark.parametrize("syntax", [*make.NATIVE, *make.COMPRESSED])
def test_every_transfer_syntax_gives_the_same_hu(tmp_path: Path, syntax: str) -> None:
    hu = make.phantom(256, 300)
    (header,) = read_file_headers(make.write_ct(tmp_path / "a", hu, syntax=syntax)).headers
    slice_ = read_slice(header)
    assert slice_.hu.dtype == np.float32
    np.testing.assert_array_equal(slice_.hu, hu)
    assert (header.rows, header.cols) == (256, 300)


def test_header_holds_the_facts_and_no_patient(tmp_path: Path) -> None:
    path = make.write_ct(tmp_path / "a.dcm", z_mm=42.5, LossyImageCompressionRatio="8")
    (header,) = read_file_headers(path).headers
    assert header.acquisition == Acquisition(
        kvp=120.0,
        exposure_mas=200.0,
        kernel="B30f",
        slice_thickness_mm=5.0,
        manufacturer="ACME",
        gantry_tilt_deg=0.0,
        lossy_ratio=8.0,
    )
    assert header.z_mm == 42.5
    assert header.spacing_mm == (0.7, 0.7)
    assert header.flags == ()
    assert "Zyxw" not in repr(header)


def code(value: object, scheme: object = "DCM") -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = value, scheme
    return Sequence([item])


@pytest.mark.parametrize(
    ("sequence", "phantom_cm"),
    [
        (code("113690"), 16.0),
        (code("113691"), 32.0),
        (code("113691 "), 32.0),
        (code("113692"), None),
        (code("113691", "99LOCAL"), None),
        (Sequence([Dataset()]), None),
        (Sequence([]), None),
    ],
    ids=["head", "body", "blank", "other", "other scheme", "empty item", "empty"],
)
@pytest.mark.parametrize("syntax", [make.IMPLICIT, make.EXPLICIT])
def test_phantom_of_ctdivol(
    tmp_path: Path, syntax: str, sequence: Sequence, phantom_cm: float | None
) -> None:
    path = make.write_ct(
        tmp_path / "a", syntax=syntax, CTDIvol=8.5, CTDIPhantomTypeCodeSequence=sequence
    )
    (header,) = read_file_headers(path).headers
    assert header.acquisition.ctdivol_mgy == 8.5
    assert header.acquisition.ctdi_phantom_cm == phantom_cm


def test_phantom_of_ctdivol_in_enhanced_ct(tmp_path: Path) -> None:
    frames = [make.phantom(seed=seed) for seed in range(2)]
    path = make.write_enhanced(tmp_path / "e.dcm", frames, slopes=[1.0, 1.0], z_mm=[0, 5])
    stored = dcmread(path)
    for frame, phantom in zip(
        stored.PerFrameFunctionalGroupsSequence, ("113691", "113690"), strict=True
    ):
        exposure = frame.CTExposureSequence[0]
        exposure.CTDIvol, exposure.CTDIPhantomTypeCodeSequence = 12.0, code(phantom)
    stored.save_as(path)
    found = [header.acquisition for header in read_file_headers(path).headers]
    assert [(each.ctdivol_mgy, each.ctdi_phantom_cm) for each in found] == [(12, 32), (12, 16)]


@pytest.mark.parametrize("syntax", [make.IMPLICIT, make.EXPLICIT, make.BIG_ENDIAN])
def test_files_without_preamble_and_meta(tmp_path: Path, syntax: str) -> None:
    hu = make.phantom()
    path = make.strip_meta(make.write_ct(tmp_path / "a", hu, syntax=syntax))
    (header,) = read_file_headers(path).headers
    np.testing.assert_array_equal(read_slice(header).hu, hu)


@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.JPEG_LS])
def test_pixels_are_found_again_without_the_header(
    tmp_path: Path, syntax: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hu = make.phantom()
    (header,) = read_file_headers(make.write_ct(tmp_path / "a", hu, syntax=syntax)).headers
    monkeypatch.setattr(dicom, "parse", lambda _: pytest.fail("the header was read twice"))
    np.testing.assert_array_equal(read_slice(header).hu, hu)


def test_a_slice_that_was_stored_in_another_way_is_read_from_its_new_header(tmp_path: Path) -> None:
    hu = make.phantom()
    (header,) = read_file_headers(make.write_ct(tmp_path / "a", hu)).headers
    # The header is longer, and another number is air: what was kept would mislead.
    make.write_ct(
        tmp_path / "a", hu, PixelRepresentation=1, RescaleIntercept=0, StudyDescription="longer"
    )
    os.utime(tmp_path / "a", ns=(1, 1))
    np.testing.assert_array_equal(read_slice(header).hu, hu)


def test_where_the_fastest_decoder_gives_up_another_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hu, asked = make.phantom(), []
    decode = compressed._decoded_by

    def one_gives_up(plugin: str, *rest: Any) -> Any:
        asked.append(plugin)
        if plugin:
            raise RuntimeError("unable to decode")
        return decode(plugin, *rest)

    monkeypatch.setattr(compressed, "_decoded_by", one_gives_up)
    (header,) = read_file_headers(make.write_ct(tmp_path / "a", hu, syntax=make.JPEG_LS)).headers
    np.testing.assert_array_equal(formats.read_here(header).hu, hu)
    assert asked == ["pyjpegls", ""]


def test_gzip_wrapped_dicom_is_read(tmp_path: Path) -> None:
    hu = make.phantom()
    path = make.write_ct(tmp_path / "a.dcm", hu)
    path.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read_slice(read_file_headers(path).headers[0]).hu, hu)
    path.write_bytes(path.read_bytes()[:-5000])
    assert refusal(path).reason is Reason.TRUNCATED


@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.JPEG_LS])
def test_enhanced_ct_frames_have_their_own_rescale_and_position(
    tmp_path: Path, syntax: str
) -> None:
    frames = [make.phantom(seed=seed) for seed in range(3)]
    path = make.write_enhanced(
        tmp_path / "e.dcm", frames, slopes=[1.0, 0.5, 2.0], z_mm=[10, 0, 5], syntax=syntax
    )
    headers = read_file_headers(path).headers
    assert [header.z_mm for header in headers] == [10, 0, 5]
    assert [header.source.frame for header in headers] == [0, 1, 2]
    assert headers[1].acquisition == Acquisition(
        kvp=100.0,
        exposure_mas=150.0,
        tube_current_ma=300.0,
        kernel="Br40",
        slice_thickness_mm=2.0,
        manufacturer="ACME",
        gantry_tilt_deg=0.0,
    )
    for header, hu, step in zip(headers, frames, [0.5, 0.25, 1.0], strict=True):
        assert np.max(np.abs(read_slice(header).hu - hu)) <= step


def test_a_localizer_among_frames_is_left_out_with_a_warning(tmp_path: Path) -> None:
    frames = [make.phantom(seed=seed) for seed in range(3)]
    path = make.write_enhanced(
        tmp_path / "e.dcm",
        frames,
        slopes=[1, 1, 1],
        z_mm=[0, 1, 2],
        types=["VOLUME", "LOCALIZER", "VOLUME"],
    )
    contents = read_file_headers(path)
    assert [header.source.frame for header in contents.headers] == [0, 2]
    assert contents.warnings == ("1 frame(s) of 'e.dcm' left out: localizer",)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"Modality": "MR"}, Reason.NOT_CT),
        ({"Modality": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, Reason.NOT_CT),
        ({"SOPClassUID": SECONDARY}, Reason.SECONDARY_CAPTURE),
        ({"SOPClassUID": f"{SECONDARY}.4"}, Reason.SECONDARY_CAPTURE),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, Reason.LOCALIZER),
        ({"ImageType": ["DERIVED", "PRIMARY", "MPR"]}, Reason.DERIVED),
        ({"ImageType": ["DERIVED", "SECONDARY", "OTHER"]}, Reason.DERIVED),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, Reason.SECONDARY_CAPTURE),
        ({"RescaleSlope": None}, Reason.NO_RESCALE),
        ({"RescaleIntercept": None}, Reason.NO_RESCALE),
        ({"RescaleSlope": "0"}, Reason.IMPOSSIBLE_RESCALE),
        ({"RescaleSlope": "-1"}, Reason.IMPOSSIBLE_RESCALE),
        ({"RescaleSlope": "1e9"}, Reason.IMPOSSIBLE_RESCALE),
        ({"RescaleIntercept": "1e9"}, Reason.IMPOSSIBLE_RESCALE),
        ({"RescaleType": "Z_EFF"}, Reason.NOT_HU),
        ({"ImageOrientationPatient": make.CORONAL}, Reason.NOT_AXIAL),
        ({"PixelSpacing": [0.7, 1.1]}, Reason.NON_SQUARE_PIXELS),
        ({"PixelSpacing": [0, 0]}, Reason.CORRUPT),
        ({"PhotometricInterpretation": "RGB"}, Reason.COLOUR),
        ({"BitsAllocated": 12}, Reason.CORRUPT),
        ({"Rows": None}, Reason.CORRUPT),
        ({"Rows": 4096}, Reason.TOO_LARGE),
        ({"Rows": 512}, Reason.TRUNCATED),
        ({"NumberOfFrames": 2}, Reason.TRUNCATED),
    ],
)
def test_refusals(tmp_path: Path, tags: dict[str, Any], reason: Reason) -> None:
    assert refusal(make.write_ct(tmp_path / "a.dcm", **tags)).reason is reason


def test_small_matrix_is_refused(tmp_path: Path) -> None:
    error = refusal(make.write_ct(tmp_path / "a.dcm", make.phantom(256, 255)))
    assert error.reason is Reason.TOO_SMALL
    assert "256 × 255" in error.detail


@pytest.mark.parametrize(
    ("tags", "flags"),
    [
        ({"Modality": None}, ("modality_missing",)),
        ({"ImageType": None}, ("image_type_missing",)),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}, ("derived",)),
        ({"LossyImageCompression": "01"}, ("lossy",)),
        ({"PixelSpacing": None}, ("spacing_unknown",)),
        ({"ImageOrientationPatient": None}, ("orientation_unknown",)),
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, ("orientation_unknown",)),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.9, -0.435889894]}, ("gantry_tilt",)),
        ({"RescaleType": "Houndsfield Unit", "RescaleSlope": " 001.0E+00"}, ()),
    ],
)
def test_flags_on_slices_that_are_read(
    tmp_path: Path, tags: dict[str, Any], flags: tuple[str, ...]
) -> None:
    (header,) = read_file_headers(make.write_ct(tmp_path / "a.dcm", **tags)).headers
    assert header.flags == flags
    assert read_slice(header).hu.shape == (256, 256)


def test_reformats_are_read_when_asked_for(tmp_path: Path) -> None:
    path = make.write_ct(
        tmp_path / "a.dcm",
        ImageType=["DERIVED", "PRIMARY", "MPR"],
        ImageOrientationPatient=make.CORONAL,
    )
    (header,) = read_file_headers(path, ReadOptions(allow_reformats=True)).headers
    assert header.flags == ("derived", "reformat")
    assert header.z_mm == -90


@pytest.mark.parametrize(
    ("value", "padding", "limit", "expected"),
    [
        (-2000, -2000, None, -1024),
        (4000, 3900, 4100, -1024),
        (4000, 4100, 3900, -1024),
        (40, 0, 100, 40),
    ],
)
def test_padding_becomes_the_lowest_hu_but_tissue_does_not(
    tmp_path: Path, value: int, padding: int, limit: int | None, expected: int
) -> None:
    hu = make.phantom()
    hu[0, 0] = value
    path = make.write_ct(
        tmp_path / "a.dcm",
        hu,
        PixelRepresentation=1,
        RescaleIntercept="0",
        PixelPaddingValue=padding,
        PixelPaddingRangeLimit=limit,
    )
    assert read_slice(read_file_headers(path).headers[0]).hu[0, 0] == expected


def test_impossible_hu_are_refused_on_reading(tmp_path: Path) -> None:
    (header,) = read_file_headers(make.write_ct(tmp_path / "a.dcm", RescaleSlope="200")).headers
    with pytest.raises(RefusedError, match="HU end at") as caught:
        read_slice(header)
    assert caught.value.reason is Reason.NOT_HU


def test_old_overlay_bits_are_no_pixels(tmp_path: Path) -> None:
    hu = make.phantom()
    ds = make.dataset(hu, BitsStored=12, HighBit=11)
    stored = (hu.astype(np.int32) + 1024).astype(np.uint16)
    stored[:, ::2] |= 0x8000
    path = make.save(tmp_path / "a.dcm", ds, stored)
    np.testing.assert_array_equal(read_slice(read_file_headers(path).headers[0]).hu, hu)


def test_compressed_frame_of_another_size_is_refused_before_decoding(tmp_path: Path) -> None:
    path = make.write_ct(tmp_path / "a.dcm", syntax=make.JPEG_2000)
    content = bytearray(path.read_bytes())
    start = content.index(b"\xff\x4f\xff\x51") + 8
    content[start : start + 8] = (60_000).to_bytes(4, "big") * 2
    path.write_bytes(content)
    (header,) = read_file_headers(path).headers
    with pytest.raises(RefusedError, match="got 60000 × 60000") as caught:
        read_slice(header)
    assert caught.value.reason is Reason.CORRUPT


def test_unsupported_transfer_syntax(tmp_path: Path) -> None:
    path = make.write_ct(tmp_path / "a.dcm", syntax=make.JPEG_LS)
    content = path.read_bytes().replace(b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.4.99")
    path.write_bytes(content)
    assert refusal(path).reason is Reason.UNSUPPORTED_TRANSFER_SYNTAX


def test_missing_pixels_and_cut_compressed_frame(tmp_path: Path) -> None:
    path = make.write_ct(tmp_path / "a.dcm", syntax=make.JPEG_LS)
    content = path.read_bytes()
    path.write_bytes(content[:-4000])
    assert refusal(path).reason is Reason.TRUNCATED
    path.write_bytes(content[: content.rindex(b"\xe0\x7f\x10\x00")])
    assert refusal(path).reason is Reason.NO_PIXELS


def test_details_never_quote_the_patient(tmp_path: Path) -> None:
    path = make.write_ct(tmp_path / "a.dcm", Modality="ZYXWVUT PATIENT")
    assert "ZYXW" not in refusal(path).detail


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = make.write_ct(tmp_path / "a.dcm", syntax=make.JPEG_LS, z_mm=3)
    content = bytearray(path.read_bytes())
    content[-2000:-1000] = bytes(1000)
    path.write_bytes(content)
    with pytest.raises(RefusedError):
        read_slice(read_file_headers(path).headers[0])
    assert capfd.readouterr() == ("", "")
