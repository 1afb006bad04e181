"""Find scans in files and folders by reading headers only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import cast

from ctiqa.errors import Reason, RefusedError, UsageError
from ctiqa.io.access.files import walk
from ctiqa.io.dicom.meta import announces_compression
from ctiqa.io.formats import read_file_headers
from ctiqa.io.grouping.copies import Fingerprint, drop_copies, drop_copies_of_series
from ctiqa.io.grouping.series import group_by_series
from ctiqa.io.processes import apart, in_order, start_workers
from ctiqa.io.protocol import DEFAULT_OPTIONS, Contents, ReadOptions
from ctiqa.types import Scan, Skipped, SliceHeader

_BATCH = 32
"""Files per task of a worker: one header takes less time to read than to transfer."""

MIN_BATCHES_PER_WORKER = 12
"""Reading fewer headers takes less time than starting a process."""

MIN_BATCHES_PER_DECODER = 2
"""The same if processes will be needed anyway, for decompression."""

FIRST_FILES = 4
"""Number of files checked in advance for compression."""

HEADER_S = 5.0
"""Processor time limit to read the header of a file, in seconds; many frames take one."""

Answer = Contents | Skipped
"""The content of one file, or why it is skipped."""

FileProgress = Callable[[int, int], None]
"""Called with (files done, number of files)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Content of files and folders; every file is either in a scan or skipped.

    Attributes:
        scans: Scans by series, each sorted along z.
        skipped: Files without anything to score, sorted by path.
    """

    scans: tuple[Scan, ...]
    skipped: tuple[Skipped, ...]


def find_scans(
    paths: Sequence[Path],
    options: ReadOptions = DEFAULT_OPTIONS,
    *,
    jobs: int = 1,
    across_series: bool = True,
    progress: FileProgress | None = None,
    comparing: FileProgress | None = None,
) -> Found:
    """Find the scans in files and folders by reading headers only.

    Slices are grouped by SeriesInstanceUID; a series with several matrix sizes or orientations is
    split. A volume file is a series of its own. Hidden and system files inside folders
    (``.DS_Store``, ``DICOMDIR``) are ignored, and data files that belong to a header file (``.raw``
    next to ``.mhd``) are part of it.

    Args:
        paths: Files and folders, in any combination.
        options: How to read them.
        jobs: Processes that read headers; 1 reads in this process.
        across_series: Whether a series that is a copy of another one is skipped. Otherwise what is
            found of a series does not depend on the others.
        progress: Called occasionally with (files done, number of files).
        comparing: Called while possible copies are compared, with (files compared, number of
            slices); often only few files are compared.

    Returns:
        The scans, and every other file with the reason why it was skipped.

    Raises:
        UsageError: If a path does not exist, or ``jobs`` is less than 1.

    >>> find_scans([])
    Found(scans=(), skipped=())
    """
    if jobs < 1:
        raise UsageError(f"'jobs' must be at least 1, got {jobs}")
    files = walk(paths)
    answers: list[Answer] = []
    for batch in _answers(files, options, jobs):
        answers.extend(batch)
        if progress is not None:
            progress(len(answers), len(files))
    return _sort_out(files, answers, across_series, comparing)


def _answers(files: Sequence[Path], options: ReadOptions, jobs: int) -> Iterator[list[Answer]]:
    """Read the headers of all files in batches."""
    batches = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]
    is_compressed = any(map(announces_compression, files[:FIRST_FILES]))
    if is_compressed:
        # They are needed for decompression, and take a while to start.
        start_workers(min(jobs, len(files)))
    least = MIN_BATCHES_PER_DECODER if is_compressed else MIN_BATCHES_PER_WORKER
    workers = min(jobs, len(batches) // least)
    if workers < 2:
        yield from map(partial(_survey, options=options), batches)
    else:
        survey = partial(_survey, options=options)
        lost = partial(_survey_singly, options=options)
        yield from in_order(
            survey, batches, lost, jobs=workers, ahead=2 * workers, cpu_s=_BATCH * HEADER_S
        )


def _survey(files: Sequence[Path], options: ReadOptions) -> list[Answer]:
    return [_examine(file, options) for file in files]


def _examine(file: Path, options: ReadOptions) -> Answer:
    try:
        return read_file_headers(file, options)
    except RefusedError as error:
        return Skipped(file, error.reason, error.detail)


def _survey_singly(files: Sequence[Path], options: ReadOptions) -> list[Answer]:
    """Read the headers of a batch again, file by file, after one of them crashed the reader."""
    examine = partial(_examine, options=options)
    return [apart(examine, file, _crashed, cpu_s=HEADER_S) for file in files]


def _crashed(file: Path) -> Answer:
    return Skipped(file, Reason.CORRUPT, "the reader crashed or took too long on this file")


def _sort_out(
    files: Sequence[Path],
    answers: Sequence[Answer],
    across_series: bool,
    comparing: FileProgress | None,
) -> Found:
    """Turn the content of all files into scans and skipped files."""
    contents = [answer for answer in answers if isinstance(answer, Contents)]
    companions = {os.path.realpath(path) for each in contents for path in each.companions}
    refused = [
        answer
        for file, answer in zip(files, answers, strict=True)
        if isinstance(answer, Skipped) and os.path.realpath(file) not in companions
    ]
    every = [header for each in contents for header in each.headers]
    drop = drop_copies if across_series else drop_copies_of_series
    headers, copies = drop(every, _Fingerprints(len(every), comparing))
    remarks = {each.headers[0].source.file: each.warnings for each in contents if each.warnings}
    return Found(
        scans=tuple(group_by_series(headers, remarks)),
        skipped=tuple(sorted([*refused, *copies], key=lambda skipped: skipped.file)),
    )


class _Fingerprints:
    """Pixel fingerprints of DICOM files, each computed once."""

    def __init__(self, total: int, progress: FileProgress | None) -> None:
        self._total = total
        self._progress = progress
        self._known: dict[Path, Fingerprint | None] = {}

    def __call__(self, header: SliceHeader) -> Fingerprint | None:
        file = header.source.file
        if file not in self._known:
            self._known[file] = self._make(file)
            if self._progress is not None:
                self._progress(len(self._known), self._total)
        return self._known[file]

    def _make(self, file: Path) -> Fingerprint | None:
        reader = import_module("ctiqa.io.dicom.reader")
        try:
            return cast("Fingerprint", reader.pixel_fingerprint(file))
        except RefusedError:
            return None
