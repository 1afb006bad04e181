"""Small pictures of outliers, from the files of a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ctiqa.errors import RefusedError
from ctiqa.hu import WINDOWS, apply_window, body_mask
from ctiqa.io import ReadOptions, find_scans, read_slice
from ctiqa.score.png import Pixels8, encode_png
from ctiqa.score.view import body_box, shrink
from ctiqa.store.content import content_digest
from ctiqa.store.keys import SeriesKey
from ctiqa.store.privacy import UID, Privacy
from ctiqa.trends.result import Outlier
from ctiqa.types import HuImage, Scan

SIDE = 160
"""Largest side in pixels."""

GREY_LEVELS = 16
"""Fewer levels make a smaller file."""

MOST_PICTURES = 100
"""Outliers that are pictured, the worst first."""

READING = ReadOptions(tiff_hu=True, allow_reformats=True)
"""A picture is shown of everything that may have been scored."""

NAMED_BY_CONTENT = "file-"
"""Beginning of the stored names of series without a UID."""

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


def wanted_series(outliers: Sequence[Outlier]) -> tuple[str, ...]:
    """The series that are pictured, as stored, the worst first."""
    return tuple(dict.fromkeys(each.series_uid for each in outliers))[:MOST_PICTURES]


def find_thumbnails(
    series: Sequence[str],
    root: Path,
    privacy: Privacy,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> dict[str, bytes]:
    """Pictures of series whose files are in a folder.

    The middle slice is shown, in the soft-tissue window and cropped to the body. Headers of all
    files below the folder are read, and the pixels of the series that are wanted. UIDs are hashed
    as in the store before they are compared.

    Args:
        series: Series UIDs as stored.
        root: Folder with the files.
        privacy: Of the store, :attr:`ctiqa.store.Store.privacy`.
        jobs: Processes that read headers.
        progress: Called with (stage, done, total).

    Returns:
        The bytes of a PNG by series UID; series that are not there or cannot be read are missing.

    Raises:
        UsageError: If the folder does not exist.
    """
    shown = None if progress is None else lambda done, total: progress("reading", done, total)
    found = find_scans([root], READING, jobs=jobs, progress=shown)
    pictures: dict[str, bytes] = {}
    for name, scan in _stored_names(found.scans, series, privacy):
        if name in series and name not in pictures and (picture := _picture(scan)):
            pictures[name] = picture
    return pictures


def thumbnail_png(hu: HuImage) -> bytes:
    r"""A slice in the soft-tissue window, cropped to the body, as a small PNG.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].

    >>> thumbnail_png(np.zeros((512, 512), np.float32))[:4]
    b'\x89PNG'
    """
    return encode_png(_grey(hu))


def _stored_names(
    scans: Sequence[Scan], series: Sequence[str], privacy: Privacy
) -> Iterator[tuple[str, Scan]]:
    """Scans by the names that they have in the store."""
    by_content = any(each.startswith(NAMED_BY_CONTENT) for each in series)
    for scan in scans:
        if UID.fullmatch(scan.series_uid):
            yield privacy.uid(scan.series_uid), scan
        elif by_content:
            yield _content_name(scan, privacy), scan


def _content_name(scan: Scan, privacy: Privacy) -> str:
    """The stored name of a series without a UID; its files are read."""
    return privacy.series_uid(SeriesKey(scan.series_uid, content_digest(scan), "", ""))


def _picture(scan: Scan) -> bytes | None:
    """The middle slice; ``None`` if it cannot be read."""
    try:
        return thumbnail_png(read_slice(scan.headers[len(scan.headers) // 2], READING).hu)
    except RefusedError:
        return None


def _grey(hu: HuImage) -> Pixels8:
    brightness = apply_window(shrink(hu[body_box(body_mask(hu))], SIDE), WINDOWS["soft"])
    steps = GREY_LEVELS - 1
    return np.round(np.round(brightness * steps) * (255 / steps)).astype(np.uint8)
