"""A manifest that ctiqa wrote lists the same units, whatever they came from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.archive.made import largest_file
from tests.archive_sources.dicomweb_server import FakeServer, Series

from ctiqa.archive.sources.dicomweb.source import DicomwebSource
from ctiqa.archive.sources.manifest import writing
from ctiqa.archive.sources.manifest.source import ManifestSource
from ctiqa.archive.sources.manifest.writing import write_manifest
from ctiqa.archive.sources.objects import ObjectSource
from ctiqa.archive.unit import Entry, LocalUnit, Unit
from ctiqa.errors import DataError, OutputError, UsageError

SUFFIXES = pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])


def entries(units: list[Unit]) -> list[tuple[Entry, ...]]:
    return sorted((each.entries for each in units), key=str)


def read(file: Path) -> list[tuple[Entry, ...]]:
    return entries(list(ManifestSource(file).units()))


@SUFFIXES
def test_local_units(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_ROWS", 2)
    units: list[Unit] = [
        LocalUnit("a", (Entry("/ct/1.dcm", "9 1"), Entry('/ct/2, "ü"\n.dcm', "9 2"))),
        LocalUnit("a", (Entry("/ct/3.dcm", "9 3"),)),
    ]
    file = tmp_path / f"m{suffix}"
    assert write_manifest(iter(units), file) == 3
    assert read(file) == entries(units)


@SUFFIXES
def test_objects_and_series(tmp_path: Path, suffix: str, memory: Any, web: FakeServer) -> None:
    memory.pipe({"/x/1.dcm": b"one", "/x/2.dcm": b"two", "/y.zip": b"three"})
    web.series = [Series("1.2", "1.2.1"), Series("1.2", "1.2.2")]
    units = [*ObjectSource("memory://").units(), *DicomwebSource(web.url).units()]
    file = tmp_path / f"m{suffix}"
    write_manifest(units, file)
    assert read(file) == entries(units)
    for number, unit in enumerate(ManifestSource(file).units()):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert set(unit.fetch(folder)) == {each.name for each in unit.entries}


@SUFFIXES
def test_a_failure_leaves_the_old_manifest(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"m{suffix}"
    file.write_bytes(b"old")
    with pytest.raises(DataError, match="nothing to list"):
        write_manifest([], file)
    with pytest.raises(DataError, match="paths that are text"):
        write_manifest([LocalUnit("a", (Entry("/ct/\udcff", "1"),))], file)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]


@SUFFIXES
@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of files")
def test_a_full_disk(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"m{suffix}"
    unit = LocalUnit("a", tuple(Entry(f"/ct/{n}.dcm", f"9 {n}") for n in range(100)))
    with largest_file(256), pytest.raises(OutputError, match="must be writable"):
        write_manifest([unit], file)
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    unit = LocalUnit("a", (Entry("/ct/1", "1"),))
    with pytest.raises(UsageError, match=r"must end in \.csv or \.parquet"):
        write_manifest([unit], tmp_path / "m.txt")
    with pytest.raises(OutputError):
        write_manifest([unit], tmp_path / "missing" / "m.csv")
