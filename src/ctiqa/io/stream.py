"""Stream slices, with few of them in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError, UsageError
from ctiqa.io import formats
from ctiqa.io.processes import apart, in_order
from ctiqa.io.protocol import DEFAULT_OPTIONS, ReadOptions
from ctiqa.types import Skipped, Slice, SliceHeader

MIN_SLICES_PER_WORKER = 4
"""Reading fewer slices takes less time than starting a process."""

DECODE_S = 5.0
"""Processor time limit to decompress a slice, in seconds; the largest matrix takes one."""


def stream_slices(
    headers: Sequence[SliceHeader],
    options: ReadOptions = DEFAULT_OPTIONS,
    *,
    jobs: int = 1,
    ahead: int = 16,
) -> Iterator[Slice | Skipped]:
    """Read slices in order, with at most ``ahead`` of them in memory.

    Args:
        headers: Headers from :func:`ctiqa.io.find_scans`.
        options: The options they were found with.
        jobs: Processes that decompress. They are always separate from this one, so that a
            decoder that crashes or hangs costs only its slice. Uncompressed slices are read in
            this process, because transferring a slice takes as long as reading it.
        ahead: Maximum number of slices read in advance.

    Returns:
        One slice per header, in order, or why it could not be read.

    Raises:
        UsageError: If ``jobs`` or ``ahead`` is less than 1.
        ProcessError: If no process for decompression can be started.

    >>> list(stream_slices([], jobs=2))
    []
    """
    for name, value in (("jobs", jobs), ("ahead", ahead)):
        if value < 1:
            raise UsageError(f"'{name}' must be at least 1, got {value}")
    isolated = [header for header in headers if header.source.isolated]
    if not isolated:
        return map(partial(read_or_skip, options=options), headers)
    return _mixed(headers, _decompressed(isolated, options, jobs, ahead), options)


def read_slice(header: SliceHeader, options: ReadOptions = DEFAULT_OPTIONS) -> Slice:
    """Read one slice in HU; compressed pixels are decompressed in another process.

    Args:
        header: A header from :func:`ctiqa.io.find_scans`.
        options: The options it was found with.

    Returns:
        The slice: float32 [rows, cols], finite, at least -1024 HU.

    Raises:
        RefusedError: If the pixels cannot be decoded or are not HU.
        ProcessError: If no process for decompression can be started.
    """
    if not header.source.isolated:
        return formats.read_here(header, options)
    packed = partial(_read_packed, options=options)
    found = _unpacked(apart(packed, header, _crashed, cpu_s=DECODE_S))
    if isinstance(found, Skipped):
        raise RefusedError(found.reason, found.detail)
    return found


def read_or_skip(header: SliceHeader, options: ReadOptions) -> Slice | Skipped:
    """Read one slice in this process; a refusal is returned, not raised."""
    try:
        return formats.read_here(header, options)
    except RefusedError as error:
        return Skipped(header.source.file, error.reason, error.detail)


def _mixed(
    headers: Sequence[SliceHeader], decompressed: Iterator[Slice | Skipped], options: ReadOptions
) -> Iterator[Slice | Skipped]:
    """All slices in order, compressed or not."""
    for header in headers:
        if header.source.isolated:
            yield next(decompressed)
        else:
            yield read_or_skip(header, options)


def _decompressed(
    headers: Sequence[SliceHeader], options: ReadOptions, jobs: int, ahead: int
) -> Iterator[Slice | Skipped]:
    # The caller also works on the slices, but a process does not decode while it transfers a
    # slice.
    workers = max(min(jobs, len(headers) // MIN_SLICES_PER_WORKER), 1)
    packed = partial(_read_packed, options=options)
    found = in_order(packed, headers, _crashed, jobs=workers, ahead=ahead, cpu_s=DECODE_S)
    return map(_unpacked, found)


@dataclass(frozen=True, slots=True)
class _Packed:
    """A slice with integer HU, which takes half the bytes to transfer between processes."""

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
    return Skipped(
        header.source.file, Reason.CORRUPT, "the decoder crashed or took too long on this slice"
    )
