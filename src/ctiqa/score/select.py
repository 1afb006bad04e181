"""Which slices of a scan to score, as a half-open range like Python's."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ctiqa.errors import UsageError
from ctiqa.types import Scan


@dataclass(frozen=True, slots=True)
class SliceRange:
    """Slices ``start`` (included) to ``stop`` (not included) in z order, counted from 0.

    Attributes:
        start: First slice; negative counts from the end; ``None`` is the first.
        stop: One past the last slice; negative counts from the end; ``None`` is the end.

    >>> SliceRange.parse("10:20")
    SliceRange(start=10, stop=20)
    """

    start: int | None
    stop: int | None

    @classmethod
    def parse(cls, text: str) -> SliceRange:
        """Read ``A:B``, ``A:`` or ``:B``.

        Raises:
            UsageError: If the text is none of them.
        """
        start, colon, stop = text.partition(":")
        try:
            if not colon:
                raise ValueError(text)
            return cls(_number(start), _number(stop))
        except ValueError:
            raise UsageError(
                f"'slices' must be A:B, A: or :B with whole numbers (for example 10:20), "
                f"got {text!r}"
            ) from None

    def __str__(self) -> str:
        return ":".join("" if part is None else str(part) for part in (self.start, self.stop))


def select(scan: Scan, chosen: SliceRange | None) -> Scan:
    """Keep the chosen slices of a scan.

    Raises:
        UsageError: If the range reaches outside the scan or holds no slice.
    """
    if chosen is None:
        return scan
    count = len(scan.headers)
    start = _from_front(chosen.start, count, default=0)
    stop = _from_front(chosen.stop, count, default=count)
    if not 0 <= start < stop <= count:
        raise UsageError(
            f"'slices' must be a range inside 0:{count} ({scan.path} has {count} slices), "
            f"got {chosen}"
        )
    return replace(scan, headers=scan.headers[start:stop])


def _number(text: str) -> int | None:
    return int(text) if text.strip() else None


def _from_front(index: int | None, count: int, *, default: int) -> int:
    if index is None:
        return default
    return index + count if index < 0 else index
