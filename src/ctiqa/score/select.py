"""Which slices of a scan to score, as a half-open range like Python's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ctiqa.errors import Reason, UsageError
from ctiqa.text.plain_text import clean
from ctiqa.types import Scan, Skipped

_SHOWN = 40
"""Maximum length of an invalid range in its error message."""


@dataclass(frozen=True, slots=True)
class SliceRange:
    """Slices ``start`` (included) to ``stop`` (not included) in z order, counted from 0.

    As in Python, the range may reach beyond the end of a scan.

    Attributes:
        start: First slice; negative counts from the end; ``None`` is the first.
        stop: One past the last slice; negative counts from the end; ``None`` is the end.

    Raises:
        UsageError: If the range is empty for every scan.

    >>> SliceRange.parse("10:20")
    SliceRange(start=10, stop=20)
    """

    start: int | None
    stop: int | None

    def __post_init__(self) -> None:
        start, stop = self.start or 0, self.stop
        if stop == 0 or (stop is not None and (start < 0) == (stop < 0) and start >= stop):
            raise UsageError(f"'slices' must be A:B with A before B, got {str(self)[:_SHOWN]}")

    @classmethod
    def parse(cls, text: str) -> SliceRange:
        """Read ``A:B``, ``A:`` or ``:B``.

        Raises:
            UsageError: If the text is none of these, or the range is empty.
        """
        start, colon, stop = text.partition(":")
        try:
            if not colon:
                raise ValueError(text)
            ends = _number(start), _number(stop)
        except ValueError:
            raise UsageError(
                f"'slices' must be A:B, A: or :B with whole numbers (for example 10:20), "
                f"got {clean(text, _SHOWN)!r}"
            ) from None
        return cls(*ends)

    def __str__(self) -> str:
        return ":".join("" if part is None else str(part) for part in (self.start, self.stop))

    def reaches_beyond(self, count: int) -> bool:
        """Whether the range reaches beyond a scan of this many slices.

        >>> SliceRange(10, 40).reaches_beyond(20), SliceRange(-5, None).reaches_beyond(5)
        (True, False)
        """
        return any(not -count <= end <= count for end in (self.start, self.stop) if end is not None)


def select(
    scans: Iterable[Scan], chosen: SliceRange | None
) -> tuple[tuple[Scan, ...], tuple[Skipped, ...]]:
    """Select slices of every scan.

    Args:
        scans: Complete scans.
        chosen: Range of slices to keep; ``None`` keeps all.

    Returns:
        The scans with slices in the range, with a warning if the range reaches beyond their end;
        and one entry for each of the others.
    """
    if chosen is None:
        return tuple(scans), ()
    cut = [(scan, _cut(scan, chosen)) for scan in scans]
    return (
        tuple(part for _, part in cut if part.headers),
        tuple(_left_out(scan, chosen) for scan, part in cut if not part.headers),
    )


def _cut(scan: Scan, chosen: SliceRange) -> Scan:
    count = len(scan.headers)
    kept = scan.headers[chosen.start : chosen.stop]
    warning = f"slices {chosen} reach beyond its {count} slices: {len(kept)} were taken"
    remarks = (warning,) if chosen.reaches_beyond(count) else ()
    return replace(scan, headers=kept, warnings=(*scan.warnings, *remarks))


def _left_out(scan: Scan, chosen: SliceRange) -> Skipped:
    held = f"series {scan.series_uid} holds {len(scan.headers)} slices"
    return Skipped(scan.path, Reason.NOT_SELECTED, f"{held}, none of them in {chosen}")


def _number(text: str) -> int | None:
    return int(text) if text.strip() else None
