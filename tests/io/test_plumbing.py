"""Opening, sniffing, silence, and the axes of volumes."""

from __future__ import annotations

import gzip
import io
import logging
import os
import subprocess
import sys
import warnings
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from tests.io import make

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access import files
from ctiqa.io.dicom.decoding.codestream import declared_matrix
from ctiqa.io.silence import captured_stderr, foreign, silent
from ctiqa.io.volumes.axes import Placement, anatomical_axes, slice_geometry


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (bytes(128) + b"DICM", "dicom"),
        (b"\x08\x00\x05\x00CS", "dicom"),
        (b"\x00\x08\x00\x05CS", "dicom"),
        (gzip.compress(bytes(128) + b"DICM" + bytes(300), mtime=0), "dicom"),
        (bytes(344) + b"n+1\x00", "nifti"),
        (bytes(4) + b"n+2\x00" + bytes(400), "nifti"),
        (b"NRRD0005\n", "nrrd"),
        (b"\x93NUMPY\x01\x00", "npy"),
        (b"MM\x00*\x00\x00", "tiff"),
        (b"NDims = 3\n", "metaimage"),
        (b"ObjectType=Image\n", "metaimage"),
    ],
)
def test_formats_are_told_by_content(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / "wrong.jpg"
    path.write_bytes(content)
    assert files.sniff(path) == name


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff\xe0JFIF",
        b"%PDF-1.7",
        b"\x1f\x8b\x08",
        gzip.compress(b"NRRD0005\n", mtime=0),
        b"\x00",
    ],
)
def test_other_formats_are_unknown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "right.dcm"
    path.write_bytes(content)
    with pytest.raises(RefusedError) as caught:
        files.sniff(path)
    assert caught.value.reason is Reason.UNKNOWN_FORMAT


def test_inflating_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_INFLATED_BYTES", 1000)
    with pytest.raises(RefusedError, match="more than 1000 bytes") as caught:
        files.inflate(io.BytesIO(gzip.compress(bytes(5000), mtime=0)))
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(("cut", "reason"), [(-9, Reason.TRUNCATED), (10, Reason.CORRUPT)])
def test_inflating_damaged_streams(cut: int, reason: Reason) -> None:
    packed = gzip.compress(os.urandom(500), mtime=0)
    damaged = packed[:cut] if cut < 0 else packed[:cut] + b"\xff" * 50
    with pytest.raises(RefusedError) as caught:
        files.inflate(io.BytesIO(damaged))
    assert caught.value.reason is reason


def test_foreign_failures_do_not_quote_the_file() -> None:
    with pytest.raises(RefusedError) as caught, foreign("the header"):
        raise ValueError(make.PATIENT)
    assert str(caught.value) == "the header cannot be parsed (ValueError)"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_foreign_lets_refusals_and_interrupts_pass() -> None:
    with pytest.raises(RefusedError, match="its own") as caught, foreign("the header"):
        raise RefusedError(Reason.COLOUR, "its own")
    assert caught.value.reason is Reason.COLOUR
    with pytest.raises(KeyboardInterrupt), foreign("the header"):
        raise KeyboardInterrupt


def test_a_panic_that_is_no_exception_is_a_refusal() -> None:
    class Panic(BaseException):
        """As raised by extensions written in Rust."""

    with pytest.raises(RefusedError, match="Panic"), foreign("the frame"):
        raise Panic


def test_silence_is_narrow_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    with silent():
        warnings.warn(make.PATIENT, stacklevel=1)
        logging.getLogger("pydicom").warning(make.PATIENT)
        logging.getLogger("pydicom.pixels.decoders.base").error(make.PATIENT)
        logging.getLogger("mine").warning("heard")
    assert caplog.messages == ["heard"]
    logging.getLogger("pydicom.pixels").warning("heard again")
    assert caplog.messages == ["heard", "heard again"]
    assert not logging.getLogger("pydicom").disabled


def test_prints_of_c_libraries_are_captured(capfd: pytest.CaptureFixture[str]) -> None:
    with captured_stderr() as said:
        os.write(2, b"Corrupt JPEG data")
        said.seek(0)
        assert said.read() == b"Corrupt JPEG data"
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)])
def test_axes_of_an_axial_volume_however_it_is_stored(
    order: tuple[int, int, int], flips: tuple[int, int, int]
) -> None:
    """Columns run to the left, rows to the back, and positions rise to the head."""
    steps = np.diag([0.7, 0.7, 2.5]) * np.array(flips)[:, None]
    stored = [tuple(steps[axis].tolist()) for axis in order]
    placement = Placement(tuple(stored), (0.0, 0.0, 100.0))
    axes = anatomical_axes(placement, (300, 300, 300))
    assert (order[axes.cols], order[axes.rows], order[axes.slices]) == (0, 1, 2)
    assert (axes.flip_cols, axes.flip_rows) == (flips[0] < 0, flips[1] < 0)
    spacing, orientation, z_mm = slice_geometry(placement, axes, 4)
    assert spacing == (0.7, 0.7)
    assert orientation == pytest.approx((1, 0, 0, 0, 1, 0))
    assert z_mm == 100 + 4 * 2.5 * flips[2]


def test_axes_of_single_slices_and_unknown_placement() -> None:
    cube = Placement(((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0)), (0.0, 0.0, 0.0))
    assert anatomical_axes(cube, (300, 1, 300)).slices == 1
    assert anatomical_axes(cube, (300, 300, 300)).slices == 2
    assert anatomical_axes(None, (300, 300, 300)).slices == 2


def test_sheared_volume_has_no_orientation() -> None:
    sheared = Placement(((0.7, 0.7, 0), (0, 0.7, 0), (0, 0, 3.0)), (0.0, 0.0, 0.0))
    axes = anatomical_axes(sheared, (300, 300, 9))
    assert slice_geometry(sheared, axes, 0)[1:] == (None, None)


@pytest.mark.parametrize(
    ("code", "matrix"),
    [
        ("ffd8 ffe0 0004 0000 ffc0 000b 08 0200 0100 01", (512, 256)),
        ("ffd8 ffc4 0004 0000 ffc3 000b 10 0100 0200 01", (256, 512)),
        ("ff4f ff51 0029 0000 00000200 00000300 00000000 00000100", (512, 512)),
        ("ffd8 ffd9", None),
        ("ffd8 0000 0000 0000 0000 0000", None),
        ("0102", None),
    ],
)
def test_matrix_of_a_codestream(code: str, matrix: tuple[int, int] | None) -> None:
    assert declared_matrix(bytes.fromhex(code)) == matrix


def test_importing_loads_no_parser() -> None:
    heavy = "{'pydicom', 'nibabel', 'tifffile', 'nrrd', 'gdcm', 'torch', 'scipy'}"
    code = f"import sys, ctiqa.io; print({heavy} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


@pytest.mark.parametrize("fed", ["file", "standard input"])
@pytest.mark.parametrize("jobs", [1, 3])
def test_unguarded_script_gets_its_slices_and_is_not_run_again(
    tmp_path: Path, jobs: int, fed: str
) -> None:
    """A new process must not do again what the script does."""
    make.write_series(tmp_path / "ct", 8, syntax=make.JPEG_LS)
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom ctiqa.io import find_scans, stream_slices\n"
        "(scan,) = find_scans([Path(sys.argv[1])]).scans\n"
        f"print(sum(hasattr(each, 'hu') for each in stream_slices(scan.headers, jobs={jobs})))\n",
        encoding="utf-8",
    )
    name = str(script) if fed == "file" else "-"
    ran = subprocess.run(
        [sys.executable, name, str(tmp_path / "ct")],
        input=script.read_text(encoding="utf-8") if fed != "file" else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == ("8\n", "")
