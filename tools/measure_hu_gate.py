"""Measure which damaged slices the HU check accepts, and which valid ones it refuses.

Run it over a folder of ``.npz`` files with ``hu`` [slices, rows, cols], some of them padded::

    python -m tools.measure_hu_gate ../shared/ct

It prints one line for every change in :mod:`tools.hu_changes`: how many slices and series were
refused after the change, and how many were scored. It takes about ten minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tools.hu_changes import DAMAGES, HARMLESS, Change, Stack, has_patient

from ctiqa.hu import PADDING_HU
from ctiqa.io.hu.gate import why_not_hu


@dataclass(slots=True)
class Count:
    """Outcomes for slices, or for series.

    Attributes:
        refused: Not HU.
        empty: Accepted, but without a patient in it, so without a score.
        scored: Accepted, with a patient.
    """

    refused: int = 0
    empty: int = 0
    scored: int = 0

    def add(self, values: Stack) -> None:
        """Check an image or a stack and count the outcome."""
        if why_not_hu(values):
            self.refused += 1
        elif has_patient(values):
            self.scored += 1
        else:
            self.empty += 1

    def __str__(self) -> str:
        return f"{self.refused:5d} {self.empty:5d} {self.scored:6d}"


def stacks(folder: Path, every: int) -> Iterator[Stack]:
    """Every n-th series of a collection, as stored."""
    for file in sorted(folder.glob("*.npz"))[::every]:
        with np.load(file, allow_pickle=False) as stored:
            yield stored["hu"].astype(np.float64)


def measure(
    changes: Mapping[str, Change], series: Sequence[Stack]
) -> Iterator[tuple[str, Count, Count]]:
    """For every change: its name and the outcomes for slices and for series."""
    for name, change in changes.items():
        slices, wholes = Count(), Count()
        for hu in series:
            changed = change(np.maximum(hu, PADDING_HU), np.random.default_rng(0))
            wholes.add(changed)
            for image in changed:
                slices.add(image)
        yield name, slices, wholes


def as_stored(series: Sequence[Stack]) -> Count:
    """Outcomes for unchanged slices and series."""
    count = Count()
    for hu in series:
        for values in (hu, *hu):
            count.add(values)
    return count


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit status is 1 if anything valid was refused."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("--every", type=int, default=1, help="use every n-th series")
    options = parser.parse_args(arguments)
    series = list(stacks(options.collection, options.every))
    stored = as_stored(series)
    _say(f"{'':36}{'slices':>18}   {'series':>18}")
    _say(f"{'':36}{'refused empty scored':>18} {'refused empty scored':>21}")
    _say(f"{'as stored, slices and series':36}{stored}")
    wrongly_refused = stored.refused
    for title, changes in (("still HU", HARMLESS), ("no HU", DAMAGES)):
        _say(title)
        for name, slices, wholes in measure(changes, series):
            _say(f"  {name:34}{slices}   {wholes}")
            wrongly_refused += (slices.refused + wholes.refused) * (changes is HARMLESS)
    return int(wrongly_refused > 0)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
