"""A result is written in full or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ctiqa.errors import OutputError
from ctiqa.io.atomic import check_folder, make_folder, replace_file, write_bytes


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_and_old_files_are_written(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_bytes(path, b"one")
    path.chmod(0o640)
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["report.json"]


def test_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_bytes(tmp_path / "new", b"")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_failure_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=os.strerror(code)) as caught:
        write_bytes(path, b"new")
    assert "report.json' must be writable" in str(caught.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["report.json"]


def test_error_of_the_writer_passes_and_leaves_nothing(tmp_path: Path) -> None:
    def write_half() -> None:
        with replace_file(tmp_path / "a") as stream:
            stream.write(b"half")
            raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        write_half()
    assert names(tmp_path) == []


@pytest.mark.parametrize("place", ["folder", "absent/report.json"])
def test_places_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="choose another place"):
        write_bytes(tmp_path / place, b"")
    assert names(tmp_path) == ["folder"]


def test_folders_are_made_with_those_above(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("step", [make_folder, check_folder])
def test_a_file_in_the_way_of_a_folder(tmp_path: Path, step: Callable[[Path], None]) -> None:
    (tmp_path / "file").touch()
    for place in ("file", "file/below"):
        with pytest.raises(OutputError, match="choose another place"):
            step(tmp_path / place)


def test_a_place_is_checked_without_making_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_folder(tmp_path / "a" / "b")
    monkeypatch.chdir(tmp_path)
    check_folder(Path("new"))
    assert names(tmp_path) == []
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="must be a writable folder"):
        check_folder(tmp_path / "a" / "b")


def test_a_disc_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="Read-only file system"):
        make_folder(tmp_path / "a")
