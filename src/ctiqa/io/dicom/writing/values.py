"""Valid attribute values by value representation (DICOM PS3.5, 6.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.uid import UID
from pydicom.valuerep import DSfloat

from ctiqa.errors import UsageError
from ctiqa.io.dicom.tags import Tags

TEXT_LENGTH = {"CS": 16, "SH": 16, "LO": 64, "ST": 1024}
"""Maximum length in characters by value representation (PS3.5, table 6.2-1)."""

CODE_STRING = re.compile(r"[A-Z0-9 _]{1,16}")
"""Pattern of a valid value of representation CS."""


def allowed_values(tags: Tags, keyword: str) -> list[Any]:
    """The values of an attribute that its value representation allows."""
    representation = dictionary_VR(keyword)
    if representation in ("DS", "IS", "FD"):
        found = _numbers(tags.numbers(keyword), representation)
    else:
        found = _words(tags.words(keyword), representation)
    return found[:1] if dictionary_VM(keyword) == "1" else found


def _numbers(numbers: Sequence[float], representation: str) -> list[Any]:
    """Numbers as written to the file; empty if one is not finite."""
    if not all(np.isfinite(numbers)):
        return []
    if representation == "DS":
        return [decimal_string(number) for number in numbers]
    return [int(number) if representation == "IS" else number for number in numbers]


def decimal_string(number: float | None) -> DSfloat:
    """A decimal string of at most 16 characters (PS3.5); some scanners write longer ones.

    >>> str(decimal_string(1 / 3)), str(decimal_string(None))
    ('0.33333333333333', '0.0')
    """
    return DSfloat(float(number or 0.0), auto_format=True)


def _words(words: Sequence[str], representation: str) -> list[str]:
    if representation == "UI":
        return [word for word in words if is_uid(word)]
    if representation == "CS":
        return [word.upper() for word in words if CODE_STRING.fullmatch(word.upper())]
    length = TEXT_LENGTH[representation]
    return [word[:length].strip() for word in words if word.isprintable()]


def is_uid(text: str) -> bool:
    """Whether a text is a UID (PS3.5, 9.1).

    >>> is_uid("2.25.1"), is_uid("1.02.x")
    (True, False)
    """
    # By default pydicom issues a warning that quotes the value.
    return UID(text, validation_mode=IGNORE).is_valid


def check_text(name: str, text: str, most: int) -> None:
    """Refuse a text that an attribute cannot hold unchanged.

    Raises:
        UsageError: If it does not have 1…``most`` printable characters, or has a backslash.
    """
    if not (0 < len(text) <= most and text.isprintable() and "\\" not in text):
        raise UsageError(
            f"'{name}' must be 1…{most} printable characters without backslash, got {text[:80]!r}"
        )
