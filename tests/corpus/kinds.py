"""All rows of the corpus by kind, and how they are tried."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.corpus import (
    archives,
    checksums,
    data_files,
    grouping,
    hostile_bombs,
    hostile_codes,
    hostile_headers,
    look_alikes,
    not_hu,
    pixel_bits,
    text,
    tiff,
    units_and_image_types,
    volumes,
)
from tests.corpus.case import Case, Right, complaint, leak, outcome

MAX_SECONDS = 10
MAX_PEAK_MB = 512

ROOT = Path(__file__).parents[2]

ORDINARY: dict[str, tuple[Case, ...]] = {
    "pixel bits": pixel_bits.CASES,
    "not HU": not_hu.CASES,
    "look-alikes": look_alikes.CASES,
    "units and image types": units_and_image_types.CASES,
    "data files": data_files.CASES,
    "volumes": volumes.CASES,
    "TIFF": tiff.CASES,
    "archives": archives.CASES,
    "grouping": grouping.CASES,
    "text": text.CASES,
}
"""Read in the process of the test."""

HOSTILE: dict[str, tuple[Case, ...]] = {
    "decoders": hostile_codes.CASES,
    "headers": hostile_headers.CASES,
    "bombs": hostile_bombs.CASES,
    "checksums": checksums.CASES,
}
"""Read in a process of their own each, with a watch on its time and memory."""


def wrong(case: Case, folder: Path) -> str | None:
    """What is not right about how a case ends; ``None`` where all is."""
    case.build(folder)
    ended = outcome([folder], case.options)
    complaints = [complaint(ended, right) for right in case.answers]
    return complaints[0] if None not in complaints else leak(ended)


class Apart:
    """Reads folders in processes of their own.

    Args:
        server: The process that divides for each of them (``bounded.py``).
    """

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def read(self, folder: Path) -> dict[str, Any]:
        """What came of a folder; see :func:`tests.corpus.bounded.report`."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{folder}\n")
        self._server.stdin.flush()
        return dict(json.loads(self._server.stdout.readline()))

    def wrong(self, case: Case, folder: Path) -> str | None:
        """What is not right about how a hostile case ends; ``None`` where all is."""
        case.build(folder)
        answer = self.read(folder)
        if broken := unbounded(answer):
            return broken
        complaints = [_complaint(answer, right) for right in case.answers]
        return None if None in complaints else complaints[0]


@contextmanager
def readers_apart() -> Iterator[Apart]:
    """Processes of their own to read folders in."""
    command = [sys.executable, "-m", "tests.corpus.bounded"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as server:
        yield Apart(server)
        assert server.stdin is not None
        server.stdin.close()


def unbounded(answer: dict[str, Any]) -> str | None:
    """Which bound an answer breaks; ``None`` where it keeps all."""
    if "died" in answer:
        return f"the process ended with wait status {answer['died']}"
    if "raised" in answer:
        return f"not caught: {answer['raised']}"
    if answer["seconds"] >= MAX_SECONDS or answer["peak_mb"] >= MAX_PEAK_MB:
        return f"took {answer['seconds']:.1f} s and {answer['peak_mb']:.0f} MB"
    return str(answer["leak"]) if answer["leak"] else None


def _complaint(answer: dict[str, Any], right: Right) -> str | None:
    reasons = {reason for reason, _ in answer["skipped"]}
    if not answer["slices"]:
        if reasons and reasons <= right.reasons:
            return None
        return f"refused as {answer['skipped'][:3]}, right is {sorted(right.reasons)}"
    if right.untold:
        return None
    if right.hu is None:
        return f"{answer['slices']} slice(s) read, must be refused"
    wanted = [float(hu.sum(dtype="f8")) for hu in right.hu()]
    return None if answer["sums"] == pytest.approx(wanted) else "other HU were read"


def tried() -> Iterator[tuple[str, Case, str | None]]:
    """Every row with its kind and with what was wrong about it."""
    with readers_apart() as apart:
        for kind, cases in (*ORDINARY.items(), *HOSTILE.items()):
            for case in cases:
                with tempfile.TemporaryDirectory() as folder:
                    yield (
                        kind,
                        case,
                        _tried(case, Path(folder), apart.wrong if kind in HOSTILE else wrong),
                    )


def _tried(case: Case, folder: Path, how: Callable[[Case, Path], str | None]) -> str | None:
    try:
        return how(case, folder)
    except Exception as error:  # noqa: BLE001 - an error is wrong like any other end
        return f"not caught: {error!r}"
