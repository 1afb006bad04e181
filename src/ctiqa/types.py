"""The core data types: slice, scan, scores, results.

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

NoiseMap = npt.NDArray[np.float32]
"""Local noise in HU per patch, float32 [⌈rows / patch⌉, ⌈cols / patch⌉]."""

NOISE_PATCH = 32
"""Side of a patch of a :data:`NoiseMap`, in pixels."""

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
    ctdi_phantom_cm: float | None = None
    """Diameter of the phantom that CTDIvol refers to, in cm: 16 (head) or 32 (body)."""
    kernel: str | None = None
    slice_thickness_mm: float | None = None
    manufacturer: str | None = None
    model: str | None = None
    body_part: str | None = None
    gantry_tilt_deg: float | None = None
    lossy_ratio: float | None = None
    """Compression ratio if the pixels have been lossy compressed."""


@dataclass(frozen=True, slots=True)
class SliceSource:
    """Source of a slice: the file, and the frame in multi-frame files and volumes.

    Attributes:
        file: The file.
        frame: Index of the frame or slice in the file, from 0.
        instance_uid: SOPInstanceUID, if present.
        series_uid: SeriesInstanceUID, if present.
        study_uids: StudyInstanceUID and FrameOfReferenceUID, as far as known; slices that share
            one may belong together.
        isolated: Whether the pixels are read in a separate process, because the decoder may
            crash, hang or exhaust memory.
        format: Format of the file, a key of :data:`ctiqa.io.formats.READERS`; empty if not yet
            detected.
        kept: Data that the reader keeps to find the pixels again without reading the header
            twice.
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
        source: The file and frame.
        rows: Matrix height in pixels.
        cols: Matrix width in pixels.
        spacing_mm: Pixel spacing (row, column) in mm; ``None`` where unknown.
        z_mm: Position along the slice normal in mm; ``None`` where unknown.
        orientation: Direction cosines of the row and the column axis (DICOM order, patient
            LPS), six numbers; ``None`` where unknown.
        acquisition: Acquisition parameters.
        flags: Fixed short labels for this slice, e.g. ``"lossy"``, ``"gantry_tilt"``.
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
        series_uid: SeriesInstanceUID, or for other formats a stable name derived from the file.
        path: File or folder in which the series was found.
        headers: One header per slice, in z order.
        warnings: Sentences about the series as a whole (mixed spacings, gaps, tilt).
    """

    series_uid: str
    path: Path
    headers: tuple[SliceHeader, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """One input that was not scored, with the reason."""

    file: Path
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class SliceScore:
    """The score of one slice.

    Attributes:
        header: The slice that was scored.
        score: 0 (bad) to 4 (excellent); ``None`` where the tool abstains.
        interval: 90 % prediction interval (low, high) on the same scale; ``None`` when abstaining.
        equivalent_noise_hu: Plain noise in HU that would make the slice as bad as it is; ``None``
            for a model that does not estimate it.
        region: What the slice shows, in one word; ``None`` for a model that does not tell.
        findings: What is wrong with the slice, or remarkable.
        noise_map_hu: Local noise in HU per patch of 32×32 pixels; ``None`` for a slice without a
            score, or a model that does not estimate it.
        flags: Why there is no score, or what to keep in mind (``"air"``, ``"lossy"``, …).
    """

    header: SliceHeader
    score: float | None
    interval: tuple[float, float] | None
    flags: tuple[str, ...] = ()
    equivalent_noise_hu: float | None = None
    region: str | None = None
    findings: tuple[str, ...] = ()
    noise_map_hu: NoiseMap | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ScanScore:
    """The score of one series.

    Attributes:
        scan: The series.
        score: Mean of its slice scores; ``None`` where no slice is scored.
        interval: 90 % prediction interval (low, high) on the same scale; ``None`` without a score.
        slices: Its slices in z order.
        flags: All flags of its slices, and ``"not_scored"``.
        warnings: Sentences about the series as a whole.
        equivalent_noise_hu: Geometric mean over the scored slices in HU; ``None`` without a score,
            or for a model that does not estimate it.
    """

    scan: Scan
    score: float | None
    interval: tuple[float, float] | None
    slices: tuple[SliceScore, ...]
    flags: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    equivalent_noise_hu: float | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """Results of one run as plain data; :class:`ctiqa.Report` can also be written to files.

    Attributes:
        model: Model card, digest of the network, and the engine that ran it.
        scans: One entry per scan.
        skipped: One entry for each input that was not scored.
    """

    model: dict[str, Any]
    scans: tuple[ScanScore, ...]
    skipped: tuple[Skipped, ...]
