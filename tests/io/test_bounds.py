"""Hostile input costs neither memory nor time, and a full disc costs one file."""

from __future__ import annotations

import errno
import io
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from tests.io import make
from tests.io.test_tiff import ASCII, LONG, SHORT, tiff_of
from tests.io.volumes import as_nifti_gz, as_packed_mha, meta_header, read_all, stack

from ctiqa.errors import Reason, RefusedError
from ctiqa.io import find_scans, read_file_headers, read_slice
from ctiqa.io.volumes import voxels
from ctiqa.io.volumes.spool import Spool

MIB = 1 << 20
MOST_MIB = 512

MEASURED = """
import os, re, sys
from pathlib import Path
from ctiqa.io import find_scans
found = find_scans([Path(sys.argv[1])])
print(len(found.scans), *(skip.reason for skip in found.skipped))
# Not getrusage: what it says begins with the memory of the process that started this one.
peak = re.compile(r"VmHWM:\\s+(\\d+) kB")
children = Path(f"/proc/self/task/{os.getpid()}/children")
others = children.read_text().split() if children.exists() else []
status = [Path(f"/proc/{each}/status").read_text() for each in ("self", *others)]
print(sum(int(peak.search(text)[1]) for text in status) // 1024)
"""


def deflated(start: bytes, count_mib: int = 800) -> bytes:
    """Mebibytes of zeros behind a start, deflated, without waiting for the compressor."""
    packer = zlib.compressobj(9, wbits=-15)
    first = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * count_mib + packer.flush()


def gzipped(start: bytes) -> bytes:
    """The same as a gzip stream, whose checksum is never reached."""
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + deflated(start) + bytes(8)


def zlibbed(start: bytes = b"") -> bytes:
    return b"\x78\x9c" + deflated(start) + bytes(4)


def long_entry(tag: int, kind: int, size: int) -> bytes:
    """A TIFF with an entry of many values, which lie behind its end."""
    short: dict[str, Any] = {f"t{tag}": (LONG, 1 << 20)}
    content = tiff_of(make.phantom().tobytes(), **short)
    entry = struct.pack("<HHI", tag, LONG, 1)
    assert content.count(entry) == 1
    return content.replace(entry, struct.pack("<HHI", tag, kind, size))


def zipped(path: Path, name: str, start: bytes) -> None:
    """The same as a file in a ZIP archive."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, deflated(start))
    content = bytearray(path.read_bytes())
    size = struct.pack("<I", len(start) + 800 * MIB)
    for magic, method in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        place = content.rfind(magic)
        content[place + method : place + method + 2] = b"\x08\0"
        content[place + method + 14 : place + method + 18] = size
    path.write_bytes(content)


def nifti_start(depth: int) -> bytes:
    make_header: Any = nibabel.Nifti1Header
    header = make_header()
    header.set_data_dtype("i2")
    header.set_data_shape((1024, 1024, depth))
    header["vox_offset"], header["magic"] = 352, b"n+1"
    return bytes(header.binaryblock) + bytes(4)


def npy_start() -> bytes:
    stream = io.BytesIO()
    head = np.lib.format.header_data_from_array_1_0(np.zeros((1, 1024, 1024), "<i2"))
    np.lib.format.write_array_header_1_0(stream, {**head, "shape": (400, 1024, 1024)})
    return stream.getvalue()


def sparse(path: Path, start: bytes, size: int = 3_000_000_000) -> None:
    with path.open("wb") as stream:
        stream.write(start)
        stream.truncate(size)


PACKED = {"CompressedData": "True", "DimSize": "1024 1024 400"}

BOMBS: dict[str, Callable[[Path], object]] = {
    "voxels.nii.gz": lambda path: path.write_bytes(gzipped(nifti_start(400))),
    "behind.nii.gz": lambda path: path.write_bytes(
        gzipped(nifti_start(1) + np.resize(stack()[0], (1024, 1024)).tobytes())
    ),
    "voxels.mha": lambda path: path.write_bytes(meta_header("LOCAL", **PACKED) + zlibbed()),
    "slice.dcm.gz": lambda path: path.write_bytes(gzipped(bytes(128) + b"DICM")),
    "strip.tif": lambda path: path.write_bytes(tiff_of(zlibbed(), t259=(SHORT, 8))),
    "description.tif": lambda path: sparse(path, long_entry(270, ASCII, 2 << 30)),
    "offsets.tif": lambda path: sparse(path, long_entry(273, LONG, 75 << 20)),
    "voxels.npz": lambda path: zipped(path, "hu.npy", npy_start()),
    "slice.zip": lambda path: zipped(path, "a.dcm", bytes(128) + b"DICM"),
    "line.nrrd": lambda path: sparse(path, b"NRRD0004\ntype: short\n"),
    "line.mha": lambda path: sparse(path, b"ObjectType = Image\nComment = "),
    "header.npy": lambda path: sparse(path, b"\x93NUMPY\x02\x00\xff\xff\xff\x7f"),
    "sparse.nii": lambda path: sparse(path, nifti_start(1400)),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_little_memory(tmp_path: Path, name: str) -> None:
    BOMBS[name](tmp_path / name)
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    outcome, used_mib = ran.stdout.splitlines()
    scans, *reasons = outcome.split()
    assert set(reasons) <= {"too_large", "corrupt", "hu_convention_unknown"}
    # Voxels of 0 alone are blank slices: not refused, but never scored either.
    assert reasons or (scans, name) == ("1", "sparse.nii")
    assert int(used_mib) < MOST_MIB
    assert ran.stderr == ""


@pytest.mark.parametrize("failing", ["no room", "full", "read-only", "no folder"])
def test_a_full_disc_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    as_packed_mha(tmp_path, stack())
    make.write_ct(tmp_path / "good.dcm")
    number = {"full": errno.ENOSPC, "read-only": errno.EROFS}.get(failing, 0)

    class Full:
        def __getattr__(self, _: str) -> Any:
            raise OSError(number, "it fails")

        def close(self) -> None:
            """Nothing to close."""

    def refuse(*_: object) -> Any:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    if failing == "no room":
        monkeypatch.setattr("shutil.disk_usage", lambda _: _Usage())
    elif failing == "no folder":
        monkeypatch.setattr(tempfile, "gettempdir", refuse)
    else:
        monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    found = find_scans([tmp_path])
    assert [scan.path.name for scan in found.scans] == ["good.dcm"]
    (skip,) = found.skipped
    assert skip.reason is Reason.TOO_LARGE
    assert "TMPDIR" in skip.detail


class _Usage:
    """A disc with a thousand bytes left."""

    free = 1000


def test_slices_that_lie_scattered_are_put_in_order_a_slab_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Fortran's order the slices are the fastest axis, or the middle one."""
    monkeypatch.setattr(voxels, "SLAB_BYTES", 5000)
    many = np.concatenate([stack(), stack() + np.int16(7)])
    np.save(tmp_path / "a.npy", np.asfortranarray(many))
    np.testing.assert_array_equal(read_all(tmp_path / "a.npy"), np.maximum(many, -1024))
    affine = np.array([[-0.7, 0, 0, 0], [0, 0, -0.7, 0], [0, 3, 0, 0], [0, 0, 0, 1.0]])
    image: Any = nibabel.Nifti1Image(many.transpose(2, 0, 1), affine)  # type: ignore[no-untyped-call]
    (tmp_path / "b.nii").write_bytes(image.to_bytes())
    np.testing.assert_array_equal(read_all(tmp_path / "b.nii"), np.maximum(many, -1024))


def test_the_temporary_file_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(size: int) -> Spool:
        made.append(size)
        return Spool(size)

    monkeypatch.setattr(voxels, "Spool", counted)
    read_all(as_nifti_gz(tmp_path, stack()))
    assert made == [stack().nbytes]


def test_a_file_that_changes_between_headers_and_pixels_is_read_anew(tmp_path: Path) -> None:
    path = as_packed_mha(tmp_path, stack())
    header = read_file_headers(path).headers[2]
    path.write_bytes(meta_header("LOCAL", DimSize="260 256 1") + stack()[0].tobytes())
    with pytest.raises(RefusedError, match="slice 2 is not in the volume"):
        read_slice(header)
