"""Texts of a header that repeat the patient's name or number are dropped with them.

A free text such as *Series Description* may hold the name of the patient. Where the header states
the name, this can be recognised. To compare them, the name and the number are read together with
the wanted elements, and removed before anyone sees the data set.
"""

from __future__ import annotations

import re

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

NAMES = tuple(
    map(Tag, ("PatientName", "PatientBirthName", "PatientMotherBirthName", "OtherPatientNames"))
)
"""Elements that name the patient, in parts."""

NUMBERS = tuple(map(Tag, ("PatientID", "OtherPatientIDs", "AccessionNumber")))
"""Elements that identify the patient or the order as a whole. Those of de-identified collections
often contain words of protocols (``LUNG-0012``)."""

BIRTH_DATE = Tag("PatientBirthDate")

FREE_TEXTS = frozenset(map(Tag, ("ProtocolName", "SeriesDescription", "StationName")))
"""Elements into which operators type."""

DAYS = tuple(map(Tag, ("StudyDate", "AcquisitionDate")))
"""Days; a newborn is scanned on its birth date."""

IDENTITY = (*NAMES, *NUMBERS, BIRTH_DATE)
"""Tags that are read and removed again."""

MOST_BYTES = 256
"""Longest free text that is read: 64 characters of up to four bytes."""

LEAST_PART = 2
"""Shorter parts of a name and shorter numbers are not recognised."""

LEAST_INSIDE = 4
"""Shorter parts must be a word of the text; these may be anywhere in it."""

Elements = dict[BaseTag, RawDataElement | DataElement]


def leave_out_identity(dataset: Dataset) -> None:
    """Remove the patient's identity from a data set, and what repeats it in other elements.

    Args:
        dataset: Elements as they were read, not yet converted; it is changed.
    """
    # Operations of a data set are slow, and this runs for every file.
    elements: Elements = dict(dataset._dict)
    identity = {tag: elements[tag] for tag in IDENTITY if tag in elements}
    texts = elements.keys() & FREE_TEXTS
    parts = _parts(identity) if texts else ()
    repeats = [tag for tag in texts if _repeats(elements[tag], parts)]
    born = _digits(_raw_text(identity.get(BIRTH_DATE)))
    days = [tag for tag in DAYS if born and _digits(_raw_text(elements.get(tag))) == born]
    for tag in (*identity, *repeats, *days):
        del dataset[tag]


def _parts(identity: Elements) -> tuple[str, ...]:
    """What a text must not contain: parts of names, numbers, and long rows of their digits."""
    whole = {_raw_text(identity[tag]) or "" for tag in NUMBERS if tag in identity}
    names = {_raw_text(identity[tag]) or "" for tag in NAMES if tag in identity}
    letters = (part for name in names - whole for part in re.split(r"[\W\d_]+", name))
    digits = (row for number in whole for row in re.findall(rf"\d{{{LEAST_INSIDE},}}", number))
    return tuple(part for part in {*whole, *letters, *digits} if len(part) >= LEAST_PART)


def _repeats(element: RawDataElement | DataElement, parts: tuple[str, ...]) -> bool:
    """Whether a text contains a part of the identity, or is too long or odd to tell."""
    text = _raw_text(element)
    if text is None or len(text) > MOST_BYTES:
        return True
    words = re.split(r"[\W_]+", text)
    return any(part in words or (len(part) >= LEAST_INSIDE and part in text) for part in parts)


def _raw_text(element: RawDataElement | DataElement | None) -> str | None:
    """An element in lower case as text; ``None`` if absent, too long to be read, or no text.

    The bytes are decoded in the same way wherever they are, which is enough to compare them.
    """
    if not isinstance(element, RawDataElement) or not isinstance(element.value, bytes):
        return None
    try:
        return element.value.decode().strip(" \0").casefold()
    except UnicodeDecodeError:
        return element.value.decode("latin-1").strip(" \0").casefold()


def _digits(text: str | None) -> str:
    return re.sub(r"\D", "", text or "")
