"""Lost or doubled slices: what belongs together, and what is the same."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from tests.corpus import build
from tests.corpus.case import Case, Right, read
from tests.io import make

from ctiqa.errors import Reason

SAME_UID = "rordenlab/dcm2niix#211, #218, #168"
UID_A_SLICE = "rordenlab/dcm2niix#275, #296, #383, #495, medInria#156"
OVERFLOW = "own run: a position of 1e306"

DUPLICATE = Reason.DUPLICATE


def three() -> build.Hu:
    """Three slices, as they must be read."""
    return build.stack(3).astype("f4")


THREE = read(three)
THREE_WARNED = read(three, warned=True)


def series(folder: Path, syntax: str = make.EXPLICIT, **own: Any) -> None:
    """Three slices; an element may be a function of the slice's number."""
    for index, hu in enumerate(build.stack(3)):
        tags: dict[str, Any] = {
            "ImagePositionPatient": [0, 0, 8 * index],
            "SOPInstanceUID": f"2.25.{100 + index}",
            "SeriesInstanceUID": "2.25.7",
            "StudyInstanceUID": "2.25.8",
            "FrameOfReferenceUID": "2.25.9",
            "InstanceNumber": str(index + 1),
        }
        for keyword, value in own.items():
            tags[keyword] = value(index) if callable(value) else value
        stored = (hu.astype("i4") + 1024).astype("u2")
        build.dicom(folder, stored, name=f"{index:03d}.dcm", syntax=syntax, **tags)


def copied(folder: Path, **tags: Any) -> None:
    """The plain slice twice; the copy may have other elements."""
    build.dicom(folder, name="a.dcm", SOPInstanceUID="2.25.1")
    build.dicom(folder, name="b.dcm", **{"SOPInstanceUID": "2.25.1", **tags})


def twice_the_file(folder: Path) -> None:
    """One file under two names."""
    build.dicom(folder, name="a.dcm")
    shutil.copy(folder / "a.dcm", folder / "b.dcm")


def one_or_two() -> Right:
    """One slice, and the other listed as its copy."""
    return read(build.as_read, beside=[DUPLICATE])


def placed(folder: Path, positions: tuple[str, ...]) -> None:
    """The plain slice at positions that no scanner has."""
    for index, position in enumerate(positions):
        path = build.dicom(
            folder,
            (build.stack(3)[index].astype("i4") + 1024).astype("u2"),
            name=f"{index}.dcm",
            ImagePositionPatient=["0", "0", str(1111 + index)],
            SOPInstanceUID=f"2.25.{index + 1}",
        )
        old = f"0\\0\\{1111 + index}".encode()
        new = f"0\\0\\{position}".encode()
        content = path.read_bytes()
        place = content.index(old)
        length = len(new) + len(new) % 2
        # Explicit VR: two bytes of length stand before the value.
        head = content[: place - 2] + length.to_bytes(2, "little") + new.ljust(length)
        path.write_bytes(head + content[place + len(old) + len(old) % 2 :])


def n_plain(count: int) -> Right:
    """Some slices, in any grouping that keeps them all."""
    return read(lambda: build.stack(count).astype("f4"))


CASES = (
    Case("three slices of one series", "nothing", THREE, "look-alike", series),
    Case(
        "one SOPInstanceUID for all slices",
        "an anonymiser gave every slice the same UID; position and pixels differ",
        THREE_WARNED,
        SAME_UID,
        partial(series, SOPInstanceUID="1.2.3.4.5"),
    ),
    Case(
        "one SOPInstanceUID for all slices, JPEG-LS",
        "the same, compressed",
        THREE_WARNED,
        SAME_UID,
        partial(series, SOPInstanceUID="1.2.3.4.5", syntax=make.JPEG_LS),
    ),
    Case(
        "one SOPInstanceUID, no positions",
        "the same, and only the pixels differ",
        THREE_WARNED,
        SAME_UID,
        partial(series, SOPInstanceUID="1.2.3.4.5", ImagePositionPatient=None),
    ),
    Case(
        "no SOPInstanceUID",
        "slices without a name of their own",
        (THREE, THREE_WARNED),
        SAME_UID,
        partial(series, SOPInstanceUID=None),
    ),
    Case(
        "a SeriesInstanceUID for each slice",
        "an anonymiser cut the series into single slices",
        THREE_WARNED,
        UID_A_SLICE,
        partial(series, SeriesInstanceUID=lambda index: f"2.25.7{index}"),
    ),
    Case(
        "an empty SeriesInstanceUID",
        "the series has no name",
        (THREE, THREE_WARNED),
        UID_A_SLICE,
        partial(series, SeriesInstanceUID=""),
    ),
    Case(
        "no SeriesInstanceUID",
        "the series has no name",
        (THREE, THREE_WARNED),
        UID_A_SLICE,
        partial(series, SeriesInstanceUID=None),
    ),
    Case(
        "a SeriesInstanceUID for each slice, no study",
        "the same without the other UIDs",
        (THREE, THREE_WARNED),
        UID_A_SLICE,
        partial(
            series,
            SeriesInstanceUID=lambda index: f"2.25.7{index}",
            StudyInstanceUID=None,
            FrameOfReferenceUID=None,
        ),
    ),
    Case("one file under two names", "a copy", one_or_two(), "messy export", twice_the_file),
    Case(
        "a copy with the same UID",
        "written again, nothing changed",
        one_or_two(),
        "messy export",
        copied,
    ),
    Case(
        "a copy with a new SOPInstanceUID",
        "an anonymiser renamed one of two",
        one_or_two(),
        "messy export",
        partial(copied, SOPInstanceUID="2.25.2"),
    ),
    Case(
        "a copy in a series of its own",
        "sent twice, renamed once",
        one_or_two(),
        "messy export",
        partial(copied, SOPInstanceUID="2.25.2", SeriesInstanceUID="2.25.77"),
    ),
    *(
        Case(
            f"positions {', '.join(positions)}",
            "a position that is none: unknown, and the slices are read",
            n_plain(len(positions)),
            OVERFLOW,
            partial(placed, positions=positions),
        )
        for positions in (
            ("1e306",),
            ("1e306", "1e306"),
            ("-1e308", "1e308"),
            ("nan", "nan"),
            ("inf", "-inf"),
            ("here", "there"),
        )
    ),
)
