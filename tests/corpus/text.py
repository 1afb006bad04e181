"""Text in headers: numbers written otherwise, words out of place, names that must not show."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from tests.corpus import build
from tests.corpus.case import Case, read, refused
from tests.io import make

from ctiqa.errors import Reason

PLAIN = read(build.as_read)
COMMA = "fo-dicom#1296, fo-dicom#1915; SimpleITK reads it"
IMPLICIT = "Enet4/dicom-rs#521, #756, fo-dicom#47, #49"
PALETTE = "fo-dicom TestPattern_Palette.dcm"
NAME = "own run: a text tag that holds a sequence was printed"
ESCAPES = "own run: terminals obey escape sequences"

DISPLAYED = ("Manufacturer", "ManufacturerModelName", "BodyPartExamined", "ConvolutionKernel")


def texts(folder: Path, **values: str) -> None:
    """The plain slice with elements as raw text, whatever their VR allows.

    The value written first has the same length, so that it can be replaced byte for byte.
    """
    numbers = {
        "RescaleSlope": "1",
        "RescaleIntercept": "-1024",
        "PixelSpacing": "0.6",
        "KVP": "120",
    }
    path = build.dicom(folder)
    ds = dcmread(path)
    marks = {}
    for keyword, text in values.items():
        mark = numbers[keyword][:1] + "9" * (len(text) - 1)
        marks[mark.encode()] = text.encode()
        setattr(ds, keyword, mark)
    dcmwrite(path, ds, enforce_file_format=True)
    content = path.read_bytes()
    for old, new in marks.items():
        content = content.replace(old, new, 1)
    path.write_bytes(content)


def as_explicit(folder: Path) -> None:
    """Explicit VR under a meta header that says implicit."""
    path = build.dicom(folder)
    content = path.read_bytes()
    explicit, implicit = make.EXPLICIT.encode() + b"\0", make.IMPLICIT.encode()
    place = content.index(b"\x02\0\x10\0UI")
    old = content[place : place + 8 + 20]
    new = b"\x02\0\x10\0UI" + (18).to_bytes(2, "little") + implicit.ljust(18, b"\0")
    assert explicit in old
    length = int.from_bytes(content[140:144], "little") - 2
    content = content.replace(old, new, 1)
    path.write_bytes(content[:140] + length.to_bytes(4, "little") + content[144:])


def as_implicit(folder: Path) -> None:
    """Implicit VR under a meta header that says explicit."""
    path = build.dicom(folder, syntax=make.IMPLICIT)
    content = path.read_bytes()
    place = content.index(b"\x02\0\x10\0UI")
    old = content[place : place + 8 + 18]
    new = b"\x02\0\x10\0UI" + (20).to_bytes(2, "little") + make.EXPLICIT.encode().ljust(20, b"\0")
    length = int.from_bytes(content[140:144], "little") + 2
    content = content.replace(old, new, 1)
    path.write_bytes(content[:140] + length.to_bytes(4, "little") + content[144:])


def named(vr: str) -> Dataset:
    """An item that names the patient."""
    item = Dataset()
    item.PatientName = make.PATIENT
    item.add_new(0x00081090, vr, make.PATIENT)
    return item


def name_in_sequence(folder: Path, keyword: str) -> None:
    """A text element that is encoded as a sequence, with the patient's name inside."""
    path = build.dicom(folder)
    ds = dcmread(path)
    tag = ds[keyword].tag
    del ds[keyword]
    ds.add_new(tag, "SQ", Items([named("LO")]))
    dcmwrite(path, ds, enforce_file_format=True)


def displayed(folder: Path, text: bytes, **tags: Any) -> None:
    """Some bytes in every text that is shown."""
    mark = "Q" * len(text)
    values: dict[str, Any] = {**dict.fromkeys(DISPLAYED, mark), **tags}
    path = build.dicom(folder, **values)
    path.write_bytes(path.read_bytes().replace(mark.encode(), text))


CASES = (
    Case(
        "decimal commas in the rescale",
        "software under a European locale; a comma cannot occur in a number otherwise",
        read(build.as_read, Reason.NO_RESCALE),
        COMMA,
        partial(texts, RescaleSlope="1,00", RescaleIntercept="-1024,00"),
    ),
    Case(
        "decimal comma in the intercept alone",
        "the same in one of two",
        read(build.as_read, Reason.NO_RESCALE),
        COMMA,
        partial(texts, RescaleIntercept="-1024,0"),
    ),
    Case(
        "decimal comma in KVP",
        "the same where the image does not depend on it",
        PLAIN,
        COMMA,
        partial(texts, KVP="120,5"),
    ),
    Case(
        "a word for a slope",
        "no number at all",
        refused(Reason.NO_RESCALE, Reason.IMPOSSIBLE_RESCALE, Reason.CORRUPT),
        COMMA,
        partial(texts, RescaleSlope="one"),
    ),
    Case(
        "explicit data under an implicit header",
        "the meta header names the wrong syntax",
        PLAIN,
        IMPLICIT,
        as_explicit,
    ),
    Case(
        "implicit data under an explicit header",
        "the other way round",
        read(build.as_read, Reason.CORRUPT),
        IMPLICIT,
        as_implicit,
    ),
    Case(
        "palette colour",
        "stored values are indices of colours; the sentence names it",
        refused(Reason.COLOUR, words="palette"),
        PALETTE,
        lambda folder: build.dicom(
            folder, (build.plain() % 251).astype("u1"), PhotometricInterpretation="PALETTE COLOR"
        ),
    ),
    Case(
        "colour in one sample",
        "another photometric interpretation; the sentence names it",
        refused(Reason.COLOUR, words="YBR"),
        PALETTE,
        partial(build.dicom, PhotometricInterpretation="YBR_FULL"),
    ),
    *(
        Case(
            f"{keyword} holds a sequence with the patient's name",
            "a text element is encoded as a sequence: unknown, and never shown",
            PLAIN,
            NAME,
            partial(name_in_sequence, keyword=keyword),
        )
        for keyword in ("Manufacturer", "ConvolutionKernel")
    ),
    *(
        Case(
            f"{keyword} holds a sequence with the patient's name",
            "an element that decides is encoded as a sequence: unknown, and never shown",
            right,
            NAME,
            partial(name_in_sequence, keyword=keyword),
        )
        for keyword, right in (
            ("Modality", read(build.as_read, Reason.NOT_CT, Reason.CORRUPT)),
            ("ImageType", read(build.as_read, Reason.CORRUPT)),
            ("RescaleIntercept", refused(Reason.NO_RESCALE, Reason.CORRUPT)),
            ("PhotometricInterpretation", read(build.as_read, Reason.COLOUR, Reason.CORRUPT)),
            ("SeriesInstanceUID", read(build.as_read, Reason.CORRUPT)),
        )
    ),
    Case(
        "escape sequences in every text",
        "a terminal would obey them",
        PLAIN,
        ESCAPES,
        partial(displayed, text=b"B4\x1b[31m\x07\x1b]0;x\x07"),
    ),
    Case(
        "text in invalid UTF-8",
        "bytes that are no characters",
        PLAIN,
        ESCAPES,
        partial(displayed, text=b"\xff\xfe\xc3\x28", SpecificCharacterSet="ISO_IR 192"),
    ),
    Case(
        "text from right to left",
        "marks that turn the rest of a line around",
        PLAIN,
        ESCAPES,
        partial(displayed, text="a\u202eb\u2066".encode(), SpecificCharacterSet="ISO_IR 192"),
    ),
)
