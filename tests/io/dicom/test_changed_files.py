"""Files that change between the reading of their header and of their pixels."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.io import make

from ctiqa.errors import Reason, RefusedError
from ctiqa.io import find_scans, read_file_headers, read_slice, stream_slices
from ctiqa.io.access.regular import Stamp, regular_stamp
from ctiqa.types import Skipped, Slice, SliceHeader

Change = Callable[[Path, Path], object]
"""What happens to the first of two files."""

REPLACED = "replaced or changed after its header was read"

CHANGES: dict[str, tuple[Change, Reason, str]] = {
    "replaced": (lambda file, other: shutil.copy(other, file), Reason.CORRUPT, REPLACED),
    "emptied": (lambda file, _: file.write_bytes(b""), Reason.EMPTY_FILE, "holds no bytes"),
    "cut short": (lambda file, _: os.truncate(file, 2000), Reason.TRUNCATED, "must hold"),
    "removed": (lambda file, _: file.unlink(), Reason.NO_PERMISSION, "cannot be opened"),
}


def stream_changed(folder: Path, change: Change) -> tuple[list[Slice | Skipped], Path]:
    """Find a series, change its middle file, and read all slices."""
    (scan,) = find_scans([folder]).scans
    changed, other = (scan.headers[index].source.file for index in (1, 2))
    change(changed, other)
    return list(stream_slices(scan.headers)), changed


@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.DEFLATED, make.RLE])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_file_is_skipped_with_its_reason(
    tmp_path: Path, syntax: str, change: str
) -> None:
    action, reason, detail = CHANGES[change]
    make.write_series(tmp_path, 3, syntax=syntax)
    found, changed = stream_changed(tmp_path, action)
    before, skipped, after = found
    assert isinstance(before, Slice)
    assert isinstance(after, Slice)
    assert isinstance(skipped, Skipped)
    assert skipped.file == changed
    assert skipped.reason is reason
    if syntax == make.EXPLICIT:
        assert detail in skipped.detail


@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.RLE])
def test_another_slice_of_the_same_size_and_time_is_noticed(tmp_path: Path, syntax: str) -> None:
    def replace_quietly(file: Path, other: Path) -> None:
        before = file.stat()
        content = other.read_bytes()[: before.st_size]
        file.write_bytes(content.ljust(before.st_size, b"\0"))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    make.write_series(tmp_path, 3, syntax=syntax)
    (_, skipped, _), _ = stream_changed(tmp_path, replace_quietly)
    assert isinstance(skipped, Skipped)
    assert REPLACED in skipped.detail


def test_a_frame_of_another_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    frames = [make.phantom(seed=seed) for seed in range(2)]
    make.write_enhanced(path, frames, slopes=[1, 1], z_mm=[0, 5])
    header = read_file_headers(path).headers[1]
    make.write_enhanced(path, frames, slopes=[1, 1], z_mm=[0, 10])
    assert_refused(header)


def test_a_file_that_changes_while_it_is_opened_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = make.write_series(tmp_path, 2)
    header = read_file_headers(file).headers[0]

    def late(path: Path) -> Stamp:
        found = regular_stamp(path)
        other.replace(file)
        monkeypatch.undo()
        return found

    monkeypatch.setattr("ctiqa.io.access.files.regular_stamp", late)
    assert_refused(header)


def test_a_file_that_was_only_touched_is_read(tmp_path: Path) -> None:
    (file,) = make.write_series(tmp_path, 1)
    header = read_file_headers(file).headers[0]
    os.utime(file, (1, 1))
    np.testing.assert_array_equal(read_slice(header).hu, make.phantom(seed=0))


@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")
def test_a_header_with_a_tag_that_is_not_a_number_is_unchanged(tmp_path: Path) -> None:
    file = make.write_ct(tmp_path / "a.dcm", syntax=make.DEFLATED, GantryDetectorTilt="nan")
    header = read_file_headers(file).headers[0]
    assert header.acquisition.gantry_tilt_deg != header.acquisition.gantry_tilt_deg
    np.testing.assert_array_equal(read_slice(header).hu, make.phantom())


def assert_refused(header: SliceHeader) -> None:
    with pytest.raises(RefusedError, match=REPLACED) as caught:
        read_slice(header)
    assert caught.value.reason is Reason.CORRUPT
