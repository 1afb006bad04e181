"""Clean series of a reference collection, from which examples are simulated."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ctiqa.errors import DataError, list_problems
from ctiqa.hu import PADDING_HU
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL, Kernel
from ctiqa.text.plain_text import clean
from ctiqa.text.strict_json import read_json
from ctiqa.types import HuImage

SHARP_NAMES = re.compile(r"lung|bone|(?<!a)b[5-9]\d|ya|yb|yc", re.IGNORECASE)
COUNT = re.compile(r"[0-9]{1,6}")
SOFT_NAMES = re.compile(r"soft|b[12]\d|ab50", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a reference collection, as described by its index.

    Attributes:
        name: File name without suffix, unique.
        file: The ``.npz`` with ``hu`` [slices, rows, cols], ``spacing_mm``, ``z_mm``.
        patient: Patient the series belongs to.
        region: Body region, one of :data:`SERIES_REGIONS`.
        kernel: Reconstruction kernel, in the naming of the scanner.
        n_slices: Number of slices in the file.
        licence: Licence of the pixels.
        origin: Source of publication.
        scanner: Manufacturer and model; empty if unknown.
        shows: Region of all slices, if it is one and the same.
    """

    name: str
    file: Path
    patient: str
    region: str
    kernel: str
    n_slices: int
    licence: str
    origin: str
    scanner: str = ""
    shows: tuple[str, ...] = ()

    def chosen(self, most: int) -> tuple[int, ...]:
        """At most ``most`` slice indices, evenly spaced, excluding the ends.

        >>> Series("a", Path("a"), "p", "chest", "", 40, "", "").chosen(4)
        (5, 15, 25, 35)
        """
        return evenly(self.n_slices, most)

    def has_neighbours(self, index: int, count: int) -> bool:
        """Whether ``count`` neighbours on both sides of a slice have the regular spacing."""
        low, high = index - count, index + count + 1
        if low < 0 or high > self.n_slices:
            return False
        with np.load(self.file, allow_pickle=False) as stored:
            steps = np.diff(stored["z_mm"][low:high])
            distance = float(stored["spacing_mm"][0])
        return bool(np.all(np.abs(np.abs(steps) - distance) < 0.1))

    def read(self) -> tuple[HuImage, tuple[float, float]]:
        """Pixels in HU, float32 [slices, rows, cols], and pixel spacing (row, column) in mm.

        Raises:
            DataError: If the file is damaged or does not match the index.
        """
        try:
            with self.file.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                hu = np.maximum(stored["hu"], np.int16(PADDING_HU)).astype(np.float32)
                spacing = stored["spacing_mm"]
        except (OSError, KeyError, ValueError, BadZipFile) as error:
            raise DataError(f"'{self.file}' cannot be read: {error}") from None
        if hu.ndim != 3 or len(hu) != self.n_slices:
            raise DataError(
                f"'{self.file}' must hold {self.n_slices} slices [slices, rows, cols] as its index "
                f"says, got shape {hu.shape}"
            )
        return hu, (float(spacing[1]), float(spacing[2]))


SERIES_REGIONS = ("chest", "abdomen", "trunk", "head")
"""Chest; abdomen; chest to pelvis in one series; head and neck."""


def evenly(count: int, most: int) -> tuple[int, ...]:
    """At most ``most`` of ``count`` indices, evenly spaced, excluding the ends.

    >>> evenly(40, 4), evenly(3, 4)
    ((5, 15, 25, 35), (0, 1, 2))
    """
    if count <= most:
        return tuple(range(count))
    width = count / most
    return tuple(int((k + 0.5) * width) for k in range(most))


def region_of(text: str) -> str:
    """One of :data:`SERIES_REGIONS` for the description in an index.

    >>> region_of("chest/abdomen/pelvis"), region_of("neck"), region_of("abdomen (CT colon)")
    ('trunk', 'head', 'abdomen')
    """
    words = text.lower()
    if "head" in words or "neck" in words:
        return "head"
    if "whole body" in words or ("chest" in words and "abdomen" in words):
        return "trunk"
    return "abdomen" if "abdomen" in words else "chest"


def scanner_of(manufacturer: object, model: object) -> str:
    """Manufacturer and model of a scanner as one string; unknown parts are omitted.

    >>> scanner_of("SIEMENS", "Sensation 10"), scanner_of(None, "LightSpeed VCT")
    ('SIEMENS Sensation 10', 'LightSpeed VCT')
    """
    return " ".join(str(part).strip() for part in (manufacturer, model) if part)


def kernel_of(name: str) -> Kernel:
    """The kernel of :mod:`ctiqa.physics.kernels` closest to a scanner kernel, by its name.

    >>> kernel_of("B60f") == SHARP_KERNEL, kernel_of("STANDARD") == STANDARD_KERNEL
    (True, True)
    """
    if SHARP_NAMES.search(name):
        return SHARP_KERNEL
    return SOFT_KERNEL if SOFT_NAMES.search(name) else STANDARD_KERNEL


def read_index(root: Path) -> tuple[Series, ...]:
    """All series of a reference collection.

    Args:
        root: Folder with ``index.json`` and the ``.npz`` files it names.

    Raises:
        DataError: If the index cannot be read, or files or keys are missing or names repeat; the
            message lists all problems.
    """
    index = root / "index.json"
    try:
        records = read_json(index)
    except (OSError, ValueError) as error:
        raise DataError(f"'{index}' must be a readable JSON index of series: {error}") from None
    if not isinstance(records, list):
        raise DataError(f"'{index}' must be a JSON list of series, got a {type(records).__name__}")
    problems: list[str] = []
    series: list[Series] = []
    seen: set[str] = set()
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            problems.append(f"record {number}: must be an object, got {repr(record)[:60]}")
            continue
        missing = {"file", "patient_id", "region", "n_slices", "licence", "origin"} - set(record)
        if missing:
            problems.append(f"record {number}: lacks {', '.join(sorted(missing))}")
            continue
        if not COUNT.fullmatch(str(record["n_slices"])):
            problems.append(
                f"record {number}: n_slices must be a count, got {repr(record['n_slices'])[:60]}"
            )
            continue
        found = _series(root, record)
        # isfile does not raise, however long or odd the path in the index is.
        if not os.path.isfile(found.file):  # noqa: PTH113
            problems.append(f"record {number}: no file {clean(found.file.name, 80)}")
        if found.name in seen:
            problems.append(f"record {number}: {clean(found.name, 80)} occurs twice")
        seen.add(found.name)
        series.append(found)
    list_problems(index, problems)
    return tuple(series)


def _series(root: Path, record: dict[str, object]) -> Series:
    file = root / str(record["file"])
    return Series(
        name=file.stem,
        file=file,
        patient=str(record["patient_id"]),
        region=region_of(str(record["region"])),
        kernel=str(record.get("kernel") or ""),
        n_slices=int(str(record["n_slices"])),
        licence=str(record["licence"]),
        origin=str(record["origin"]),
        scanner=scanner_of(record.get("manufacturer"), record.get("model")),
    )
