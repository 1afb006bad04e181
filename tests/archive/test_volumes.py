"""Volumes whose voxels are in another file: both are one input, in every survey."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.archive.made import Surveyor, opened, touch
from tests.io.volumes import as_big_endian_mhd, as_nifti, as_packed_nhdr, meta_header, stack

Write = Callable[[Path], Path]


def write_mhd(folder: Path, name: str = "ct", data: str = "ct.raw", more: int = 0) -> Path:
    """A header and its data; the data is written as a whole, and once more brighter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / data).write_bytes((stack() + more).astype("<i2").tobytes())
    (folder / f"{name}.mhd").write_bytes(meta_header(data))
    return folder / f"{name}.mhd"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    write_mhd(folder, "ct", "voxels.bin")
    (folder / "letter.txt").write_text("Dear colleague")
    return folder


@pytest.mark.parametrize("write", [as_big_endian_mhd, as_packed_nhdr, as_nifti])
def test_a_volume_is_read_once(
    survey: Surveyor, tmp_path: Path, write: Callable[..., Path]
) -> None:
    root = tmp_path / "archive"
    root.mkdir()
    write(root, stack())
    done = survey(root)
    assert (done.stored, done.skipped) == (1, {})
    with opened(root) as files:
        done = survey(root)
    assert files == []
    assert done.unchanged == done.listed == len(list(root.iterdir()))


def test_changed_data_are_a_changed_volume(survey: Surveyor, root: Path) -> None:
    assert survey(root).stored == 1
    write_mhd(root, "ct", "voxels.bin", more=100)
    touch(root / "voxels.bin")
    done = survey(root)
    assert (done.stored, done.known, done.unchanged) == (1, 0, 1)
    assert done.is_complete
    scans = survey.frame()
    assert scans["content"].n_unique() == 2
    assert survey(root).unchanged == 3


def test_touched_data_are_known(survey: Surveyor, root: Path) -> None:
    survey(root)
    touch(root / "voxels.bin")
    done = survey(root)
    assert (done.stored, done.known, done.unchanged) == (0, 1, 1)
    assert done.is_complete


def test_data_that_come_after_their_header(survey: Surveyor, tmp_path: Path) -> None:
    root = tmp_path / "archive"
    write_mhd(root)
    data = (root / "ct.raw").read_bytes()
    (root / "ct.raw").write_bytes(data[:1000])
    done = survey(root)
    assert done.stored == 0
    assert set(done.skipped) == {str(root / "ct.mhd"), str(root / "ct.raw")}
    (root / "ct.raw").write_bytes(data)
    done = survey(root)
    assert (done.stored, done.skipped) == (1, {})
    assert survey.reasons() == {}
    assert survey(root).unchanged == 2


def test_two_volumes_of_one_name_and_one_with_shared_data(survey: Surveyor, tmp_path: Path) -> None:
    root = tmp_path / "archive"
    write_mhd(root / "a")
    write_mhd(root / "b", more=50)
    (root / "b" / "second.mhd").write_bytes(
        meta_header("ct.raw").replace(b"ElementSpacing = 0.7 0.7 3", b"ElementSpacing = 0.7 0.7 5")
    )
    assert survey(root).stored == 3
    (root / "b" / "ct.raw").write_bytes((stack() + 100).astype("<i2").tobytes())
    touch(root / "b" / "ct.raw")
    done = survey(root)
    assert (done.stored, done.unchanged) == (2, 2)


def test_the_data_belong_to_the_content(tmp_path: Path) -> None:
    from ctiqa.io import find_scans
    from ctiqa.store.content import content_digest

    digests = set()
    for number, more in enumerate((0, 0, 1)):
        path = write_mhd(tmp_path / str(number), more=more)
        (scan,) = find_scans([path]).scans
        digests.add(content_digest(scan))
    assert len(digests) == 2
