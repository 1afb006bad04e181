"""The content tree of a structured report, walked with limits on depth and number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ctiqa.errors import Reason, RefusedError

MOST_DEEP = 16
"""Deepest nesting of content items; TID 10011 needs six."""

MOST_ITEMS = 200_000
"""Maximum number of content items in a report; an irradiation event has about a hundred."""

Code = tuple[str, str]
"""Coding scheme and code value."""


def code_of(item: Any, attribute: str = "ConceptNameCodeSequence") -> Code:
    """A code of a content item; empty texts if it has none."""
    codes = item.get(attribute) or ()
    if not codes:
        return "", ""
    first = codes[0]
    return str(first.get("CodingSchemeDesignator", "")), str(first.get("CodeValue", ""))


class Walker:
    """Walks the tree of one report; all walks together are limited.

    >>> from pydicom import Dataset
    >>> inner, outer = Dataset(), Dataset()
    >>> outer.ContentSequence = [inner]
    >>> len(list(Walker().below(outer)))
    1
    """

    def __init__(self) -> None:
        self._left = MOST_ITEMS

    def below(self, item: Any, stop_at: Code | None = None) -> Iterator[Any]:
        """All content items below one, in the order of the report.

        Args:
            item: A data set with content.
            stop_at: What is below items with this code is left out.

        Raises:
            RefusedError: With ``CORRUPT`` if they are too deep, ``TOO_LARGE`` if too many.
        """
        waiting = [iter(item.get("ContentSequence") or ())]
        while waiting:
            child = next(waiting[-1], None)
            if child is None:
                waiting.pop()
                continue
            self._count()
            yield child
            if code_of(child) != stop_at and (inner := child.get("ContentSequence")):
                if len(waiting) == MOST_DEEP:
                    raise RefusedError(
                        Reason.CORRUPT, f"its content is nested deeper than {MOST_DEEP} levels"
                    )
                waiting.append(iter(inner))

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise RefusedError(Reason.TOO_LARGE, f"it has more than {MOST_ITEMS} content items")
