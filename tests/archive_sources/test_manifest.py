"""Manifests: what they list, in whatever form spreadsheets write them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ctiqa.archive.listing import stamp_of
from ctiqa.archive.sources.manifest import csv_text
from ctiqa.archive.sources.manifest.source import ManifestSource
from ctiqa.archive.unit import Unit
from ctiqa.errors import DataError, Reason, RefusedError, UsageError


def units_of(file: Path) -> list[Unit]:
    return list(ManifestSource(file).units())


def names(unit: Unit) -> list[str]:
    return [each.name for each in unit.entries]


def write(folder: Path, text: str | bytes, name: str = "m.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def parquet(folder: Path, **columns: Any) -> Path:
    pl.DataFrame(columns).write_parquet(folder / "m.parquet")
    return folder / "m.parquet"


def test_rows_with_one_series_are_a_unit(tmp_path: Path) -> None:
    file = write(tmp_path, "path,series\nb/2.dcm,one\na/1.dcm,two\na/3.dcm,one\n")
    one, two = units_of(file)
    assert names(one) == [str(tmp_path / "a/3.dcm"), str(tmp_path / "b/2.dcm")]
    assert names(two) == [str(tmp_path / "a/1.dcm")]
    assert one.name == str(tmp_path)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301


def test_relative_paths_begin_at_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list").mkdir()
    file = write(tmp_path / "list", f"path,series\n../ct/1.dcm,a\n{tmp_path}/ct/2.dcm,a\n")
    monkeypatch.chdir(tmp_path)
    for path in (file, Path("list/m.csv")):
        (unit,) = units_of(path)
        assert names(unit) == [str(tmp_path / "ct/1.dcm"), str(tmp_path / "ct/2.dcm")]


def test_local_rows_without_a_series_are_listed_like_folders(tmp_path: Path) -> None:
    text = "path,series\nct,\n1.dcm,a\ns3://b/x/1.dcm,\n/data/ct.zip,  \n"
    source = ManifestSource(write(tmp_path, text))
    assert sorted(source.local_paths()) == ["/data/ct.zip", str(tmp_path / "ct")]
    assert sorted(map(names, source.units())) == [[str(tmp_path / "1.dcm")], ["s3://b/x/1.dcm"]]


def test_urls_without_a_series_are_units_by_folder(tmp_path: Path) -> None:
    rows = [
        "s3://b/x/1.dcm",
        "s3://b/y/1.dcm",
        "s3://b/x/2.dcm",
        "s3://b/x/all.ZIP",
        "https://h/dicom-web/studies/1.2/series/1.3",
        "https://h/dicom-web/studies/1.2/series/1.4",
    ]
    units = units_of(write(tmp_path, "\n".join(["path", *rows])))
    assert sorted(map(names, units)) == [
        [rows[4]],
        [rows[5]],
        [rows[0], rows[2]],
        [rows[3]],
        [rows[1]],
    ]


def test_stamps(tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(b"1")
    text = "path,series,stamp\n1.dcm,a,\n2.dcm,a,\n3.dcm,a,mine\ns3://b/1.dcm,a,\n"
    (unit,) = units_of(write(tmp_path, text))
    assert {each.name.rpartition("/")[2]: each.stamp for each in unit.entries[:3]} == {
        "1.dcm": stamp_of(tmp_path / "1.dcm"),
        "2.dcm": "",
        "3.dcm": "mine",
    }
    assert unit.entries[3].stamp


def test_local_files_stay_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(b"1")
    (unit,) = units_of(write(tmp_path, "path,series\n1.dcm,a\n"))
    assert unit.fetch(tmp_path) == {str(tmp_path / "1.dcm"): tmp_path / "1.dcm"}


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    (unit,) = units_of(write(tmp_path, "path,series\n1.dcm,a\n"))
    with pytest.raises(RefusedError, match="a part of it is gone") as caught:
        unit.fetch(tmp_path)
    assert caught.value.reason is Reason.NOT_FETCHED


def test_urls_are_fetched(tmp_path: Path, memory: Any) -> None:
    memory.pipe({"/x/1.dcm": b"one", "/x/2.dcm": b"two", "/y/1.dcm": b"three"})
    text = "path,series\nmemory://x/1.dcm,a\nmemory://x/2.dcm,a\nmemory://y/1.dcm,a\n"
    (unit,) = units_of(write(tmp_path, text))
    fetched = unit.fetch(tmp_path)
    assert {name: path.read_bytes() for name, path in fetched.items()} == {
        "memory://x/1.dcm": b"one",
        "memory://x/2.dcm": b"two",
        "memory://y/1.dcm": b"three",
    }
    assert all(path.is_relative_to(tmp_path) for path in fetched.values())


def test_a_url_that_is_gone(tmp_path: Path, memory: Any) -> None:
    memory.pipe("/x/1.dcm", b"one")
    (unit,) = units_of(write(tmp_path, "path\nmemory://x/1.dcm\nmemory://x/2.dcm\n"))
    with pytest.raises(RefusedError, match=r"memory://x/1\.dcm.*a part of it is gone"):
        unit.fetch(tmp_path)


def test_a_password_is_shown_nowhere(tmp_path: Path) -> None:
    (unit,) = units_of(write(tmp_path, "path\nsftp://me:s3cret@127.0.0.1:9/ct/1.dcm\n"))
    with pytest.raises(RefusedError) as caught:
        unit.fetch(tmp_path)
    assert names(unit) == ["sftp://me@127.0.0.1:9/ct/1.dcm"]
    assert "s3cret" not in repr(unit) + str(caught.value)


FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "bom": lambda text: text.encode("utf-8-sig"),
    "windows": lambda text: text.replace("\n", "\r\n").encode("cp1252"),
    "utf-16": lambda text: text.encode("utf-16"),
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode("utf-16"),
    "quoted": lambda text: text.replace("path", '"Path "').encode(),
    "blank lines": lambda text: (text + "\n\n,\n").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_csv(tmp_path: Path, form: str) -> None:
    text = "series,path\na,/ct/Köln.dcm\na,/ct/2.dcm\n"
    (unit,) = units_of(write(tmp_path, FORMS[form](text)))
    assert names(unit) == ["/ct/2.dcm", "/ct/Köln.dcm"]


def test_a_letter_on_the_edge_of_what_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "path,series\n/ct/Köln.dcm,a\n")
    for size in range(1, 24):
        monkeypatch.setattr(csv_text, "_CHUNK", size)
        assert csv_text.encoding_of(file) == "utf-8"
    assert csv_text.encoding_of(write(tmp_path, b"path\nK" + b"\xc3")) == "cp1252"


def test_a_path_with_a_new_line_and_a_separator(tmp_path: Path) -> None:
    (unit,) = units_of(write(tmp_path, 'path,series\n"/ct/a\nb, ""c"".dcm",x\n/ct/2.dcm,x\n'))
    assert names(unit) == ["/ct/2.dcm", '/ct/a\nb, "c".dcm']


def test_parquet(tmp_path: Path) -> None:
    file = parquet(tmp_path, other=[1, 2, 3], path=["/1", "/2", "/3"], series=[7, 8, 7])
    assert sorted(map(names, units_of(file))) == [["/1", "/3"], ["/2"]]
    renamed = file.rename(tmp_path / "m.csv")
    assert len(units_of(renamed)) == 2


def test_a_row_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    (unit,) = units_of(write(tmp_path, "path,series\n/1,a\n/1,a\n"))
    assert names(unit) == ["/1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("path,series\n", "has no rows"),
        ("path\n\n\n", "has no rows"),
        ("file;uid\n1;2\n", "must have a column 'path'.*has file, uid; rename"),
        ("/ct/1.dcm\n/ct/2.dcm\n", "must have a column 'path'"),
        ("path,series\n/1,a\n,b\n/3,c\n ,d\n", "has none in row 3, 5"),
        ("path,series\n/1,a\n/2,b\n/1,b\n", "lists it with several in rows 2, 4"),
        ("path,series,stamp\n/1,a,1\n/1,a,2\n", "lists it with several in rows 2, 3"),
        ("path,series\n/1,a,b,c\n", "cannot be read as one"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is binary"),
        (b"PAR1 and more", "cannot be read as one"),
        (b"path\n\x81\x8d\xff", "must be text in UTF-8"),
        (b"\xff\xfep\0a\0t\0h\0\n", "must be text in UTF-8"),
    ],
)
def test_what_is_no_manifest(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        units_of(write(tmp_path, text))


def test_parquet_without_the_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has files; rename"):
        units_of(parquet(tmp_path, files=["/1"]))


def test_parquet_with_another_kind_of_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as one"):
        units_of(parquet(tmp_path, path=[["/1"], ["/2"]]))


def test_a_path_with_a_zero_byte(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="zero byte in the path of row 3"):
        units_of(parquet(tmp_path, path=["/1", "/2\0"]))


def test_a_url_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be a number") as caught:
        units_of(write(tmp_path, "path\nsftp://me:s3/cret@host/1.dcm\n"))
    assert "s3" not in str(caught.value)


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be a file, and is a folder"):
        ManifestSource(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        ManifestSource(tmp_path / "m.csv")


def test_few_rows_are_python_objects_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A series that continues in the next batch of rows is one unit."""
    monkeypatch.setattr("ctiqa.archive.sources.manifest.source._ROWS", 3)
    rows = "".join(f"/{number:02},{number // 5}\n" for number in range(20))
    assert [len(names(each)) for each in units_of(write(tmp_path, f"path,series\n{rows}"))] == [
        5,
        5,
        5,
        5,
    ]
