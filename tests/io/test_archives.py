"""ZIP archives: DICOM in them is read where it lies, everything else is named for what it is."""

from __future__ import annotations

import gzip
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.io import make

from ctiqa.errors import Reason, UsageError
from ctiqa.io import find_scans, read_slice
from ctiqa.io.access import archives
from ctiqa.io.access.files import file_stamp, open_file, sniff, walk
from ctiqa.text.plain_text import UNSHOWABLE

DEFLATED = zipfile.ZIP_DEFLATED


def slices(folder: Path, count: int = 3) -> list[bytes]:
    paths = make.write_series(folder / "plain", count)
    return [path.read_bytes() for path in paths]


def write_zip(path: Path, members: list[tuple[str, bytes]], method: int = DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.fixture
def dicom(tmp_path: Path) -> list[bytes]:
    return slices(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def reasons(folder: Path) -> dict[str, Reason]:
    found = find_scans([folder])
    return {str(skip.file.relative_to(folder)): skip.reason for skip in found.skipped}


@pytest.mark.parametrize("name", ["ct.zip", "ct.ZIP", "export", "ct.bin"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, DEFLATED])
def test_dicom_in_an_archive_is_read(
    folder: Path, dicom: list[bytes], name: str, method: int
) -> None:
    members = [(f"A/B/IM{number}", content) for number, content in enumerate(dicom)]
    archive = write_zip(folder / name, members, method)
    found = find_scans([folder])
    assert found.skipped == ()
    (scan,) = found.scans
    assert [header.source.file for header in scan.headers] == [
        archive / f"A/B/IM{number}" for number in range(3)
    ]
    plain = find_scans([folder.parent / "plain"]).scans[0]
    for packed, unpacked in zip(scan.headers, plain.headers, strict=True):
        np.testing.assert_array_equal(read_slice(packed).hu, read_slice(unpacked).hu)


@pytest.mark.parametrize("syntax", [make.DEFLATED, make.JPEG_LS, make.BIG_ENDIAN])
def test_every_syntax_in_an_archive(folder: Path, tmp_path: Path, syntax: str) -> None:
    content = make.write_ct(tmp_path / "a.dcm", syntax=syntax).read_bytes()
    write_zip(folder / "ct.zip", [("a.dcm", content)])
    (scan,) = find_scans([folder]).scans
    np.testing.assert_array_equal(read_slice(scan.headers[0]).hu, make.phantom())


def test_part_of_an_archive_may_be_named(folder: Path, dicom: list[bytes]) -> None:
    members = [(f"{number}/a.dcm", content) for number, content in enumerate(dicom)]
    archive = write_zip(folder / "ct.zip", members)
    assert walk([archive / "1"]) == [archive / "1" / "a.dcm"]
    assert walk([archive / "2" / "a.dcm"]) == [archive / "2" / "a.dcm"]
    (scan,) = find_scans([archive / "1" / "a.dcm"]).scans
    assert len(scan.headers) == 1
    with pytest.raises(UsageError, match="nothing there"):
        walk([folder / "absent.zip" / "1"])


def test_everything_else_in_it_is_accounted_for(folder: Path, dicom: list[bytes]) -> None:
    nested = write_zip(folder.parent / "nested.zip", [("a.dcm", dicom[0])]).read_bytes()
    members = [
        ("a.dcm", dicom[0]),
        ("read me.txt", b"hello"),
        ("empty.dcm", b""),
        ("inner.zip", nested),
        ("ct.nii", bytes(344) + b"n+1\0"),
        ("__MACOSX/._a.dcm", b"x"),
        ("DICOMDIR", b"x"),
        (".hidden/a.dcm", dicom[1]),
        ("folder/", b""),
    ]
    write_zip(folder / "ct.zip", members)
    assert reasons(folder) == {
        "ct.zip/read me.txt": Reason.UNKNOWN_FORMAT,
        "ct.zip/empty.dcm": Reason.EMPTY_FILE,
        "ct.zip/inner.zip": Reason.UNKNOWN_FORMAT,
        "ct.zip/ct.nii": Reason.UNKNOWN_FORMAT,
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../a.dcm", "a.dcm"),
        ("/etc/a.dcm", "etc/a.dcm"),
        ("..\\b\\a.dcm", "b/a.dcm"),
        ("x\x1b[31m/a.dcm", f"x{UNSHOWABLE}[31m/a.dcm"),
        ("..", "unnamed"),
    ],
)
def test_names_never_lead_out_of_the_archive(
    folder: Path, dicom: list[bytes], name: str, shown: str
) -> None:
    archive = write_zip(folder / "ct.zip", [(name, dicom[0])])
    assert walk([folder]) == [archive / shown]
    assert len(find_scans([folder]).scans) == 1


def test_two_members_of_one_name_are_two(folder: Path, dicom: list[bytes]) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = write_zip(folder / "ct.zip", [("a.dcm", dicom[0]), ("a.dcm", dicom[1])])
    assert walk([archive]) == [archive / "a.dcm", archive / "a.dcm (2)"]
    assert len(find_scans([folder]).scans[0].headers) == 2


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([("a.txt", b"x")], "a ZIP archive without DICOM"),
        ([], "a ZIP archive without DICOM"),
        ([("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"")], "an Office document"),
        ([("META-INF/MANIFEST.MF", b"x"), ("A.class", b"\xca\xfe")], "a Java archive"),
        ([("mimetype", b"x"), ("META-INF/manifest.xml", b"x")], "an OpenDocument"),
        ([("mimetype", b"x"), ("META-INF/container.xml", b"x")], "an e-book"),
        ([("image.npy", b"x")], "an .npz must hold the array 'hu'"),
    ],
)
def test_other_archives_are_one_file(
    folder: Path, members: list[tuple[str, bytes]], words: str
) -> None:
    write_zip(folder / "a.bin", members)
    (skip,) = find_scans([folder]).skipped
    assert (skip.file.name, skip.reason) == ("a.bin", Reason.UNKNOWN_FORMAT)
    assert words in skip.detail


def patched(path: Path, local: tuple[int, int], central: tuple[int, int]) -> None:
    """Change a byte of every local and central header."""
    content = bytearray(path.read_bytes())
    for magic, (place, value) in ((b"PK\3\4", local), (b"PK\1\2", central)):
        start = content.find(magic)
        while start >= 0:
            content[start + place] = value
            start = content.find(magic, start + 4)
    path.write_bytes(content)


def test_encrypted_archives_ask_for_the_password(folder: Path, dicom: list[bytes]) -> None:
    archive = write_zip(folder / "a.zip", [("a.dcm", dicom[0])], zipfile.ZIP_STORED)
    patched(archive, (6, 1), (8, 1))
    (skip,) = find_scans([folder]).skipped
    assert skip.reason is Reason.UNKNOWN_FORMAT
    assert "encrypted" in skip.detail


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_without_bounds_are_refused(folder: Path, dicom: list[bytes], method: int) -> None:
    write_zip(folder / "a.zip", [("a.dcm", dicom[0])], method)
    (skip,) = find_scans([folder]).skipped
    assert skip.reason is Reason.UNKNOWN_FORMAT
    assert "another method" in skip.detail


def test_a_damaged_member_costs_itself_alone(folder: Path, dicom: list[bytes]) -> None:
    members = [(f"{number}.dcm", content) for number, content in enumerate(dicom)]
    archive = write_zip(folder / "ct.zip", members, zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    content[len(dicom[0]) // 2] ^= 1
    archive.write_bytes(content)
    assert reasons(folder) == {"ct.zip/0.dcm": Reason.CORRUPT}
    assert len(find_scans([folder]).scans[0].headers) == 2


@pytest.mark.parametrize("cut", [100, -1, -30])
def test_an_archive_that_was_cut_is_damaged(folder: Path, dicom: list[bytes], cut: int) -> None:
    archive = write_zip(folder / "ct.zip", [("a.dcm", dicom[0])])
    archive.write_bytes(archive.read_bytes()[:cut])
    assert reasons(folder) == {"ct.zip": Reason.CORRUPT}


def test_large_members_are_not_unpacked(
    folder: Path, dicom: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_zip(folder / "ct.zip", [("a.dcm", dicom[0]), ("b.dcm", dicom[1] + bytes(1000))])
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", len(dicom[0]) + 10)
    assert reasons(folder) == {"ct.zip/b.dcm": Reason.TOO_LARGE}


@pytest.mark.parametrize(
    ("limit", "value"),
    [("_MAX_MEMBERS", 2), ("MAX_TOTAL_BYTES", 1000), ("MAX_DIRECTORY_BYTES", 90)],
)
def test_archives_beyond_the_bounds_are_one_file(
    folder: Path, dicom: list[bytes], monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    members = [(f"{number}.dcm", content) for number, content in enumerate(dicom)]
    write_zip(folder / f"{limit}.zip", members)
    monkeypatch.setattr(archives, limit, value)
    assert reasons(folder) == {f"{limit}.zip": Reason.TOO_LARGE}


def test_members_that_overlap_are_a_bomb(folder: Path, dicom: list[bytes]) -> None:
    members = [(f"{number}.dcm", content) for number, content in enumerate(dicom)]
    archive = write_zip(folder / "ct.zip", members, zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    place = content.find(b"PK\1\2")
    content[place + 20 : place + 28] = struct.pack("<II", 3 * len(dicom[0]), 3 * len(dicom[0]))
    archive.write_bytes(content)
    assert reasons(folder) == {"ct.zip": Reason.CORRUPT}


def test_a_size_that_lies_is_found_out(folder: Path, dicom: list[bytes]) -> None:
    archive = write_zip(folder / "ct.zip", [("a.dcm", dicom[0]), ("b.dcm", dicom[1])])
    content = bytearray(archive.read_bytes())
    place = content.find(b"PK\1\2")
    content[place + 24 : place + 28] = struct.pack("<I", 1000)
    archive.write_bytes(content)
    assert reasons(folder) == {"ct.zip/a.dcm": Reason.CORRUPT}


def test_stamp_of_a_member_changes_with_the_archive(folder: Path, dicom: list[bytes]) -> None:
    member = write_zip(folder / "ct.zip", [("a.dcm", dicom[0])]) / "a.dcm"
    first = file_stamp(member)
    assert first[1] == len(dicom[0])
    assert sniff(member) == "dicom"
    write_zip(folder / "ct.zip", [("a.dcm", dicom[1] + b"\0\0")])
    assert file_stamp(member) != first
    with open_file(member) as stream:
        assert stream.read() == dicom[1] + b"\0\0"


def test_the_list_of_members_is_read_once(
    folder: Path, dicom: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [(f"{number}.dcm", dicom[number % 3]) for number in range(9)]
    write_zip(folder / "ct.zip", members)
    opened: list[object] = []
    open_zip = zipfile.ZipFile

    def counted(file: object) -> object:
        opened.append(file)
        return open_zip(file)  # type: ignore[call-overload]

    monkeypatch.setattr(zipfile, "ZipFile", counted)
    find_scans([folder])
    assert len(opened) == 1


def tar_of(content: bytes, folder: Path) -> bytes:
    (folder / "x").write_bytes(content)
    with tarfile.open(folder / "x.tar", "w") as archive:
        archive.add(folder / "x", "x")
    return (folder / "x.tar").read_bytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7-Zip archive: unpack it first"),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive: unpack it first"),
        (b"BZh91AY&SY", "packed with bzip2"),
        (b"\xfd7zXZ\0\0", "packed with xz"),
        (b"\x28\xb5\x2f\xfd", "packed with Zstandard"),
        (gzip.compress(b"NRRD0005\n", mtime=0), "packed with gzip (nrrd inside)"),
        (gzip.compress(b"notes", mtime=0), "packed with gzip (neither DICOM nor NIfTI inside)"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\xff\xd8\xff\xe0JFIF", "a JPEG picture"),
        (b"\x89PNG\r\n", "a PNG picture"),
        (b"<!DOCTYPE html>", "an HTML page"),
        (b"\x89HDF\r\n", "an HDF5 or MINC file"),
        (b"nothing", "neither DICOM"),
    ],
)
def test_other_formats_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "right.dcm").write_bytes(content)
    (skip,) = find_scans([tmp_path]).skipped
    assert skip.reason is Reason.UNKNOWN_FORMAT
    assert words in skip.detail


@pytest.mark.parametrize("packed", [False, True])
def test_tar_archives_are_named(folder: Path, tmp_path: Path, packed: bool) -> None:
    content = tar_of(b"slice", tmp_path)
    (folder / "a.tar").write_bytes(gzip.compress(content, mtime=0) if packed else content)
    (skip,) = find_scans([folder]).skipped
    assert "a tar archive" in skip.detail
    assert "unpack it first" in skip.detail
