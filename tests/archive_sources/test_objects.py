"""Folders of fsspec: what is a unit, what is fetched, and what goes wrong."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.score.made import phantom, write_dicom

from ctiqa.archive.sources import folders
from ctiqa.archive.sources.objects import ObjectSource
from ctiqa.archive.unit import Unit
from ctiqa.errors import OutputError, Reason, RefusedError, UsageError
from ctiqa.io import find_scans


def units_of(url: str) -> list[Unit]:
    return list(ObjectSource(url).units())


def listed(url: str) -> list[tuple[str, list[str]]]:
    return [(each.name, [entry.name for entry in each.entries]) for each in units_of(url)]


def test_a_unit_is_a_folder_or_an_archive(memory: Any) -> None:
    for path in ("b/2.dcm", "b/1.dcm", "a/x/1.dcm", "a/x.ZIP", "a/0.dcm", "top.dcm"):
        memory.pipe(f"/ct/{path}", b"1")
    assert listed("memory://ct/") == [
        ("memory://ct", ["memory://ct/top.dcm"]),
        ("memory://ct/a", ["memory://ct/a/0.dcm"]),
        ("memory://ct/a/x.ZIP", ["memory://ct/a/x.ZIP"]),
        ("memory://ct/a/x", ["memory://ct/a/x/1.dcm"]),
        ("memory://ct/b", ["memory://ct/b/1.dcm", "memory://ct/b/2.dcm"]),
    ]


def test_the_order_does_not_depend_on_how_many_are_listed_ahead(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        memory.pipe(f"/ct/{number % 7}/{number % 3}/{number}", b"1")
    before = listed("memory://ct")
    assert [name for name, _ in before] == sorted(name for name, _ in before)
    monkeypatch.setattr(folders, "FOLDERS_AT_ONCE", 1)
    assert listed("memory://ct") == before


def test_hidden_and_system_files_are_passed_over(memory: Any) -> None:
    for path in (".DS_Store", "DICOMDIR", "__MACOSX/1.dcm", ".git/1.dcm", "1.dcm"):
        memory.pipe(f"/ct/{path}", b"1")
    assert listed("memory://ct") == [("memory://ct", ["memory://ct/1.dcm"])]


def test_one_object(memory: Any) -> None:
    memory.pipe("/ct/scan.zip", b"1")
    assert listed("memory://ct/scan.zip") == [("memory://ct/scan.zip", ["memory://ct/scan.zip"])]


def test_a_series_becomes_a_scan(tmp_path: Path, memory: Any) -> None:
    for index in range(3):
        file = write_dicom(tmp_path / f"{index}.dcm", phantom(), index)
        memory.pipe(f"/ct/{index}.dcm", file.read_bytes())
    (unit,) = units_of("memory://ct")
    folder = tmp_path / "fetched"
    folder.mkdir()
    places = pickle.loads(pickle.dumps(unit)).fetch(folder)  # noqa: S301
    assert list(places) == [each.name for each in unit.entries]
    (scan,) = find_scans(list(places.values())).scans
    assert len(scan.headers) == 3


def test_a_whole_tree_of_this_computer(tmp_path: Path) -> None:
    for name in ("ct/a #1?/1.dcm", "ct/a #1?/ü.nii.gz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "ct" / "loop").symlink_to(tmp_path / "ct")
    (tmp_path / "ct" / "link.dcm").symlink_to(tmp_path / "ct" / "a #1?" / "1.dcm")
    (unit,) = units_of(f"file://{tmp_path}/ct")
    (tmp_path / "fetched").mkdir()
    places = unit.fetch(tmp_path / "fetched")
    assert [path.read_bytes().decode() for path in places.values()] == [
        "ct/a #1?/1.dcm",
        "ct/a #1?/ü.nii.gz",
    ]
    assert [path.name for path in places.values()] == ["000000.dcm", "000001.nii.gz"]


def test_names_of_the_server_are_no_paths(tmp_path: Path, memory: Any) -> None:
    memory.store.clear()
    memory.pipe("/ct/a\\..\\..\\evil.dcm", b"1")
    (unit,) = units_of("memory://ct")
    (place,) = unit.fetch(tmp_path).values()
    assert place == tmp_path / "000000.dcm"


def refused(unit: Unit, folder: Path) -> str:
    with pytest.raises(RefusedError) as caught:
        unit.fetch(folder)
    assert caught.value.reason is Reason.NOT_FETCHED
    return caught.value.detail


@pytest.mark.parametrize("count", [1, 9])
def test_what_changed_since_it_was_listed(tmp_path: Path, memory: Any, count: int) -> None:
    for index in range(count):
        memory.pipe(f"/ct/{index}", b"1")
    (unit,) = units_of("memory://ct")
    memory.pipe("/ct/0", b"2")
    assert "has changed since it was listed" in refused(unit, tmp_path)
    memory.rm("/ct/0")
    assert "a part of it is gone" in refused(unit, tmp_path)


def test_what_changes_while_it_is_fetched(
    tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe({"/ct/0": b"1", "/ct/1": b"1"})
    (unit,) = units_of("memory://ct")
    get_file = type(memory).get_file

    def rewritten(self: Any, path: str, place: str) -> None:
        get_file(self, path, place)
        memory.pipe("/ct/0", b"2")

    monkeypatch.setattr(type(memory), "get_file", rewritten)
    assert "has changed since it was listed" in refused(unit, tmp_path)


def test_an_object_that_arrives_short(
    tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/ct/0", b"12345")
    (unit,) = units_of("memory://ct")
    monkeypatch.setattr(
        type(memory), "get_file", lambda _self, _path, place: Path(place).write_bytes(b"123")
    )
    assert "must have 5 bytes, and 3 were received" in refused(unit, tmp_path)


def test_a_disk_that_is_too_small(
    tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/ct/0", b"12345")
    (unit,) = units_of("memory://ct")
    usage = type("Usage", (), {"free": 4})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert "free space, or name another folder with TMPDIR" in refused(unit, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_listed_is_one_unit(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe({"/ct/a/1": b"1", "/ct/b/1": b"1"})
    ls = type(memory).ls

    def forbidden(self: Any, path: str, **options: Any) -> Any:
        if path == "/ct/a":
            raise PermissionError("no")
        return ls(self, path, **options)

    monkeypatch.setattr(type(memory), "ls", forbidden)
    first, second = units_of("memory://ct")
    assert (first.name, first.entries[0].stamp) == ("memory://ct/a", "")
    assert second.name == "memory://ct/b"
    with pytest.raises(RefusedError, match="permission is denied"):
        first.fetch(Path())


def test_a_folder_that_vanishes_is_left_out(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.pipe({"/ct/a/1": b"1", "/ct/b/1": b"1"})
    ls = type(memory).ls

    def gone(self: Any, path: str, **options: Any) -> Any:
        if path == "/ct/a":
            raise FileNotFoundError(path)
        return ls(self, path, **options)

    monkeypatch.setattr(type(memory), "ls", gone)
    assert [each.name for each in units_of("memory://ct")] == ["memory://ct/b"]


def test_no_permission(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.pipe("/ct/1", b"1")

    def forbidden(self: Any, path: str, **options: Any) -> Any:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(type(memory), "ls", forbidden)
    with pytest.raises(OutputError, match=r"permission is denied \(Access Denied\); ask"):
        units_of("memory://ct")


def test_what_is_not_there() -> None:
    with pytest.raises(OutputError, match="'memory://nowhere' must exist, and is not there"):
        units_of("memory://nowhere")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nosuch://host/ct", "'nosuch://' is not known"),
        ("s3:///ct", "must name a host or bucket"),
        ("zip::memory://ct.zip", "must have one scheme"),
        ("sftp://me:pa/ss@host/ct", "port .* must be a number"),
        ("memory://me:secret@host/ct", "no user and password"),
    ],
)
def test_addresses_that_are_wrong(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        units_of(url)
    assert "pa/ss" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "module", "remedy"),
    [
        ("s3://bucket/ct", "s3fs", "pip install 'ctiqa.cluster.'"),
        ("gs://bucket/ct", "gcsfs", "gcsfs"),
    ],
)
def test_a_package_that_is_missing(
    url: str, module: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    known = sys.modules["fsspec.registry"]._registry
    monkeypatch.delitem(known, url.partition(":")[0], raising=False)
    with pytest.raises(UsageError, match=f"not installed.*{remedy}"):
        units_of(url)


def test_without_fsspec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiqa.system.extras.is_installed", lambda name: name != "fsspec")
    with pytest.raises(UsageError, match=r"pip install 'ctiqa\[cluster\]'"):
        units_of("s3://bucket/ct")


def test_a_server_with_a_password_that_does_not_answer() -> None:
    source = ObjectSource("sftp://me:s3cret@127.0.0.1:9/ct")
    with pytest.raises((OutputError, UsageError)) as caught:
        list(source.units())
    assert "s3cret" not in repr(source) + source.name + str(caught.value)
