"""The files of ../shared/faults and ../shared/attacks themselves, each with its right behaviour."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from pydicom import dcmread
from tests.corpus.build import Hu
from tests.corpus.case import Right, complaint, leak, outcome, refused
from tests.corpus.kinds import readers_apart, unbounded

from ctiqa import Scorer
from ctiqa.errors import Reason
from ctiqa.io import ReadOptions, find_scans

SHARED = Path(__file__).parents[2].parent / "shared"
FAULTS, ATTACKS = SHARED / "faults", SHARED / "attacks"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not (FAULTS.is_dir() and ATTACKS.is_dir()), reason="needs ../shared/faults and attacks"
    ),
]

CORRUPT, TRUNCATED, TOO_LARGE = Reason.CORRUPT, Reason.TRUNCATED, Reason.TOO_LARGE
NOT_HU = refused(Reason.NOT_HU)
UNKNOWN_HU = refused(Reason.HU_CONVENTION_UNKNOWN)
DERIVED = refused(Reason.DERIVED)


def hu_of(content: Path | BytesIO) -> Hu:
    """The HU of an ordinary DICOM file, by pydicom."""
    ds = dcmread(content)
    hu = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
    return np.maximum(hu, -1024).astype("f4")[np.newaxis]


def plain() -> Hu:
    """The slice that all were made from."""
    return hu_of(FAULTS / "00-plain-slice.dcm")


def series(name: str) -> Hu:
    """The slices of a folder."""
    return np.concatenate([hu_of(path) for path in sorted((FAULTS / name).iterdir())])


def nothing_but(path: str) -> Right:
    """The HU of one DICOM file of the controls."""
    return Right(lambda: hu_of(FAULTS / path))


def nothing_but_voxels(path: str) -> Right:
    """The HU of one NIfTI of the controls."""
    return Right(lambda: voxels(path))


def raw_slices() -> Hu:
    """The slices of the NRRD that lists them."""
    files = sorted((FAULTS / "nhdr-list-of-slice-files").glob("*.raw"))
    return np.stack([np.fromfile(file, "<i2").reshape(256, 256) for file in files]).astype("f4")


def pages(name: str, first: int = 0) -> Hu:
    """The pages of a TIFF."""
    with tifffile.TiffFile(FAULTS / name) as tiff:
        hu = np.concatenate([part.asarray().reshape(-1, 256, 256) for part in tiff.series[first:]])
    return hu.astype("f4")


def zipped() -> Hu:
    """The slice inside the archive."""
    with zipfile.ZipFile(FAULTS / "zipped-dicom-folder.zip") as archive:
        return hu_of(BytesIO(archive.read(archive.namelist()[0])))


def voxels(name: str) -> Hu:
    """The HU of a NIfTI, by nibabel."""
    load: Any = nibabel.load
    image = load(FAULTS / name)
    hu = np.maximum(np.asarray(image.dataobj), -1024).transpose(2, 1, 0)
    return np.asarray(hu, np.float32)


def last_axis() -> Hu:
    """The NPZ cut along its last axis."""
    with np.load(FAULTS / "npz-rows-cols-slices-order.npz") as archive:
        hu = np.maximum(archive["hu"], -1024).transpose(2, 0, 1)
    return np.asarray(hu, np.float32)


PLAIN = Right(plain)
PLAIN_OR_CORRUPT = Right(plain, frozenset({CORRUPT}))

EXPECTED: dict[str, Right | tuple[Right, ...]] = {
    "signed-12-bit-in-16-not-sign-extended.dcm": PLAIN,
    "high-bit-15-left-justified-12-bit.dcm": PLAIN_OR_CORRUPT,
    "jpeg2000-16-bit-codestream-with-overlay-in-bit-12.dcm": PLAIN,
    "big-endian-syntax-little-endian-pixels-vr-OB.dcm": PLAIN_OR_CORRUPT,
    "unsigned-pixels-intercept-0.dcm": NOT_HU,
    "8-bit-window-export-slope-1-intercept-0.dcm": NOT_HU,
    "air-at-minus-7000-times-7.dcm": NOT_HU,
    "iodine-map-rescale-type-mg-per-ml.dcm": NOT_HU,
    "mip-labelled-axial-CT_SOM5-MIP.dcm": DERIVED,
    "multi-energy-electron-density-image-type.dcm": refused(Reason.DERIVED, Reason.NOT_HU),
    "nifti-stored-values-padding-minus-2000-no-intercept.nii.gz": UNKNOWN_HU,
    "nifti-shifted-by-1024-with-four-negative-pixels.nii.gz": UNKNOWN_HU,
    "nifti-z-score-normalised.nii.gz": UNKNOWN_HU,
    "nifti-hu-divided-by-1000-with-dense-insert.nii.gz": UNKNOWN_HU,
    "npz-rows-cols-slices-order.npz": (
        Right(last_axis),
        refused(Reason.NOT_2D, Reason.NOT_AXIAL, CORRUPT, Reason.HU_CONVENTION_UNKNOWN),
    ),
    "tiff-four-slices-in-one-ifd.tif": (
        Right(lambda: pages("tiff-four-slices-in-one-ifd.tif")),
        refused(CORRUPT, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
    ),
    "hu-clipped-to-window-minus-160-240.dcm": refused(Reason.NOT_HU, Reason.HU_CONVENTION_UNKNOWN),
    "rescale-type-US-as-simpleitk-writes-it.dcm": PLAIN,
    "decimal-comma-in-rescale.dcm": Right(plain, frozenset({Reason.NO_RESCALE})),
    "same-sop-instance-uid-in-every-slice": Right(
        lambda: series("same-sop-instance-uid-in-every-slice"), warned=True
    ),
    "nhdr-data-file-dot-slash": PLAIN,
    "hu-written-back-intercept-left-at-minus-1024.dcm": NOT_HU,
    "tiff-thumbnail-page-first.tif": Right(
        lambda: pages("tiff-thumbnail-page-first.tif", 1), beside=frozenset({Reason.TOO_SMALL})
    ),
    "tiff-float32-in-hu.tif": Right(
        lambda: pages("tiff-float32-in-hu.tif"), frozenset({Reason.HU_CONVENTION_UNKNOWN})
    ),
    "meta-says-implicit-vr-data-set-is-explicit.dcm": PLAIN,
    "series-instance-uid-per-slice": Right(
        lambda: series("series-instance-uid-per-slice"), warned=True
    ),
    "palette-colour.dcm": refused(Reason.COLOUR, words="palette"),
    "nhdr-list-of-slice-files": (Right(raw_slices), refused(Reason.UNSUPPORTED_TRANSFER_SYNTAX)),
    "nrrd-int64.nrrd": PLAIN,
    "nrrd-4d-single-volume.nrrd": PLAIN,
    "mhd-header-size-minus-1": PLAIN,
    "nifti-sform-all-zero-qform-good.nii.gz": PLAIN,
    "zipped-dicom-folder.zip": (
        Right(zipped),
        refused(Reason.UNKNOWN_FORMAT, words="ZIP archive"),
    ),
}

CONTROLS: dict[str, Right] = {
    **{
        f"controls/{name}.dcm": nothing_but(f"controls/{name}.dcm")
        for name in (
            *("ge-padding-minus-3024-hu", "toshiba-padding-minus-2048-hu-intercept-0"),
            *("padding-minus-32768-hu", "intercept-minus-8192-padding-0"),
            *("small-field-of-view-no-air-min-minus-203", "virtual-monoenergetic-HU"),
            *("rescale-type-Hounsfield-Unit", "rescale-type-HU-lower-case"),
            *("image-type-CT_SOM5-SPI-DE", "signed-12-bit-sign-extended"),
        )
    },
    **{
        f"controls/{name}.nii.gz": nothing_but_voxels(f"controls/{name}.nii.gz")
        for name in ("small-field-of-view-no-air-min-minus-203", "nifti-padding-minus-3024")
    },
    # pydicom extends the sign of values that were never signed; the plain slice is what is meant.
    "controls/signed-flag-12-bits-stored-but-values-above-2047.dcm": PLAIN_OR_CORRUPT,
}

ATTACKED: dict[str, frozenset[Reason]] = {
    "name_in_sequence.dcm": frozenset(),
    "abort_jpll.dcm": frozenset({CORRUPT}),
    "segv_jpeg12.dcm": frozenset({CORRUPT, Reason.UNSUPPORTED_TRANSFER_SYNTAX}),
    "jpegls_cut.dcm": frozenset({CORRUPT, TRUNCATED}),
    "groups_stray_item.dcm.gz": frozenset(Reason),
    "groups_bytes_length.dcm.gz": frozenset(Reason),
    "gz_crc.nii.gz": frozenset({CORRUPT}),
    "many_frames.dcm": frozenset({CORRUPT, TOO_LARGE, TRUNCATED}),
    "huge_element.dcm": frozenset({CORRUPT, TOO_LARGE, TRUNCATED}),
    "endless_line.nrrd": frozenset({CORRUPT, TOO_LARGE}),
    "tiff_bomb.tif": frozenset({CORRUPT, TOO_LARGE}),
    "position_overflow.dcm": frozenset(),
}
"""Codes that an attack may be refused with; empty where it must be read."""

MAY_BE_READ = ("groups_stray_item.dcm.gz", "groups_bytes_length.dcm.gz")
"""Where the broken element may be ignored."""


def files_of(index: str) -> set[str]:
    """The files that an index names."""
    records = json.loads((FAULTS / index).read_text(encoding="utf-8"))
    return {record["file"] for record in records if record["file"]}


def check(name: str, expected: Right | tuple[Right, ...]) -> None:
    """One file or folder ends as it must."""
    ended = outcome([FAULTS / name], ReadOptions())
    answers = expected if isinstance(expected, tuple) else (expected,)
    complaints = [complaint(ended, right) for right in answers]
    assert None in complaints, complaints[0]
    assert leak(ended) is None


def test_the_tables_name_every_file() -> None:
    assert set(EXPECTED) == files_of("index.json")
    assert set(CONTROLS) == files_of("controls.json")


@pytest.mark.parametrize("name", EXPECTED)
def test_fault(name: str) -> None:
    check(name, EXPECTED[name])


@pytest.mark.parametrize("name", CONTROLS)
def test_control(name: str) -> None:
    check(name, CONTROLS[name])


def test_scores_of_the_controls_and_of_what_is_mended() -> None:
    """All that read as the plain slice score as it does; nothing read goes without a score."""
    scorer = Scorer(jobs=1)
    must = [name for name, right in {**EXPECTED, **CONTROLS}.items() if right is PLAIN]
    for name in ["00-plain-slice.dcm", *must]:
        assert scorer.score(FAULTS / name).score == pytest.approx(4.0, abs=0.05), name
    for name in CONTROLS:
        report = scorer.score_paths([FAULTS / name])
        assert all(scan.score is not None for scan in report.scans), name


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The attacks, the larger ones written by their script."""
    folder = tmp_path_factory.mktemp("attacks")
    scripted = [name for name in ATTACKED if not (ATTACKS / name).exists()]
    command = [sys.executable, str(ATTACKS / "generate.py"), str(folder), *scripted]
    subprocess.run(command, check=True, capture_output=True)
    for name in set(ATTACKED) - set(scripted):
        shutil.copy(ATTACKS / name, folder / name)
    return folder


@pytest.mark.parametrize("name", ATTACKED)
def test_attack(name: str, generated: Path, tmp_path: Path) -> None:
    os.link(generated / name, tmp_path / name)
    if name == "position_overflow.dcm":
        os.link(generated / "position_overflow_b.dcm", tmp_path / "b.dcm")
    with readers_apart() as apart:
        answer = apart.read(tmp_path)
    assert unbounded(answer) is None
    reasons = {reason for reason, _ in answer["skipped"]}
    assert reasons <= ATTACKED[name] | {Reason.DUPLICATE}
    if ATTACKED[name] and name not in MAY_BE_READ:
        assert answer["slices"] == 0
        assert reasons
    else:
        assert answer["slices"] or reasons


def test_no_name_of_the_attack_is_found_in_what_is_known_about_it() -> None:
    found = repr(find_scans([ATTACKS / "name_in_sequence.dcm"])).upper()
    assert "NAME_IN_SEQUENCE.DCM" in found
    assert [word for word in ("ZEBRA", "QUAGGA", "SECRET", "77777", "1933") if word in found] == []


def test_arrays_that_are_no_hu() -> None:
    done = subprocess.run(
        [sys.executable, str(ATTACKS / "arrays.py")], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 8
    assert [line for line in lines if "SCORED" in line] == []
