"""Free text of a header, kept only if it reads like the name of a protocol and not of a person.

Operators type into *Protocol Name*, *Series Description* and *Station Name*, and some type the
name, number or birth date of a patient. Only a text that passes all rules is kept; otherwise the
whole text is left out, because the rest of it may identify the patient as well.

1. Its characters are letters, digits, spaces and ``_-./+()%&#<>:``. The caret, comma and equals
   sign that separate the parts of a name are not among them, nor is the asterisk before a birth
   date.
2. It has at least one letter and at most 64 characters, and no word of more than 24.
3. No five digits in a row, no six in a word, no seven with nothing but separators in between, and
   no more than twelve in all: that would be a number of a patient, an order or a telephone.
4. No date, and no four digits that could be a year (1900–2099).
5. No word that introduces a person or a number, such as ``geb`` or ``DOB``.

A name written as plain words (``Hans Mueller``) reads like a protocol and passes. Where the header
names the patient, :mod:`ctiqa.io.dicom.identity` leaves out such texts.
"""

from __future__ import annotations

import re

MOST_CHARACTERS = 64
"""Longest text: that of the value representation LO."""

MOST_CHARACTERS_OF_A_WORD = 24
"""Longest word. ``Wirbelsäulenganzaufnahme`` has 24 letters."""

MOST_DIGITS = 12
"""Most digits in all. ``Abdomen 1.0 Br40 S3 60% 120kV`` has 10."""

MARKS = "_-./+()%&#<>:"
"""Characters that are allowed besides letters, digits and spaces."""

MOST_CHARACTERS_OF_A_STATION = 16
"""Longest name of a station: that of the value representation SH."""

_REFUSED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\d{5}",
        r"(?<!\d)(19|20)\d\d(?!\d)",
        r"(?:\d[-./: ]*){7}",
        r"(?<!\d)\d{1,2}[-./]\d{1,2}[-./](\d{4}|\d{2})(?!\d)",
        r"\d{4}[-./]\d{1,2}[-./]\d{1,2}",
        r"(?<![^\W\d_])(mrs|herr|frau|geb|geboren|dob|born|mrn|ssn)(?![^\W\d_])",
    )
)
"""Numbers, years, dates and introductions."""

_STATION_DIGITS = re.compile(r"\d{6}")
"""Scanners are often named after a serial number of five digits."""


def protocol_text(text: str | None, also: str = "") -> str | None:
    """The text, or ``None`` if it could identify a patient.

    Args:
        text: Name of a protocol, description of a series, or another text of that kind.
        also: Further characters to allow.

    >>> protocol_text("5.2 CHEST/ABD/PEL (FEET FIRST)"), protocol_text("ThoraxRoutine  8.0.0  B40f")
    ('5.2 CHEST/ABD/PEL (FEET FIRST)', 'ThoraxRoutine  8.0.0  B40f')
    >>> protocol_text("Mueller^Hans"), protocol_text("Thorax 03.02.1955")
    (None, None)
    >>> protocol_text("Pat 4711 23 8")
    """
    if not text or len(text) > MOST_CHARACTERS or not _has_allowed_characters(text, also):
        return None
    words = re.split(r"[\W_]+", text)
    if any(_is_long(word) for word in words) or _digits(text) > MOST_DIGITS:
        return None
    if not any(each.isalpha() for each in text):
        return None
    return None if any(rule.search(text) for rule in _REFUSED) else text


def station_text(text: str | None) -> str | None:
    """The name of a scanner, or ``None`` if it could identify a patient.

    The name of a station is one word of at most 16 characters, with at most five digits in a row;
    otherwise the rules of :func:`protocol_text` apply.

    >>> station_text("AWP65478"), station_text("CT_ED-2"), station_text("Mueller Hans")
    ('AWP65478', 'CT_ED-2', None)
    """
    if not text or len(text) > MOST_CHARACTERS_OF_A_STATION or " " in text:
        return None
    if _STATION_DIGITS.search(text) or _digits(text) > 6:
        return None
    return text if protocol_text(re.sub(r"\d+", "0", text)) else None


def _has_allowed_characters(text: str, also: str) -> bool:
    return all(each.isalnum() or each == " " or each in MARKS or each in also for each in text)


def _is_long(word: str) -> bool:
    return len(word) > MOST_CHARACTERS_OF_A_WORD or _digits(word) > 5


def _digits(text: str) -> int:
    return sum(each.isdigit() for each in text)
