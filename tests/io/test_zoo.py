"""Every file of the shared zoo ends scored, with these flags, or refused for this reason."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctiqa.errors import Reason
from ctiqa.io import find_scans, read_slice, stream_slices
from ctiqa.types import Skipped, Slice

SHARED = Path(__file__).parents[2].parent / "shared"
ZOO = SHARED / "dicom-zoo"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not ZOO.is_dir(), reason="needs ../shared/dicom-zoo"),
]

CT = "cornerstoneWADOIma__CTImage.dcm_"
CLEAN: tuple[str, ...] = ()
LOSSY = ("derived", "lossy")

EXPECTED: dict[str, tuple[str, ...] | Reason] = {
    "CT-Image-Analysis-__ID_0000_AGE_0060_CONTRAST_1_CT.dcm": CLEAN,
    "DICOMSamples__CT_Explicit_Little.dcm": CLEAN,
    "DICOMSamples__CT_Implicit_Little_Headless_Retired.dcm": (
        "sop_class_missing",
        "image_type_missing",
    ),
    "DICOMSamples__CT_JPEG70.dcm": Reason.LOCALIZER,
    "Image-Registration__nysbu_coronal_616.dcm": Reason.DERIVED,
    "Image-Registration__nysbu_sagittal.dcm": Reason.DERIVED,
    "Project1__slicer_export_coronal.dcm": Reason.NOT_AXIAL,
    "Round2__cptac_mr_512.dcm": Reason.NOT_CT,
    "TotalSegmentator__siemens_mct_br38f.dcm": CLEAN,
    "catphan404__uniformity.dcm": ("derived",),
    "cornerstoneWADOIma__CT0012.fragmented_no_bot_jpeg_baseline.51.dcm": Reason.DERIVED,
    f"{CT}BigEndianExplicitTransferSyntax_1.2.840.10008.1.2.2.dcm": CLEAN,
    f"{CT}DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99.dcm": CLEAN,
    f"{CT}JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90.dcm": CLEAN,
    f"{CT}JPEG2000TransferSyntax_1.2.840.10008.1.2.4.91.dcm": LOSSY,
    f"{CT}JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80.dcm": CLEAN,
    f"{CT}JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81.dcm": LOSSY,
    f"{CT}JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm": LOSSY,
    f"{CT}JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70.dcm": CLEAN,
    f"{CT}JPEGProcess14TransferSyntax_1.2.840.10008.1.2.4.57.dcm": CLEAN,
    f"{CT}JPEGProcess1TransferSyntax_1.2.840.10008.1.2.4.50.dcm": LOSSY,
    f"{CT}JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm": LOSSY,
    f"{CT}JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm": LOSSY,
    f"{CT}LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm": CLEAN,
    f"{CT}LittleEndianImplicitTransferSyntax_1.2.840.10008.1.2.dcm": CLEAN,
    f"{CT}RLELosslessTransferSyntax_1.2.840.10008.1.2.5.dcm": CLEAN,
    "dcm_qa_ct__14.dcm": ("gantry_tilt",),
    "dcm_qa_ct__philips_bone_I650.dcm": CLEAN,
    "dcm_qa_ct__philips_localizer_I10.dcm": Reason.LOCALIZER,
    "dcm_qa_ct__philips_patient_info_screen.dcm": Reason.SECONDARY_CAPTURE,
    # The file is a DICOMDIR record set, not the picture that its name promises.
    "dcm_qa_ct__philips_refsurview.dcm": Reason.NOT_CT,
    "dicom-test-files__CT1_J2KR.dcm": ("derived",),
    "dicom-test-files__CT1_JLSN.dcm": LOSSY,
    "dicom-test-files__CT1_RLE.dcm": ("derived",),
    "dicom-test-files__CT2_J2KI.dcm": LOSSY,
    "dicom-test-files__CT2_JLSL.dcm": ("derived",),
    "dicom-test-files__CT2_JPLL.dcm": ("derived",),
    "dicom-test-files__CT2_RLE.dcm": ("derived",),
    "dicom-test-files__SC1_JPLY.dcm": Reason.SECONDARY_CAPTURE,
    # Pixels were blanked by anonymisation: it reads as air, and scoring abstains.
    "dicom2nifti__IM-0001-0001.dcm": ("gantry_tilt",),
    "entregable1__lungfcp_seg_in_ct_class.dcm": Reason.NOT_CT,
    "lungmask__0.dcm": ("modality_missing",),
    "made_here__empty.dcm": Reason.EMPTY_FILE,
    "made_here__no_rescale.dcm": Reason.NO_RESCALE,
    "made_here__nonsquare_pixels.dcm": Reason.NON_SQUARE_PIXELS,
    "made_here__truncated_half.dcm": Reason.TRUNCATED,
    "made_here__truncated_header.dcm": Reason.TRUNCATED,
    "pydicom-data__693_J2KR.dcm": CLEAN,
    "pydicom-data__bad_sequence.dcm": CLEAN,
    "pydicom-data__eCT_Supplemental.dcm": Reason.DERIVED,
    "pydicom-data__explicit_VR-UN.dcm": CLEAN,
    "pydicom__17136.dcm": Reason.TOO_SMALL,
    "pydicom__6924.dcm": Reason.LOCALIZER,
    "pydicom__693_J2KI.dcm": LOSSY,
    "pydicom__CT_small.dcm": Reason.TOO_SMALL,
    "pydicom__ExplVR_BigEndNoMeta.dcm": Reason.NOT_CT,
    "pydicom__J2K_pixelrep_mismatch.dcm": ("gantry_tilt",),
    "pydicom__JPEG-lossy.dcm": Reason.NOT_CT,
    "pydicom__MR_small.dcm": Reason.NOT_CT,
    "pydicom__MR_truncated.dcm": Reason.NOT_CT,
    "pydicom__liver_1frame.dcm": Reason.NOT_CT,
    "pydicom__meta_missing_tsyntax.dcm": Reason.NOT_CT,
    # A stray byte before the first element leaves nothing that parses as DICOM.
    "pydicom__no_meta.dcm": Reason.UNKNOWN_FORMAT,
    "pydicom__zipMR.gz.dcm": Reason.NOT_CT,
}

SCORED = sorted(name for name, end in EXPECTED.items() if isinstance(end, tuple))
REFUSED = sorted(set(EXPECTED) - set(SCORED))


@cache
def index() -> dict[str, dict[str, Any]]:
    entries = json.loads((ZOO / "index.json").read_text(encoding="utf-8"))
    return {entry["file"]: entry for entry in entries}


def only_slice(name: str) -> Slice:
    found = find_scans([ZOO / name])
    assert found.skipped == ()
    ((header,),) = (scan.headers for scan in found.scans)
    return read_slice(header)


def test_table_names_every_file_of_the_index() -> None:
    assert set(EXPECTED) == set(index())


@pytest.mark.parametrize("name", SCORED)
def test_scored_with_the_hu_that_the_index_implies(name: str) -> None:
    read, entry = only_slice(name), index()[name]
    assert read.header.flags == EXPECTED[name]
    assert read.hu.shape == (entry.get("rows", 512), entry.get("cols", 512))
    if "pixel_max" not in entry:
        return
    slope, intercept = float(entry["slope"]), float(entry["intercept"])
    # Decoders of lossy JPEG may differ by one stored value.
    tolerance = slope if read.header.flags == LOSSY else 0.01
    assert read.hu.max() == pytest.approx(entry["pixel_max"] * slope + intercept, abs=tolerance)
    lowest = max(entry["pixel_min"] * slope + intercept, -1024.0)
    assert read.hu.min() == pytest.approx(lowest, abs=tolerance)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_right_reason(name: str) -> None:
    found = find_scans([ZOO / name])
    assert found.scans == ()
    ((reason, detail),) = ((skipped.reason, skipped.detail) for skipped in found.skipped)
    assert reason is EXPECTED[name]
    assert detail


@pytest.mark.parametrize("name", [name for name in SCORED if name.startswith(CT)])
def test_one_slice_in_all_transfer_syntaxes(name: str) -> None:
    """Without loss the pixels are identical; with loss they stay within the coarser steps."""
    original = only_slice(f"{CT}LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm").hu
    difference = np.abs(only_slice(name).hu - original)
    if EXPECTED[name] == CLEAN:
        assert difference.max() == 0
    else:
        assert difference.mean() < 15


def test_the_whole_zoo_in_one_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(ZOO, tmp_path / "zoo")
    found = find_scans([folder])
    files = sorted(path.name for path in folder.iterdir())
    used = {header.source.file.name for scan in found.scans for header in scan.headers}
    skipped = {skip.file.name: skip.reason for skip in found.skipped}
    assert sorted([*used, *skipped]) == files
    # Lossless copies of one SOP instance are one image, whatever their transfer syntax.
    copies = {name for name, reason in skipped.items() if reason is Reason.DUPLICATE}
    assert copies < set(SCORED)
    assert used == set(SCORED) - copies
    assert sum(name.startswith(CT) for name in copies) == 8
    others = {name: reason for name, reason in skipped.items() if name not in copies}
    expected = {name: EXPECTED[name] for name in REFUSED} | {"index.json": Reason.UNKNOWN_FORMAT}
    assert others == expected
    assert capfd.readouterr() == ("", "")


def test_two_real_series() -> None:
    found = find_scans([SHARED / "dicom-series"])
    assert found.skipped == ()
    assert sum(len(scan.headers) for scan in found.scans) == len(
        list((SHARED / "dicom-series").rglob("*.dcm"))
    )
    assert [scan.warnings for scan in found.scans] == [(), ()]
    for scan in found.scans:
        positions = [header.z_mm for header in scan.headers if header.z_mm is not None]
        assert len(positions) == len(scan.headers)
        assert positions == sorted(positions)
        assert not any(isinstance(each, Skipped) for each in stream_slices(scan.headers[:3]))


def test_real_npz_volume() -> None:
    path = SHARED / "ct" / "dcmqi_99000.npz"
    (scan,) = find_scans([path]).scans
    with np.load(path) as archive:
        hu, spacing_mm, z_mm = archive["hu"], archive["spacing_mm"], archive["z_mm"]
    assert len(scan.headers) == len(hu)
    assert scan.headers[0].spacing_mm == pytest.approx(tuple(spacing_mm[1:]))
    assert sorted(z_mm.tolist()) == [header.z_mm for header in scan.headers]
    for header in scan.headers[:2]:
        expected = np.maximum(hu[header.source.frame], -1024)
        np.testing.assert_array_equal(read_slice(header).hu, expected)
