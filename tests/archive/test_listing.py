"""Where files are listed from: folders, files, links and manifests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.archive.made import Surveyor, opened, write_archive

from ctiqa.archive.choice import Choice
from ctiqa.archive.listing import list_local, stamp_of
from ctiqa.archive.local.groups import groups_of
from ctiqa.archive.unit import Entry, LocalUnit, Source, Unit
from ctiqa.errors import NothingToDoError, OutputError
from ctiqa.types import Scan, SliceHeader, SliceSource


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive", 3)


def write_manifest(file: Path, paths: Sequence[str | Path]) -> Path:
    file.write_text("path\n" + "".join(f"{path}\n" for path in paths), encoding="utf-8")
    return file


def test_every_file_has_the_innermost_root(root: Path) -> None:
    inner = root / "s1"
    roots = {each.entry.name: each.root for each in list_local([str(root), str(inner)])}
    assert roots == {
        str(file): str(inner if inner in file.parents else root) for file in root.rglob("*.dcm")
    }


def test_a_file_may_be_a_root(root: Path) -> None:
    file = str(root / "s0" / "0-000.dcm")
    (listed,) = list_local([file])
    assert (listed.root, listed.entry.name) == (file, file)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no one folder of everything")
def test_the_root_of_all_folders(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(root / "s0" / "0-000.dcm")
    monkeypatch.setattr("ctiqa.archive.listing.list_files", lambda _roots: [file])
    (listed,) = list_local(["/"])
    assert listed.root == "/"


def test_relative_paths_are_the_same_files(
    survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey(root)
    monkeypatch.chdir(root)
    for path in (".", f"..{os.sep}archive", f"s0{os.sep}.."):
        done = survey(path)
        assert (done.unchanged, done.gone) == (6, 0)


def test_a_manifest_is_surveyed_like_a_folder(survey: Surveyor, root: Path) -> None:
    files = sorted(root.rglob("*.dcm"))
    manifest = write_manifest(root.parent / "m.csv", files)
    assert survey(manifest).stored == 3
    for path in (manifest, root):
        done = survey(path)
        assert (done.unchanged, done.gone) == (6, 0)
    write_manifest(manifest, files[:4])
    done = survey(manifest)
    assert (done.listed, done.unchanged, done.gone) == (4, 4, 2)


def test_files_of_a_manifest_that_are_not_there(survey: Surveyor, root: Path) -> None:
    files = sorted(root.rglob("*.dcm"))
    manifest = write_manifest(root.parent / "m.csv", [*files, root / "none.dcm"])
    done = survey(manifest)
    assert done.stored == 3
    assert done.skipped == {str(root / "none.dcm"): "not_fetched"}
    assert survey(manifest).skipped == done.skipped


def scan(uid: str | None, *files: str, format: str = "dicom") -> Scan:  # noqa: A002 - as in SliceSource
    sources = [SliceSource(Path(each), series_uid=uid, format=format) for each in files]
    return Scan(uid or "x", Path(), tuple(SliceHeader(each, 512, 512) for each in sources))


def test_series_that_share_a_file_are_one_group() -> None:
    places = {name: name for name in ("/a.zip", "/b.zip", "/c.zip", "/1.dcm", "/2.dcm")}
    scans = [
        scan("1", "/a.zip/1", "/b.zip/1"),
        scan("2", "/1.dcm", "/2.dcm"),
        scan("3", "/c.zip/1"),
        scan("4", "/b.zip/2", "/c.zip/2"),
    ]
    joined, single = groups_of(scans, places)
    assert joined.scans == (scans[0], scans[2], scans[3])
    assert joined.names == {"/a.zip", "/b.zip", "/c.zip"}
    assert joined.series == {"1", "3", "4", "folder /c.zip"}
    assert single.scans == (scans[1],)
    assert single.names == {"/1.dcm", "/2.dcm"}


def test_many_series_in_one_archive_are_grouped_in_linear_time() -> None:
    places = {"/a.zip": "/a.zip"}
    scans = [
        scan(str(number), f"/a.zip/{number}/1", f"/a.zip/{number}/2") for number in range(5000)
    ]
    (group,) = groups_of(scans, places)
    assert group.scans == tuple(scans)


class Served:
    """A source of some units, which fails after them if it is told to."""

    name = "memory://archive"

    def __init__(self, folder: Path, count: int, failure: Exception | None = None) -> None:
        self.folder = folder
        self.count = count
        self.failure = failure

    def units(self) -> Iterator[Unit]:
        for number in range(self.count):
            files = sorted((self.folder / f"s{number}").iterdir())
            entries = [Entry(str(each), stamp_of(each)) for each in files]
            yield LocalUnit(str(number), tuple(entries))
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[Source], None]:
    """Makes a source stand for every path."""

    def serve(source: Source) -> None:
        monkeypatch.setattr("ctiqa.archive.units.open_source", lambda _path, **_days: source)

    return serve


def test_a_source_is_asked_for_what_is_new(
    survey: Surveyor, root: Path, served: Callable[[Source], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctiqa.archive.units.ENTRIES_AT_ONCE", 3)
    served(Served(root, 2))
    assert survey("archive").stored == 2
    served(Served(root, 3))
    done = survey("archive")
    assert (done.listed, done.unchanged, done.stored, done.gone) == (6, 4, 1, 0)
    with opened(root) as files:
        assert survey("archive").unchanged == 6
    assert files == []
    served(Served(root, 1))
    done = survey("archive")
    assert (done.listed, done.gone) == (2, 4)


def test_a_source_that_fails_loses_nothing(
    survey: Surveyor, root: Path, served: Callable[[Source], None]
) -> None:
    served(Served(root, 3))
    survey("archive")
    served(Served(root, 1, OutputError("the server is gone")))
    done = survey("archive")
    assert done.failed == {"memory://archive": "the server is gone"}
    assert (done.unchanged, done.gone, done.is_complete) == (2, 0, False)
    served(Served(root, 3))
    assert survey("archive").unchanged == 6
    served(Served(root, 0, OutputError("the server is gone")))
    with pytest.raises(NothingToDoError, match="memory://archive: the server is gone"):
        survey("archive")


def test_a_source_that_was_asked_for_some_days_is_not_forgotten(
    survey: Surveyor, root: Path, served: Callable[[Source], None]
) -> None:
    served(Served(root, 3))
    survey("archive")
    served(Served(root, 1))
    assert survey("archive", choice=Choice.parse(since="2026-03-01")).gone == 0
    served(Served(root, 3))
    assert survey("archive").unchanged == 6
