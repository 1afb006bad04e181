"""The work of one run: slices to score, slices scored, and slices not reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

from ctiqa.cards import NoiseRule
from ctiqa.errors import Reason
from ctiqa.score.whole_scan import score_scan
from ctiqa.types import Scan, ScanScore, Skipped, Slice, SliceHeader, SliceScore


class Work:
    """The slices of several scans as one stream: a scan is read while the previous one is scored.

    Args:
        scans: The scans to score.
        stop: Once it is set, no further slice is yielded.
        tick: Called with the number of slices yielded so far.
        noise_rule: Accuracy of the equivalent noise, if the model states it.
    """

    def __init__(
        self,
        scans: Sequence[Scan],
        stop: Event,
        tick: Callable[[int], None],
        noise_rule: NoiseRule | None = None,
    ) -> None:
        self.skipped: list[Skipped] = []
        self._scans = scans
        self._stop = stop
        self._tick = tick
        self._noise_rule = noise_rule
        self._found: list[list[SliceScore]] = [[] for _ in scans]
        self._reached = [0 for _ in scans]
        self._handed_out = 0

    def feed(self, stream: Iterable[tuple[int, Slice | Skipped]]) -> Iterator[tuple[int, Slice]]:
        """The slices of a stream, each with the index of its scan; the rest is recorded as skipped.

        Args:
            stream: Items with the index of their scan, scan after scan.
        """
        for number, item in stream:
            if self._stop.is_set():
                return
            self._reached[number] += 1
            self._handed_out += 1
            self._tick(self._handed_out)
            if isinstance(item, Skipped):
                self.skipped.append(item)
            else:
                yield number, item

    def take(self, number: int, verdict: SliceScore) -> None:
        """Record the score of a slice of the scan with this index."""
        self._found[number].append(verdict)

    def verdicts(self) -> tuple[ScanScore, ...]:
        """The scores of all scans of which at least one slice was read."""
        return tuple(
            score_scan(
                self._part(number),
                slices,
                self._noise_rule,
                planned=len(self._scans[number].headers),
            )
            for number, slices in enumerate(self._found)
            if slices
        )

    def not_reached(self) -> Iterator[Skipped]:
        """The files that were not reached, or not completed, before the run was stopped."""
        for scan, reached in zip(self._scans, self._reached, strict=True):
            held = _slices_by_file(scan.headers)
            for file, missing in _slices_by_file(scan.headers[reached:]).items():
                yield Skipped(file, Reason.STOPPED, _left(missing, held[file]))

    def _part(self, number: int) -> Scan:
        """The part of a scan that was reached, with a warning if it is not all of it."""
        scan, reached = self._scans[number], self._reached[number]
        count = len(scan.headers)
        if reached == count:
            return scan
        scored = len(self._found[number])
        warning = f"stopped by the user: {scored} of {count} slices scored"
        return replace(scan, headers=scan.headers[:reached], warnings=(*scan.warnings, warning))


def _slices_by_file(headers: Iterable[SliceHeader]) -> Counter[Path]:
    return Counter(header.source.file for header in headers)


def _left(missing: int, held: int) -> str:
    """Describe how much of a file was scored before the run was stopped.

    >>> _left(1, 1), _left(87, 99)
    ('stopped by the user before it was scored', 'stopped by the user after 12 of 99 slices')
    """
    if missing == held:
        return "stopped by the user before it was scored"
    return f"stopped by the user after {held - missing} of {held} slices"
