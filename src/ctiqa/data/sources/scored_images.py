"""Common parts of sources of scored images: inspection, and tasks that store many images."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.data.near_duplicates import fingerprint
from ctiqa.data.sources.dose_cases import HARMLESS, try_split
from ctiqa.data.splits import Place
from ctiqa.data.task import TaskOutput
from ctiqa.errors import DataError, RefusedError, list_problems
from ctiqa.io import ReadOptions, find_scans, read_slice
from ctiqa.recipe import DataRecipe
from ctiqa.types import SliceHeader

_BATCH = 32
"""Images per task; with one file per image, opening would take longer than reading."""

Pixels = npt.NDArray[np.int16] | npt.NDArray[np.uint8]

ImageReader = Callable[[Any], Pixels]
"""Reads the ``source`` of a :class:`ScoredImage`; picklable."""


@dataclass(frozen=True, slots=True)
class ScoredImage:
    """One image with its score.

    Attributes:
        source: The file, or a slice of a file.
        shape: Shape of its pixels.
        crc: CRC-32 of its pixels.
        record: Its record in the manifest, with ``patient``, ``label`` and ``raw``.
    """

    source: SliceHeader | Path
    shape: tuple[int, ...]
    crc: int
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InspectedSlice:
    """One CT slice that has been read once to check that it is readable.

    Attributes:
        header: The slice.
        crc: CRC-32 of its pixels.
        fingerprint: See :func:`ctiqa.data.near_duplicates.fingerprint`; empty if not requested.
    """

    header: SliceHeader
    crc: int
    fingerprint: npt.NDArray[np.float32]

    def scored_image(self, record: Mapping[str, Any]) -> ScoredImage:
        """The slice with its record in the manifest."""
        return ScoredImage(self.header, (self.header.rows, self.header.cols), self.crc, record)


@dataclass(frozen=True, slots=True)
class ScoredTask:
    """Externally scored images of one split and fold, stored unchanged.

    Attributes:
        name: File-safe name that depends on all stored content, so that examples of an edited
            table do not mix with those of the old one.
        images: The images, all of the same shape.
        place: Split and fold of their patients.
        kind: ``hu`` or ``rgb``.
        read: Reads one image.
        facts: Origin and licence of the pixels.
    """

    name: str
    images: tuple[ScoredImage, ...]
    place: Place
    kind: str
    read: ImageReader
    facts: Mapping[str, Any]

    @property
    def examples(self) -> int:
        """One example per image."""
        return len(self.images)

    def make(self) -> TaskOutput:
        """The images with their scores."""
        records = [{"purpose": "example", **image.record} for image in self.images]
        pixels = np.stack([self._pixels(image) for image in self.images])
        return TaskOutput(records, {self.kind: pixels})

    def _pixels(self, image: ScoredImage) -> Pixels:
        try:
            pixels = self.read(image.source)
        except (OSError, RefusedError) as error:
            raise DataError(f"{image.record['file']}: {error}; replace it") from None
        if pixel_crc(pixels) != image.crc:
            raise DataError(
                f"{image.record['file']}: must stay as it is while a data set is made, but "
                "changed; call 'ctiqa prepare' again"
            )
        return pixels


def scored_tasks(
    images: Sequence[ScoredImage],
    places: Mapping[str, Place],
    *,
    kind: str,
    read: ImageReader,
    facts: Mapping[str, Any],
) -> list[ScoredTask]:
    """Group images of equal split, fold and shape into tasks."""
    groups: dict[tuple[Place, tuple[int, ...]], list[ScoredImage]] = defaultdict(list)
    for image in images:
        groups[places[image.record["patient"]], image.shape].append(image)
    batches = [
        (place, tuple(group[start : start + _BATCH]))
        for (place, _), group in groups.items()
        for start in range(0, len(group), _BATCH)
    ]
    return [
        ScoredTask(_name(facts["source"], n, place, batch), batch, place, kind, read, facts)
        for n, (place, batch) in enumerate(batches)
    ]


def _name(source: str, number: int, place: Place, images: Sequence[ScoredImage]) -> str:
    content = [asdict(place), [(image.crc, dict(image.record)) for image in images]]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"{source}-{number:05d}-{digest[:12]}"


def pixel_crc(pixels: Pixels) -> int:
    """CRC-32 of pixels.

    >>> pixel_crc(np.zeros(4, np.int16)) == pixel_crc(np.ones(4, np.int16))
    False
    """
    return zlib.crc32(np.ascontiguousarray(pixels).data)


def read_ct(header: SliceHeader, options: ReadOptions) -> npt.NDArray[np.int16]:
    """Pixels of a slice in whole HU, int16 [rows, cols].

    Raises:
        RefusedError: If they cannot be read.
    """
    top = float(np.iinfo(np.int16).max)
    return np.minimum(np.rint(read_slice(header, options).hu), top).astype(np.int16)


def inspect_ct(
    path: Path, options: ReadOptions, *, name: str, fingerprints: bool
) -> tuple[list[InspectedSlice], list[str]]:
    """Inspect every slice of a CT file or folder.

    Args:
        path: File or folder, which must exist.
        options: Read options of the user.
        name: Name of the file in messages.
        fingerprints: Whether to compute fingerprints.

    Returns:
        The slices, and the problems found.
    """
    found = find_scans([path], options)
    faults = [s.detail for s in found.skipped if s.reason not in HARMLESS]
    inspected: list[InspectedSlice] = []
    for header in (header for scan in found.scans for header in scan.headers):
        try:
            inspected.append(inspect_slice(header, options, fingerprints=fingerprints))
        except RefusedError as error:
            faults.append(str(error))
    if not (inspected or faults):
        faults.append("holds no CT slice")
    return inspected, [f"{name}: {fault}; replace or leave it out" for fault in faults]


def inspect_slice(
    header: SliceHeader, options: ReadOptions, *, fingerprints: bool
) -> InspectedSlice:
    """Read a slice once, for its checksum and fingerprint.

    Raises:
        RefusedError: If it cannot be read.
    """
    hu = read_ct(header, options)
    vector = fingerprint(hu.astype(np.float32)) if fingerprints else np.empty(0, np.float32)
    return InspectedSlice(header, pixel_crc(hu), vector)


def split_or_raise(
    root: Path, patients: Sequence[str], recipe: DataRecipe, problems: Sequence[str]
) -> dict[str, Place]:
    """Split patients if there are no problems.

    Raises:
        DataError: If there are problems, including those of the split; the message lists all.
    """
    places, more = try_split(patients, recipe)
    list_problems(root, [*problems, *more])
    return places
