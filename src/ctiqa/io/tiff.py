"""TIFF: pixels in HU, or floats in [0, 1] if the user asserts the convention.

tifffile has no limits on time and memory, so it runs in a process with limits.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

import numpy as np
from tifffile import TiffFile

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.hu.checks import Stored, to_hu
from ctiqa.io.hu.gate import check_hu
from ctiqa.io.hu.sampling import finite_ones, spread
from ctiqa.io.processes import apart
from ctiqa.io.protocol import Contents, ReadOptions
from ctiqa.io.tiff_pages import TiffPicture, opened, slices, tiff_pixels
from ctiqa.types import HuImage, SliceHeader, SliceSource

_CHALLENGE = (1400.0, -1000.0)
"""(slope, intercept) of LDCTIQAC2023 (2023): pixels are clip(HU, -1000, 400) scaled to [0, 1]."""

ROUNDING = 1e-3
"""Tolerance for pixels outside [0, 1]."""

HEADERS_S = 5.0
"""Processor time limit to describe a file, in seconds; 20,000 pages take two."""


def read_headers(path: Path, options: ReadOptions, stream: BinaryIO) -> Contents:  # noqa: ARG001
    """Describe the slices of a TIFF in a separate process, and check a sample of them.

    Pages whose size or type differs from most, such as previews, are left out with a warning.

    Args:
        path: The file.
        options: ``tiff_hu`` asserts that floats in [0, 1] follow LDCTIQAC2023.
        stream: Not used; the file is read by another process.

    Returns:
        One header per slice.

    Raises:
        RefusedError: If the file is damaged, in colour, or in an unknown HU convention.
    """
    return apart(partial(describe, options=options), path, _lost, cpu_s=HEADERS_S)


def describe(path: Path, options: ReadOptions) -> Contents:
    """The same in this process, without limits on time and memory."""
    with opened(path) as tiff:
        pictures, warnings = slices(tiff)
        _check_convention(tiff, pictures, options)
    flags = ("orientation_unknown", "spacing_unknown")
    headers = (
        SliceHeader(SliceSource(path, index, isolated=True, kept=each), *each.kind[:2], flags=flags)
        for index, each in enumerate(pictures)
    )
    return Contents(tuple(headers), warnings)


def read_hu(header: SliceHeader, options: ReadOptions) -> HuImage:
    """Read one slice of a TIFF.

    Args:
        header: A header of :func:`read_headers`.
        options: The options it was found with.

    Returns:
        HU, float32 [rows, cols], at least -1024.

    Raises:
        RefusedError: If the slice is damaged or not in HU.
    """
    with opened(header.source.file) as tiff:
        stored = tiff_pixels(tiff, cast("TiffPicture", header.source.kept))
    if not _is_vouched_for(stored, options):
        return to_hu(stored, gate=False)
    hu = to_hu(stored, _CHALLENGE, gate=False)
    _check_unit_range(stored)
    return hu


def _lost(_path: Path) -> NoReturn:
    raise RefusedError(
        Reason.CORRUPT, "the TIFF takes too long or too much memory, or crashes its reader"
    )


def _is_vouched_for(stored: Stored, options: ReadOptions) -> bool:
    """Whether the user asserts the meaning of pixels of this type."""
    return options.tiff_hu and stored.dtype.kind == "f"


def _check_convention(tiff: TiffFile, pictures: list[TiffPicture], options: ReadOptions) -> None:
    """Refuse a stack that is not in HU, judged by slices spread over it.

    Raises:
        RefusedError: With ``HU_CONVENTION_UNKNOWN``, ``NOT_FINITE`` or ``NOT_HU``.
    """
    looked_at = spread(len(pictures), math.prod(pictures[0].kind[:2]))
    sample = finite_ones(tiff_pixels(tiff, pictures[index]) for index in looked_at)
    if _is_vouched_for(sample, options):
        _check_unit_range(sample)
    elif sample.dtype.kind == "f" and _is_in_unit_range(sample):
        raise RefusedError(
            Reason.HU_CONVENTION_UNKNOWN,
            "floats in [0, 1] have no known meaning in HU; pass --tiff-hu if they follow "
            "LDCTIQAC2023 (HU = 1400·p − 1000)",
        )
    else:
        check_hu(sample.astype(np.float32), Reason.HU_CONVENTION_UNKNOWN)


def _check_unit_range(stored: Stored) -> None:
    if not _is_in_unit_range(stored):
        span = f"{stored.min():g} to {stored.max():g}"
        raise RefusedError(
            Reason.NOT_HU, f"--tiff-hu is for floats in [0, 1], the page spans {span}"
        )


def _is_in_unit_range(stored: Stored) -> bool:
    return bool(stored.min() >= -ROUNDING and stored.max() <= 1 + ROUNDING)
