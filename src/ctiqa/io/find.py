"""From paths to scans, by headers alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import cast

from ctiqa.errors import Reason, RefusedError, UsageError
from ctiqa.io.files import walk
from ctiqa.io.formats import is_worth_sharing, read_headers
from ctiqa.io.protocol import DEFAULT_OPTIONS, Contents, ReadOptions
from ctiqa.io.series import drop_copies, group
from ctiqa.io.workers import in_order
from ctiqa.types import Scan, Skipped, SliceHeader

BATCH = 32
"""Files that a worker reads at a time: one header takes less than handing it over."""

MIN_BATCHES_PER_WORKER = 12
"""Fewer headers are read sooner than a process starts."""

MIN_BATCHES_PER_DECODER = 2
"""Where processes will be needed anyway, to decompress."""

Answer = Contents | Skipped
"""What one file turned out to be."""

Progress = Callable[[int, int], None]
"""Called with (files done, files in all)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What some paths hold; every file is in exactly one of the two.

    Attributes:
        scans: Scans by series, each sorted along z.
        skipped: Files that hold nothing to score, by path.
    """

    scans: tuple[Scan, ...]
    skipped: tuple[Skipped, ...]


def find_scans(
    paths: Sequence[Path],
    options: ReadOptions = DEFAULT_OPTIONS,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Found:
    """Find the scans in files and folders, reading headers alone.

    Slices are grouped by SeriesInstanceUID, and apart from each other where a series mixes
    matrix sizes or orientations; a volume file is a series of its own. Hidden and system files
    inside folders (``.DS_Store``, ``DICOMDIR``) are passed over, and data files that belong to
    a header file (``.raw`` beside ``.mhd``) are part of that one.

    Args:
        paths: Files and folders, any mix and nesting.
        options: What the user vouches for.
        jobs: Processes that read headers; 1 reads in this process.
        progress: Called now and then with (files done, files in all).

    Returns:
        The scans, and every other file with the reason why it is none.

    Raises:
        UsageError: If a path does not exist, or ``jobs`` is less than 1.

    >>> find_scans([])
    Found(scans=(), skipped=())
    """
    if jobs < 1:
        raise UsageError(f"'jobs' must be at least 1, got {jobs}")
    files = walk([Path(path) for path in paths])
    answers: list[Answer] = []
    for batch in _answers(files, options, jobs):
        answers.extend(batch)
        if progress is not None:
            progress(len(answers), len(files))
    return _sort_out(files, answers)


def _answers(files: Sequence[Path], options: ReadOptions, jobs: int) -> Iterator[list[Answer]]:
    """Read the headers of all files, a batch at a time."""
    survey = partial(_survey, options=options)
    batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
    if jobs == 1 or len(batches) < 2 * MIN_BATCHES_PER_DECODER:
        yield from map(survey, batches)
        return
    first = survey(batches.pop(0))
    yield first
    least = MIN_BATCHES_PER_DECODER if _is_compressed(first) else MIN_BATCHES_PER_WORKER
    workers = min(jobs, len(batches) // least)
    if workers < 2:
        yield from map(survey, batches)
    else:
        yield from in_order(survey, batches, _crashed, jobs=workers, ahead=2 * workers)


def _is_compressed(answers: Sequence[Answer]) -> bool:
    """Whether the first image among some files will have to be decompressed."""
    found = next((answer for answer in answers if isinstance(answer, Contents)), None)
    return found is not None and is_worth_sharing(found.headers[0])


def _survey(files: Sequence[Path], options: ReadOptions) -> list[Answer]:
    return [_examine(file, options) for file in files]


def _examine(file: Path, options: ReadOptions) -> Answer:
    try:
        return read_headers(file, options)
    except RefusedError as error:
        return Skipped(file, error.reason, error.detail)


def _crashed(files: Sequence[Path]) -> list[Answer]:
    return [Skipped(file, Reason.CORRUPT, "the reader crashed on a file nearby") for file in files]


def _sort_out(files: Sequence[Path], answers: Sequence[Answer]) -> Found:
    """Turn what the files are into scans and skipped files."""
    contents = [answer for answer in answers if isinstance(answer, Contents)]
    companions = {os.path.realpath(path) for each in contents for path in each.companions}
    refused = [
        answer
        for file, answer in zip(files, answers, strict=True)
        if isinstance(answer, Skipped) and os.path.realpath(file) not in companions
    ]
    headers, copies = drop_copies(
        (header for each in contents for header in each.headers), _pixel_digest
    )
    remarks = {each.headers[0].source.file: each.warnings for each in contents if each.warnings}
    return Found(
        scans=tuple(group(headers, remarks)),
        skipped=tuple(sorted([*refused, *copies], key=lambda skipped: skipped.file)),
    )


def _pixel_digest(header: SliceHeader) -> bytes | None:
    """Fingerprint of a DICOM file's stored pixels; only slices at one position are asked for it."""
    digest = cast("Callable[[Path], bytes]", import_module("ctiqa.io.dicom.reader").pixel_digest)
    try:
        return digest(header.source.file)
    except RefusedError:
        return None
