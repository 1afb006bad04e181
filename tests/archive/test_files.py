"""Whatever lies in an archive besides images, and files that cannot be read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.archive.made import Surveyor, opened, uid, write_archive, write_slices

from ctiqa.errors import NothingToDoError, Reason, RefusedError, UsageError
from ctiqa.io import ReadOptions
from ctiqa.io.formats import read_file_headers
from ctiqa.io.protocol import Contents

ROOT_READS_ALL = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden for root"
)

REPORT = "1.2.840.10008.5.1.4.1.1.88.67"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with everything that is not scored."""
    root = write_archive(tmp_path / "archive", 1)
    write_slices(root, 5, 1, SOPClassUID=REPORT, Modality="SR")
    write_slices(root, 6, 1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write_slices(root, 7, 1, Modality="MR")
    write_slices(root, 8, 1, ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])
    (root / "letter.pdf").write_bytes(b"%PDF-1.7 Dear colleague")
    (root / "empty.dcm").touch()
    (root / ".hidden.dcm").write_bytes(b"hidden")
    (root / "DICOMDIR").write_bytes(b"directory")
    return root


def test_everything_else_is_skipped_with_its_reason(survey: Surveyor, root: Path) -> None:
    done = survey(root)
    assert (done.listed, done.stored) == (8, 1)
    assert not done.is_complete
    reasons = {Path(name).name: reason for name, reason in done.skipped.items()}
    assert set(reasons) == {
        *("5-000.dcm", "6-000.dcm", "7-000.dcm", "8-000.dcm", "letter.pdf", "empty.dcm")
    }
    assert reasons["6-000.dcm"] == "localizer"
    assert reasons["7-000.dcm"] == "not_ct"
    assert reasons["letter.pdf"] == "unknown_format"
    assert reasons["empty.dcm"] == "empty_file"
    assert sum(survey.reasons().values()) == 6


def test_what_was_skipped_is_neither_opened_nor_named_again(survey: Surveyor, root: Path) -> None:
    survey(root)
    digest = survey.digest()
    with opened(root) as files:
        done = survey(root)
    assert files == []
    assert done.is_complete
    assert (done.unchanged, done.skipped) == (8, {})
    assert survey.digest() == digest


def test_a_new_version_tries_again(
    survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey(root)
    for module in ("seen", "unit_marks"):
        monkeypatch.setattr(f"ctiqa.archive.{module}.__version__", "99.0")
    done = survey(root)
    assert (done.unchanged, len(done.skipped)) == (2, 6)
    assert survey(root).unchanged == 8


def test_a_file_that_is_mended(survey: Surveyor, root: Path) -> None:
    survey(root)
    write_slices(root, 3, 1)[0].replace(root / "empty.dcm")
    done = survey(root)
    assert (done.stored, done.unchanged) == (1, 7)
    assert "empty_file" not in survey.reasons()


def test_a_mended_file_of_a_known_series_is_no_longer_skipped(
    survey: Surveyor, tmp_path: Path
) -> None:
    root = write_archive(tmp_path / "archive", 1)
    copies = write_archive(tmp_path / "copies", 1)
    whole = (copies / "s0" / "0-001.dcm").read_bytes()
    (copies / "s0" / "0-001.dcm").write_bytes(whole[:400])
    (copies / "s0" / "0-000.dcm").unlink()
    survey(root)
    survey(copies)
    assert sum(survey.reasons().values()) == 1
    write_slices(copies / "s0", 0, 2)
    assert survey(copies).known == 1
    assert survey.reasons() == {}


def test_many_skipped_files(
    survey: Surveyor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctiqa.archive.local.units.SKIPPED_AT_ONCE", 3)
    for number in range(10):
        (tmp_path / "archive").mkdir(exist_ok=True)
        (tmp_path / "archive" / f"{number}.txt").write_text("x")
    done = survey(tmp_path / "archive")
    assert (len(done.skipped), done.reasons) == (10, {"unknown_format": 10})
    assert survey(tmp_path / "archive").unchanged == 10


def test_an_empty_folder(survey: Surveyor, tmp_path: Path) -> None:
    (tmp_path / "archive" / "sub").mkdir(parents=True)
    with pytest.raises(NothingToDoError, match=r"no file in .*archive"):
        survey(tmp_path / "archive")
    assert survey.frame("runs").height == 0


@pytest.mark.parametrize("path", ["", "none"])
def test_a_path_that_is_none(survey: Surveyor, path: str) -> None:
    with pytest.raises(UsageError, match="must be a file or folder"):
        survey(path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_and_loops(survey: Surveyor, tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", 1)
    other = write_archive(tmp_path / "other", 2)
    (root / "loop").symlink_to(root)
    (root / "same.dcm").symlink_to(root / "s0" / "0-000.dcm")
    (root / "outside").symlink_to(other / "s1")
    done = survey(root)
    assert (done.listed, done.stored, done.skipped) == (4, 2, {})
    done = survey(root)
    assert (done.unchanged, done.gone) == (4, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_broken_link_is_tried_again(survey: Surveyor, tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", 1)
    (root / "link").symlink_to(tmp_path / "later")
    done = survey(root)
    assert done.reasons == {"no_permission": 1}
    assert survey(root).reasons == {"no_permission": 1}
    write_slices(tmp_path / "later", 1)
    done = survey(root)
    assert (done.stored, done.skipped) == (1, {})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_named_once(survey: Surveyor, tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", 1)
    os.mkfifo(root / "pipe")
    assert survey(root).reasons == {"unknown_format": 1}
    assert survey(root).unchanged == 3


@ROOT_READS_ALL
def test_a_file_that_becomes_readable(survey: Surveyor, tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", 1, 3)
    locked = root / "s0" / "0-001.dcm"
    locked.chmod(0)
    assert survey(root).reasons == {"no_permission": 1}
    assert survey(root).reasons == {"no_permission": 1}
    locked.chmod(0o644)
    done = survey(root)
    assert (done.stored, done.skipped) == (1, {})
    assert survey.current() == {uid(0): 3}
    assert survey.reasons() == {}


@ROOT_READS_ALL
def test_a_folder_that_becomes_readable(survey: Surveyor, tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", 2)
    (root / "s1").chmod(0)
    done = survey(root)
    assert (done.stored, done.reasons) == (1, {"no_permission": 1})
    (root / "s1").chmod(0o755)
    assert survey(root).stored == 1


def test_a_file_that_could_not_be_read(
    survey: Surveyor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, for those who may read everything."""
    root = write_archive(tmp_path / "archive", 1, 3)

    def refuse(path: Path, options: ReadOptions) -> Contents:
        if path.name == "0-001.dcm":
            raise RefusedError(Reason.NO_PERMISSION, "the path cannot be opened")
        return read_file_headers(path, options)

    with monkeypatch.context() as patch:
        patch.setattr("ctiqa.io.find.read_file_headers", refuse)
        assert survey(root).reasons == {"no_permission": 1}
        assert survey(root).reasons == {"no_permission": 1}
    done = survey(root)
    assert (done.stored, done.skipped) == (1, {})
    assert survey.current() == {uid(0): 3}
    assert survey.reasons() == {}


def test_names_of_any_bytes(survey: Surveyor, tmp_path: Path) -> None:
    root = tmp_path / "archive"
    place = root / os.fsdecode(b"M\xfcller \n 'x'" if sys.platform == "linux" else b"x")
    write_slices(place, 1)
    assert survey(root).stored == 1
    assert survey(root).unchanged == 2
