"""Slices one after another, never many of them in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError, UsageError
from ctiqa.io.formats import is_worth_sharing, read_slice
from ctiqa.io.protocol import DEFAULT_OPTIONS, ReadOptions
from ctiqa.io.workers import in_order
from ctiqa.types import Skipped, Slice, SliceHeader

MIN_SLICES_PER_WORKER = 4
"""Fewer slices are read sooner than a process starts."""


def stream_slices(
    headers: Sequence[SliceHeader],
    options: ReadOptions = DEFAULT_OPTIONS,
    *,
    jobs: int = 1,
    ahead: int = 16,
) -> Iterator[Slice | Skipped]:
    """Read slices in order, holding at most ``ahead`` of them.

    Args:
        headers: Headers from :func:`ctiqa.io.find_scans`.
        options: The options they were found with.
        jobs: Cores to use; 1 reads in this process. With more, as many other processes read and
            decompress, and a decoder that crashes costs its slice alone. Only compressed DICOM
            is shared out: handing over an uncompressed slice takes as long as reading it.
        ahead: Slices that may be finished before they are asked for.

    Returns:
        One slice a header, in order, or why it could not be read.

    Raises:
        UsageError: If ``jobs`` or ``ahead`` is less than 1.

    >>> list(stream_slices([], jobs=2))
    []
    """
    for name, value in (("jobs", jobs), ("ahead", ahead)):
        if value < 1:
            raise UsageError(f"'{name}' must be at least 1, got {value}")
    read = partial(read_or_skip, options=options)
    # The caller has work of its own to do with the slices, but while one process hands a slice
    # over it decodes none.
    workers = min(jobs, len(headers) // MIN_SLICES_PER_WORKER)
    if jobs == 1 or workers < 1 or not is_worth_sharing(headers[0]):
        return map(read, headers)
    packed = partial(_read_packed, options=options)
    return map(_unpacked, in_order(packed, headers, _crashed, jobs=workers, ahead=ahead))


def read_or_skip(header: SliceHeader, options: ReadOptions) -> Slice | Skipped:
    """Read one slice; a refusal is an answer, not an error."""
    try:
        return read_slice(header, options)
    except RefusedError as error:
        return Skipped(header.source.file, error.reason, error.detail)


@dataclass(frozen=True, slots=True)
class _Packed:
    """A slice whose HU are whole numbers: half as much to hand over from process to process."""

    hu: npt.NDArray[np.int16]
    header: SliceHeader


def _read_packed(header: SliceHeader, options: ReadOptions) -> Slice | Skipped | _Packed:
    found = read_or_skip(header, options)
    if isinstance(found, Skipped):
        return found
    with np.errstate(invalid="ignore"):
        whole = found.hu.astype(np.int16)
    return _Packed(whole, header) if np.array_equal(whole, found.hu) else found


def _unpacked(found: Slice | Skipped | _Packed) -> Slice | Skipped:
    if isinstance(found, _Packed):
        return Slice(found.hu.astype(np.float32), found.header)
    return found


def _crashed(header: SliceHeader) -> Slice | Skipped:
    return Skipped(header.source.file, Reason.CORRUPT, "the decoder crashed on this slice")
