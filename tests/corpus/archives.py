"""Archives: ZIP files of DICOM, and everything else that is packed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from functools import partial
from pathlib import Path

from tests.corpus import build
from tests.corpus.case import Case, Right, read, refused

from ctiqa.errors import Reason

ZIPPED = "VolView#500, OHIF#815, dwv-jqmobile#18"
UNKNOWN = Reason.UNKNOWN_FORMAT
UNPACK = refused(UNKNOWN, words="zip")
BESIDE = (UNKNOWN, Reason.NOT_CT, Reason.DUPLICATE)


def slices(count: int) -> list[bytes]:
    """DICOM files of one series."""
    return [
        build.content_of(
            build.dicom,
            (hu.astype("i4") + 1024).astype("u2"),
            ImagePositionPatient=[0, 0, 8 * index],
            SOPInstanceUID=f"2.25.{index + 1}",
        )
        for index, hu in enumerate(build.stack(count))
    ]


def zipped(
    folder: Path,
    count: int = 1,
    *,
    inside: str = "CT/IM{:06d}.dcm",
    name: str = "a.zip",
    method: int = zipfile.ZIP_DEFLATED,
    others: dict[str, bytes] | None = None,
) -> Path:
    """A ZIP archive of DICOM files, and of others."""
    with zipfile.ZipFile(folder / name, "w", method, compresslevel=1) as archive:
        for other, content in (others or {}).items():
            archive.writestr(other, content)
        for index, content in enumerate(slices(count)):
            archive.writestr(inside.format(index + 1), content)
    return folder / name


def locked(folder: Path) -> None:
    """A ZIP archive that says its member is encrypted."""
    path = zipped(folder)
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)


def cut(folder: Path) -> None:
    """A ZIP archive that ends early."""
    path = zipped(folder)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def wrong_crc(folder: Path) -> None:
    """A ZIP archive with a byte of a stored slice altered."""
    path = zipped(folder, method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def office(folder: Path, name: str, member: str) -> None:
    """A document that is a ZIP archive inside."""
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(member, "<document/>")


def zip_in_zip(folder: Path) -> None:
    """A ZIP archive inside another one."""
    inner = zipped(folder).read_bytes()
    (folder / "a.zip").unlink()
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("inner.zip", inner)


def tar(folder: Path, name: str, mode: str) -> None:
    """A tape archive of DICOM files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        content = slices(1)[0]
        info = tarfile.TarInfo("CT/a.dcm")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    content = buffer.getvalue()
    packed = {"": content, "gz": gzip.compress(content, 1), "xz": lzma.compress(content)}
    (folder / name).write_bytes(packed[mode])


def packed(folder: Path, name: str) -> None:
    """One DICOM file packed by bzip2 or xz."""
    pack = bz2.compress if name.endswith("bz2") else lzma.compress
    (folder / name).write_bytes(pack(slices(1)[0]))


def starts(folder: Path, name: str, head: bytes) -> None:
    """A file of which only the first bytes count."""
    (folder / name).write_bytes(head.ljust(2000, b"\0"))


def ten() -> build.Hu:
    """Ten slices, as they must be read."""
    return build.stack(10).astype("f4")


READ_OR_NAMED = (read(build.as_read, beside=BESIDE), UNPACK)
DAMAGED = refused(Reason.CORRUPT, Reason.TRUNCATED, UNKNOWN)

CASES = (
    Case("zipped DICOM folder", "DICOM files inside a ZIP", READ_OR_NAMED, ZIPPED, zipped),
    Case(
        "zipped DICOM folder, stored",
        "the same without compression",
        READ_OR_NAMED,
        ZIPPED,
        partial(zipped, method=zipfile.ZIP_STORED),
    ),
    Case(
        "zipped series of ten",
        "a whole series",
        (read(ten, beside=BESIDE), UNPACK),
        ZIPPED,
        partial(zipped, count=10),
    ),
    Case(
        "zipped DICOM folder with other files",
        "a text and a folder for macOS lie beside the slice",
        READ_OR_NAMED,
        ZIPPED,
        partial(zipped, others={"README.txt": b"hello", "__MACOSX/._a.dcm": b"\0\5\x16\7"}),
    ),
    Case(
        "zipped DICOM without suffix, deep",
        "names as on discs",
        READ_OR_NAMED,
        ZIPPED,
        partial(zipped, inside="DICOM/PA0/ST0/SE0/IM{}"),
    ),
    Case(
        "zipped DICOM called .dcm",
        "the name of the archive says nothing",
        READ_OR_NAMED,
        ZIPPED,
        partial(zipped, name="a.dcm"),
    ),
    Case(
        "zipped DICOM that climbs out",
        "a member's name leads out of the folder; nothing is ever unpacked there",
        (*READ_OR_NAMED, DAMAGED),
        "Zip Slip",
        partial(zipped, inside="../../{}.dcm"),
    ),
    Case(
        "ZIP in a ZIP",
        "an archive of archives",
        (read(build.as_read, beside=BESIDE), refused(UNKNOWN)),
        ZIPPED,
        zip_in_zip,
    ),
    Case(
        "ZIP with a password",
        "encrypted",
        refused(UNKNOWN, Reason.CORRUPT, Reason.NO_PERMISSION, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        ZIPPED,
        locked,
    ),
    Case("ZIP cut in half", "its directory is gone", DAMAGED, ZIPPED, cut),
    Case(
        "ZIP with an altered byte", "the checksum of the slice is wrong", DAMAGED, ZIPPED, wrong_crc
    ),
    *(
        Case(
            name,
            "a ZIP inside, and no DICOM in it",
            Right(reasons=frozenset({UNKNOWN})),
            ZIPPED,
            partial(office, name=name, member=member),
        )
        for name, member in (
            ("letter.docx", "word/document.xml"),
            ("table.xlsx", "xl/workbook.xml"),
            ("program.jar", "META-INF/MANIFEST.MF"),
        )
    ),
    *(
        Case(
            f"archive {name}",
            "packed in another way",
            (read(build.as_read), *(refused(UNKNOWN, words=word) for word in words)),
            ZIPPED,
            build_it,
        )
        for name, words, build_it in (
            ("a.tar", ("tar",), partial(tar, name="a.tar", mode="")),
            ("a.tar.gz", ("gzip", "tar"), partial(tar, name="a.tar.gz", mode="gz")),
            ("a.tar.xz", ("xz", "tar"), partial(tar, name="a.tar.xz", mode="xz")),
            ("a.dcm.bz2", ("bzip", "bz2"), partial(packed, name="a.dcm.bz2")),
            ("a.dcm.xz", ("xz",), partial(packed, name="a.dcm.xz")),
            ("a.7z", ("7z", "7-zip"), partial(starts, name="a.7z", head=b"7z\xbc\xaf\x27\x1c\0\4")),
            ("a.rar", ("rar",), partial(starts, name="a.rar", head=b"Rar!\x1a\7\1\0")),
        )
    ),
)
