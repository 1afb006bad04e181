"""Slices one after another, never many of them in memory."""

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
"""Fewer slices are read sooner than a process starts."""

DECODE_S = 5.0
"""Longest processor time to decompress a slice, in seconds; the largest matrix takes one."""


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
        jobs: Processes that decompress. They are always others than this one, so that a decoder
            that crashes or hangs costs its slice alone. What needs no decoder is read here:
            handing over such a slice takes as long as reading it.
        ahead: Slices that may be finished before they are asked for.

    Returns:
        One slice a header, in order, or why it could not be read.

    Raises:
        UsageError: If ``jobs`` or ``ahead`` is less than 1.
        ProcessError: If no process can be started to decompress in.

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
    """Read one slice, in HU; what is compressed is decompressed in another process.

    Args:
        header: A header from :func:`ctiqa.io.find_scans`.
        options: The options it was found with.

    Returns:
        The slice: float32 [rows, cols], finite, at least -1024 HU.

    Raises:
        RefusedError: If the pixels cannot be decoded or are not HU.
        ProcessError: If no process can be started to decompress in.
    """
    if not header.source.isolated:
        return formats.read_here(header, options)
    packed = partial(_read_packed, options=options)
    found = _unpacked(apart(packed, header, _crashed, cpu_s=DECODE_S))
    if isinstance(found, Skipped):
        raise RefusedError(found.reason, found.detail)
    return found


def read_or_skip(header: SliceHeader, options: ReadOptions) -> Slice | Skipped:
    """Read one slice in this process; a refusal is an answer, not an error."""
    try:
        return formats.read_here(header, options)
    except RefusedError as error:
        return Skipped(header.source.file, error.reason, error.detail)


def _mixed(
    headers: Sequence[SliceHeader], decompressed: Iterator[Slice | Skipped], options: ReadOptions
) -> Iterator[Slice | Skipped]:
    """Slices in order, whether they were compressed or not."""
    for header in headers:
        if header.source.isolated:
            yield next(decompressed)
        else:
            yield read_or_skip(header, options)


def _decompressed(
    headers: Sequence[SliceHeader], options: ReadOptions, jobs: int, ahead: int
) -> Iterator[Slice | Skipped]:
    # The caller has work of its own to do with the slices, but while one process hands a slice
    # over it decodes none.
    workers = max(min(jobs, len(headers) // MIN_SLICES_PER_WORKER), 1)
    packed = partial(_read_packed, options=options)
    found = in_order(packed, headers, _crashed, jobs=workers, ahead=ahead, cpu_s=DECODE_S)
    return map(_unpacked, found)


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
    return Skipped(
        header.source.file, Reason.CORRUPT, "the decoder crashed on this slice, or took too long"
    )
