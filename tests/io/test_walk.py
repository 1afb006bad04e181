"""Folders: links, circles, what may not be read, and what is no file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from tests.io import make

from ctiqa.errors import Reason, UsageError
from ctiqa.io import find_scans
from ctiqa.io.access.files import walk


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with one slice in it."""
    make.write_ct(tmp_path / "tree" / "A" / "x.dcm")
    (tmp_path / "tree" / "Z").mkdir()
    return tmp_path / "tree"


@pytest.mark.parametrize("link", ["Z/link", "0"])
def test_a_link_to_a_folder_shows_the_real_one(tree: Path, link: str) -> None:
    """Whichever of the two comes first by name."""
    (tree / link).symlink_to(tree / "A", target_is_directory=True)
    assert walk([tree]) == [tree / "A" / "x.dcm"]


@pytest.mark.parametrize("link", ["Z/link.dcm", "0.dcm"])
def test_a_link_to_a_file_shows_the_real_one(tree: Path, link: str) -> None:
    (tree / link).symlink_to("../A/x.dcm" if "/" in link else "A/x.dcm")
    assert walk([tree]) == [tree / "A" / "x.dcm"]
    assert walk([tree / link, tree]) == [tree / "A" / "x.dcm"]


def test_a_link_that_leads_out_shows_itself(tree: Path, tmp_path: Path) -> None:
    make.write_ct(tmp_path / "elsewhere" / "deep" / "y.dcm")
    (tree / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tree / "again").symlink_to(tmp_path / "elsewhere" / "deep" / "y.dcm")
    shown = walk([tree])
    assert shown[0] == tree / "A" / "x.dcm"
    assert len(shown) == 2
    assert shown[1] in (tree / "link" / "deep" / "y.dcm", tree / "again")
    assert walk([tree, tmp_path / "elsewhere"]) == [
        tmp_path / "elsewhere" / "deep" / "y.dcm",
        tree / "A" / "x.dcm",
    ]


def test_a_link_to_a_hidden_file_shows_itself(tree: Path) -> None:
    """As git-annex and datalad keep files."""
    make.write_ct(tree / ".git" / "annex" / "SHA")
    (tree / "y.dcm").symlink_to(tree / ".git" / "annex" / "SHA")
    assert walk([tree]) == [tree / "A" / "x.dcm", tree / "y.dcm"]


def test_a_folder_named_by_its_link(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree, target_is_directory=True)
    assert walk([tmp_path / "link"]) == [tmp_path / "link" / "A" / "x.dcm"]
    assert walk([tmp_path / "link", tree]) == [tree / "A" / "x.dcm"]


def test_circles_and_danglers_end(tree: Path) -> None:
    (tree / "Z" / "up").symlink_to(tree, target_is_directory=True)
    (tree / "Z" / "self").symlink_to("self")
    (tree / "Z" / "gone").symlink_to("nowhere")
    (tree / "Z" / "there").symlink_to("back")
    (tree / "Z" / "back").symlink_to("there")
    found = find_scans([tree, tree / "A"])
    assert [len(scan.headers) for scan in found.scans] == [1]
    names = {skip.file.name for skip in found.skipped}
    assert {"self", "gone"} < names
    assert {skip.reason for skip in found.skipped} == {Reason.NO_PERMISSION}


def test_relative_paths_stay_relative(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert walk([Path()]) == [Path("A/x.dcm")]
    assert walk([Path("A"), tree / "A"]) == [Path("A/x.dcm")]


def test_files_are_sorted_as_paths_are(tmp_path: Path) -> None:
    for name in ("a/z", "a.b", "a-b/c", "a/b/c", "Z"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert walk([tmp_path]) == sorted(walk([tmp_path]))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files on this system")
def test_pipes_sockets_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        # The path of a socket is short.
        place = os.path.relpath(tmp_path / "socket")
        if len(place) > 100:
            pytest.skip("the folder for temporary files has too long a name for a socket")
        listening.bind(place)
        found = find_scans([tmp_path, Path("/dev/zero")])
    reasons = {skip.file.name: skip.reason for skip in found.skipped}
    assert reasons == dict.fromkeys(("pipe", "socket", "zero"), Reason.UNKNOWN_FORMAT)


class Refusing:
    """:func:`os.scandir` of a user without rights; the tests may run as root."""

    def __init__(self, name: str, error: OSError, *, late: bool = False) -> None:
        self._scandir = os.scandir
        self._name, self._error, self._late = name, error, late

    def __call__(self, path: str) -> object:
        if Path(path).name != self._name:
            return self._scandir(path)
        if not self._late:
            raise self._error
        return self

    def __enter__(self) -> Refusing:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Refusing:
        return self

    def __next__(self) -> object:
        raise self._error


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("error", [PermissionError(13, "denied"), FileNotFoundError(2, "gone")])
def test_a_folder_that_cannot_be_listed_is_accounted_for(
    tree: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, late: bool
) -> None:
    make.write_ct(tree / "closed" / "y.dcm", z_mm=5)
    monkeypatch.setattr(os, "scandir", Refusing("closed", error, late=late))
    found = find_scans([tree])
    assert [(skip.file.name, skip.reason) for skip in found.skipped] == [
        ("closed", Reason.NO_PERMISSION)
    ]
    assert len(found.scans) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do anything")
def test_a_folder_that_cannot_be_searched(tree: Path) -> None:
    make.write_ct(tree / "closed" / "y.dcm", z_mm=5)
    (tree / "closed").chmod(0o444)
    found = find_scans([tree])
    (tree / "closed").chmod(0o755)
    assert {skip.reason for skip in found.skipped} == {Reason.NO_PERMISSION}
    assert len(found.scans) == 1


@pytest.mark.parametrize(
    "name", [b"\xff\xfe.dcm", "ä ö.dcm".encode(), b"a\x1b[31m.dcm", b"a\nb.dcm"]
)
def test_any_name_is_a_name(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    make.write_ct(path)
    (scan,) = find_scans([tmp_path]).scans
    assert scan.headers[0].source.file == path


def test_a_very_deep_folder(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 50] * 20)
    make.write_ct(deep / f"{'n' * 200}.dcm")
    assert len(find_scans([tmp_path]).scans) == 1


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "an empty one"),
        ("absent", "got nothing there"),
        ("x" * 5000, "got nothing there"),
        ("a\0b", "got nothing there"),
        ("https://example.org/ct.dcm", "download it first"),
        ("s3://bucket/ct", "download it first"),
        (Path("http://example.org/ct"), "download it first"),
    ],
)
def test_paths_that_lead_nowhere_are_usage_errors(path: str | Path, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        walk([path])
    assert "\0" not in str(caught.value)
