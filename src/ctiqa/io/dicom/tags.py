"""Robust access to the elements of a DICOM header."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from ctiqa.io.dicom.header import tag_of
from ctiqa.text.plain_text import clean

TEXT_VRS = frozenset({"CS", "LO", "SH", "UI"})
"""Value representations of accepted texts. Others may contain unexpected content, such as a
person's name."""

MAX_TEXT = 64
"""Maximum length of a text in characters, the longest that these representations allow."""

NAME_SEPARATOR = "^"

UID = re.compile(r"[0-9.]{1,64}")

DAY = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)")
"""A date, also in the retired form with full stops."""

FIRST_YEAR = 1971
"""Year of the first CT scan of a patient; earlier dates are shifted, unknown or of birth."""

DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
"""A number written with a decimal comma, against the standard."""


class Tags:
    """The elements that apply to one frame.

    An element is looked up in the frame's own functional groups, then in the shared ones, then
    at the top level, so that single-frame and Enhanced CT are read in the same way. An element that
    cannot be parsed counts as absent: a malformed kernel name must not cost the image.
    """

    def __init__(self, dataset: Dataset, frame: int = 0) -> None:
        shared = _item(dataset, "SharedFunctionalGroupsSequence", 0)
        own = _item(dataset, "PerFrameFunctionalGroupsSequence", frame)
        self._chain = [*_groups(own), *_groups(shared), dataset]
        self._found: dict[str, Any] = {}

    def value(self, keyword: str) -> Any:
        """The value of an element, or ``None`` if absent, empty or unreadable."""
        element = self._element(keyword)
        return None if element is None else element.value

    def holds(self, keyword: str) -> bool:
        """Whether the element is present, readable or not."""
        return any(tag_of(keyword) in dataset for dataset in self._chain)

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values of a numeric element; empty if absent or not numeric."""
        value = self.value(keyword)
        values = value if _is_list(value) else (value,)
        try:
            return tuple(map(_number, values))
        except (TypeError, ValueError, OverflowError):
            return ()

    def number(self, keyword: str) -> float | None:
        """The first value of a numeric element."""
        numbers = self.numbers(keyword)
        return numbers[0] if numbers else None

    def positive(self, *keywords: str) -> float | None:
        """The first positive finite number among several elements; writers use 0 for unknown."""
        for keyword in keywords:
            number = self.number(keyword)
            if number is not None and math.isfinite(number) and number > 0:
                return number
        return None

    def integer(self, keyword: str) -> int | None:
        """The first value of a numeric element, if it is an integer."""
        number = self.number(keyword)
        return int(number) if number is not None and number.is_integer() else None

    def words(self, keyword: str) -> tuple[str, ...]:
        """All values of a text element, stripped and cleaned; empty if it is not text."""
        element = self._element(keyword)
        if element is None or element.VR not in TEXT_VRS:
            return ()
        values = element.value if _is_list(element.value) else (element.value,)
        if not all(isinstance(each, str) for each in values):
            return ()
        return tuple(clean(str(each).strip(" \0"), MAX_TEXT) for each in values)

    def text(self, keyword: str) -> str | None:
        """The values of a text element, joined with backslashes as in the file."""
        return clean("\\".join(self.words(keyword)).strip(), MAX_TEXT) or None

    def shown(self, keyword: str) -> str | None:
        """A free text to show in reports, unless it could be a person's name.

        Values of unknown representation are not shown, nor those with a caret, which separates
        the parts of a person's name and does not occur in other texts.
        """
        if any(_is_unknown(dataset, keyword) for dataset in self._chain):
            return None
        text = self.text(keyword)
        return None if text is None or NAME_SEPARATOR in text else text

    def day(self, keyword: str) -> date | None:
        """A date, unless it is before the first CT scanner."""
        element = self._element(keyword)
        if element is None or element.VR != "DA":
            return None
        parts = DAY.fullmatch(str(element.value).strip(" \0"))
        try:
            day = date(*map(int, parts.groups())) if parts else None
        except ValueError:
            return None
        return day if day is not None and day.year >= FIRST_YEAR else None

    def code(self, keyword: str) -> tuple[str, str]:
        """Coding scheme and value of a coded element; empty texts if absent or unreadable."""
        for dataset in self._chain:
            if (item := _item(dataset, keyword, 0)) is not None:
                code = Tags(item)
                return code.text("CodingSchemeDesignator") or "", code.text("CodeValue") or ""
        return "", ""

    def uid(self, keyword: str) -> str | None:
        """A unique identifier; an invalid value is replaced by a digest, so that it stays distinct.

        An invalid value may be anything, including the name or ID of the patient.
        """
        text = self.text(keyword)
        if text is None or UID.fullmatch(text):
            return text
        return f"2.25.{int(sha256(text.encode()).hexdigest()[:30], 16)}"

    def _element(self, keyword: str) -> Any:
        # Looking up an element in pydicom is slow.
        if keyword not in self._found:
            self._found[keyword] = self._look_up(keyword)
        return self._found[keyword]

    def _look_up(self, keyword: str) -> Any:
        for dataset in self._chain:
            if (element := _read(dataset, keyword)) is not None:
                return element
        return None


def _is_unknown(dataset: Dataset, keyword: str) -> bool:
    """Whether an element was read with the representation UN; pydicom drops this on access."""
    if tag_of(keyword) not in dataset:
        return False
    element: Any = dataset.get_item(tag_of(keyword))
    return isinstance(element, RawDataElement) and element.VR == "UN"


def _number(value: Any) -> float:
    """A number, also if written with a decimal comma.

    >>> _number("-1024,00")
    -1024.0
    """
    if isinstance(value, str) and DECIMAL_COMMA.fullmatch(value):
        value = value.replace(",", ".")
    return float(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _read(dataset: Dataset, keyword: str) -> Any:
    """An element that is not empty, or ``None``."""
    try:
        element = dataset.get(tag_of(keyword))
        return None if element is None or element.value in (None, "") else element
    # pydicom converts on access, and a damaged value can raise any exception.
    except Exception:  # noqa: BLE001
        return None


def _item(dataset: Dataset, keyword: str, index: int) -> Dataset | None:
    """Item of a sequence, or ``None`` if the sequence is absent, too short or broken."""
    element = _read(dataset, keyword)
    items = None if element is None else element.value
    if not isinstance(items, Sequence) or not 0 <= index < len(items):
        return None
    item = items[index]
    return item if isinstance(item, Dataset) else None


def _groups(item: Dataset | None) -> list[Dataset]:
    """The macros inside one functional group item, each the first item of a sequence."""
    if item is None:
        return []
    groups = (_item(item, keyword, 0) for keyword in item.dir() if keyword.endswith("Sequence"))
    return [group for group in groups if group is not None]
