"""The nouns of the house: what a slice, a scan and a report are.

One type carries the image everywhere. Training, evaluation, the command line and the web
service all receive a :class:`Slice`, so what was validated is what runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason

HuImage = npt.NDArray[np.float32]
"""CT numbers in HU, float32, axis order [rows, cols]."""

Floats = npt.NDArray[np.float64]
"""Numbers in double precision, float64, any shape."""

SCORE_RANGE = (0.0, 4.0)
"""Lowest and highest score: 0 bad, 1 poor, 2 fair, 3 good, 4 excellent (LDCTIQAC2023)."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """How a slice was acquired and reconstructed; ``None`` where the file does not say.

    Holds no patient identity.
    """

    kvp: float | None = None
    tube_current_ma: float | None = None
    exposure_mas: float | None = None
    ctdivol_mgy: float | None = None
    kernel: str | None = None
    slice_thickness_mm: float | None = None
    manufacturer: str | None = None
    model: str | None = None
    body_part: str | None = None
    gantry_tilt_deg: float | None = None
    lossy_ratio: float | None = None
    """Compression ratio when the pixels were once compressed with loss."""


@dataclass(frozen=True, slots=True)
class SliceSource:
    """Where a slice came from: file, and frame inside it for multi-frame files and volumes.

    Attributes:
        file: The file.
        frame: Number of the frame or slice in it, from 0.
        instance_uid: SOPInstanceUID, where there is one.
        series_uid: SeriesInstanceUID, where there is one.
        study_uids: StudyInstanceUID and FrameOfReferenceUID, as far as they are known; they tell
            which slices may belong together.
        isolated: Whether its pixels are read in a process of its own, since what reads them may
            crash, hang or know no bounds.
        format: Format of the file, a key of :data:`ctiqa.io.formats.READERS`; empty where it has
            not been told yet.
        kept: What the reader of the file keeps for itself, so that it finds the pixels again
            without reading the header twice.
    """

    file: Path
    frame: int = 0
    instance_uid: str | None = None
    series_uid: str | None = None
    study_uids: tuple[str, ...] = ()
    isolated: bool = False
    format: str = ""
    kept: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """Everything about one slice except its pixels; small enough to keep for a whole series.

    Attributes:
        source: File and frame.
        rows: Matrix height in pixels.
        cols: Matrix width in pixels.
        spacing_mm: Pixel spacing (row, column) in mm; ``None`` where unknown.
        z_mm: Position along the slice normal in mm; ``None`` where unknown.
        orientation: Direction cosines of the row and the column axis (DICOM order, patient
            LPS), six numbers; ``None`` where unknown.
        acquisition: Acquisition facts.
        flags: Short fixed words about this slice, e.g. ``"lossy"``, ``"gantry_tilt"``.
    """

    source: SliceSource
    rows: int
    cols: int
    spacing_mm: tuple[float, float] | None = None
    z_mm: float | None = None
    orientation: tuple[float, ...] | None = None
    acquisition: Acquisition = field(default_factory=Acquisition)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One CT slice in HU.

    Attributes:
        hu: CT numbers in HU, float32 [rows, cols], finite; padding is set to -1024.
        header: Everything else that is known.
    """

    hu: HuImage
    header: SliceHeader


@dataclass(frozen=True, slots=True)
class Scan:
    """One series, sorted along z, without pixels (they are streamed when needed).

    Attributes:
        series_uid: SeriesInstanceUID, or a stable name made from the file for other formats.
        path: File or folder that the series was found in.
        headers: One header a slice, in z order.
        warnings: Sentences about the series as a whole (mixed spacings, gaps, tilt).
    """

    series_uid: str
    path: Path
    headers: tuple[SliceHeader, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """One input that was not scored, and why."""

    file: Path
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class SliceScore:
    """The verdict on one slice.

    Attributes:
        header: The slice that was scored.
        score: 0 (bad) to 4 (excellent); ``None`` where the tool abstains.
        interval: 90 % prediction interval (low, high) on the same scale; ``None`` when abstaining.
        flags: Why it abstains, or what to keep in mind (``"air"``, ``"lossy"``, …).
    """

    header: SliceHeader
    score: float | None
    interval: tuple[float, float] | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanScore:
    """The verdict on one series: mean of its slice scores, with its slices in z order."""

    scan: Scan
    score: float | None
    interval: tuple[float, float] | None
    slices: tuple[SliceScore, ...]
    flags: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """What one run gave, as plain data; :class:`ctiqa.Report` is the one that can be written.

    Attributes:
        model: Card of the model, the digest of its network, and the engine that ran it.
        scans: One verdict a scan.
        skipped: One entry for each input that was not scored.
    """

    model: dict[str, Any]
    scans: tuple[ScanScore, ...]
    skipped: tuple[Skipped, ...]
