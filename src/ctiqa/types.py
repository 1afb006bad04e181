"""The core data types: slice, scan, scores, results.

One type carries the image everywhere. Training, evaluation, the command line and the web
service all receive a :class:`Slice`, so what was validated is what runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
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
class SeriesFacts:
    """What groups series that can be compared; ``None`` where the file does not say.

    Holds no patient identity: a text that could name the patient is left out
    (:mod:`ctiqa.text.free_text`).

    Attributes:
        station: Name of the scanner within its hospital.
        protocol: Name of the protocol.
        description: Description of the series.
        study_day: Day of the study.
    """

    station: str | None = None
    protocol: str | None = None
    description: str | None = None
    study_day: date | None = None


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
        series: Facts that group series.
    """

    source: SliceSource
    rows: int
    cols: int
    spacing_mm: tuple[float, float] | None = None
    z_mm: float | None = None
    orientation: tuple[float, ...] | None = None
    acquisition: Acquisition = field(default_factory=Acquisition)
    flags: tuple[str, ...] = ()
    series: SeriesFacts = field(default_factory=SeriesFacts)


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
    """One input that was not scored, with the reason.

    Attributes:
        file: The input.
        reason: Why, as a code.
        detail: Why, in words.
        original: Of a duplicate, the file that it repeats.
    """

    file: Path
    reason: Reason
    detail: str
    original: Path | None = field(default=None, repr=False, compare=False)


class Unmeasured(StrEnum):
    """Why a quantity cannot be measured on a slice. The codes never change meaning."""

    NO_SPACING = "no_spacing"
    """The pixel spacing is unknown."""
    NO_BODY = "no_body"
    """The slice shows no body."""
    BODY_CUT_OFF = "body_cut_off"
    """Too much of the outline is cut off by the field of view."""
    NO_TISSUE = "no_tissue"
    """Too little soft tissue."""
    NO_UNIFORM_TISSUE = "no_uniform_tissue"
    """Too few regions of soft tissue without structure."""
    NO_EDGE = "no_edge"
    """Too little skin that borders on air and is smooth."""
    NO_FAT = "no_fat"
    """The histogram has no peak of fat."""
    NO_MUSCLE = "no_muscle"
    """The histogram has no peak of muscle."""
    NO_NOISE = "no_noise"
    """The noise is zero or has not been measured."""
    NO_CTDIVOL = "no_ctdivol"
    """CTDIvol is unknown."""
    PHANTOM_UNKNOWN = "phantom_unknown"
    """The phantom of CTDIvol, 16 or 32 cm, is not stated."""
    SIZE_OUT_OF_RANGE = "size_out_of_range"
    """The patient is smaller or larger than the conversion factors cover."""
    NOT_TRUNK = "not_trunk"
    """The slice shows a head or limb, for which the method is not valid."""


@dataclass(frozen=True, slots=True)
class PatientPhysics:
    """Physical measures of one slice; ``None`` where a value is not available.

    Attributes:
        noise_hu: Global noise level in HU.
        quantum_noise_hu: The part of the noise that falls with dose, in HU.
        noise_peak_per_mm: Frequency of the peak of the noise power spectrum in cycles/mm.
        noise_mean_per_mm: Mean frequency of the noise power spectrum in cycles/mm.
        f50_per_mm: Frequency at which the modulation transfer function is 0.5, in cycles/mm.
        fat_hu: CT number of fat in HU.
        muscle_hu: CT number of muscle in HU.
        contrast_to_noise: (muscle - fat) / noise, dimensionless.
        cut_share: Share of the outline of the body that the field of view cuts off, 0…1.
        water_equivalent_diameter_mm: Water-equivalent diameter in mm (AAPM 220).
        effective_diameter_mm: Effective diameter √(AP·LAT) in mm (AAPM 204).
        ssde_mgy: Size-specific dose estimate in mGy (AAPM 204, with the water-equivalent diameter).
        figure_of_merit: 1/(noise²·CTDIvol) in HU⁻²·mGy⁻¹.
        missing: Why a value is ``None``, by the name of its attribute.
    """

    noise_hu: float | None = None
    quantum_noise_hu: float | None = None
    noise_peak_per_mm: float | None = None
    noise_mean_per_mm: float | None = None
    f50_per_mm: float | None = None
    fat_hu: float | None = None
    muscle_hu: float | None = None
    contrast_to_noise: float | None = None
    cut_share: float | None = None
    water_equivalent_diameter_mm: float | None = None
    effective_diameter_mm: float | None = None
    ssde_mgy: float | None = None
    figure_of_merit: float | None = None
    missing: dict[str, Unmeasured] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SliceScore:
    """The score of one slice.

    Attributes:
        header: The slice that was scored.
        score: 0 (bad) to 4 (excellent); ``None`` where the tool abstains.
        interval: 90 % prediction interval (low, high) on the same scale; ``None`` when abstaining.
        equivalent_noise_hu: Plain noise in HU that would make the slice as bad as it is; ``None``
            for a model that does not estimate it.
        equivalent_noise_interval: 90 % prediction interval of it (low, high) in HU; ``None`` if the
            slice is not scored, or the model card does not say how accurate it is.
        region: What the slice shows, in one word; ``None`` for a model that does not tell.
        findings: What is wrong with the slice, or remarkable.
        noise_map_hu: Local noise in HU per patch of 32×32 pixels; ``None`` for a slice without a
            score, or a model that does not estimate it.
        flags: Why there is no score, or what to keep in mind (``"air"``, ``"lossy"``, …).
        physics: Physical measures; ``None`` for a slice that was not measured (only some slices of
            a long series are).
        dose_reserve: Dose at which the score would fall to 3, "good", as a fraction of the dose of
            the slice; > 1 if it takes more dose, infinite if no dose would do; ``None`` if unknown.
    """

    header: SliceHeader
    score: float | None
    interval: tuple[float, float] | None
    flags: tuple[str, ...] = ()
    equivalent_noise_hu: float | None = None
    equivalent_noise_interval: tuple[float, float] | None = None
    region: str | None = None
    findings: tuple[str, ...] = ()
    noise_map_hu: NoiseMap | None = field(default=None, repr=False, compare=False)
    physics: PatientPhysics | None = None
    dose_reserve: float | None = None


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
        equivalent_noise_interval: Geometric means of the intervals of the scored slices (low, high)
            in HU; ``None`` without them.
        physics: Medians over its scored slices that were measured; ``missing`` has the most
            frequent reason. ``None`` if none was measured.
        dose_reserve: Median over its scored slices of the dose at which the score would fall to 3,
            as a fraction of the dose of the scan; infinite if no dose does, ``None`` if unknown.
        dose_reserve_interval: Interval of it (low, high), from that of the equivalent noise.
    """

    scan: Scan
    score: float | None
    interval: tuple[float, float] | None
    slices: tuple[SliceScore, ...]
    flags: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    equivalent_noise_hu: float | None = None
    equivalent_noise_interval: tuple[float, float] | None = None
    physics: PatientPhysics | None = None
    dose_reserve: float | None = None
    dose_reserve_interval: tuple[float, float] | None = None


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
