"""Slices made from real CT files, written back as DICOM that says what they are.

A derived file is built from a list of attributes that stay, never from a copy with some taken
out: whatever is not known to describe geometry or acquisition cannot leak. That list lies within
what the Basic Application Level Confidentiality Profile (DICOM PS3.15 annex E, 2024) leaves in,
with the Retain UIDs Option, because a derived image must name its source.
"""

from __future__ import annotations

import hashlib
import io
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
from pydicom import dcmread, dcmwrite
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from ctiqa.errors import DataError, Reason, RefusedError, UsageError
from ctiqa.hu import PADDING_HU
from ctiqa.io import read_headers, read_slice
from ctiqa.io.atomic import write_bytes
from ctiqa.io.dicom_file import DicomFile, Tags, parse
from ctiqa.io.dicom_pixels import read_layout, stored_frame
from ctiqa.io.files import open_file
from ctiqa.io.quiet import foreign, silent
from ctiqa.types import HuImage, SliceHeader

Operation = Literal["noise", "smoothing", "sharpening", "averaging", "resampling"]
"""What was done to the pixels, where the standard has a code for it."""

Code = tuple[str, str]
"""Code value and meaning in the scheme DCM (DICOM PS3.16)."""

OPERATION_CODES: dict[Operation, Code] = {
    "noise": ("113042", "Pixel by pixel addition"),
    "smoothing": ("113087", "Smoothing"),
    "sharpening": ("113086", "Edge enhancement"),
    "averaging": ("113049", "Pixel by pixel mean"),
    "resampling": ("113085", "Spatial resampling"),
}
"""CID 7203 Image Derivation. Noise and streaks are simulated apart and added to the slice."""

SOURCE_PURPOSE: Code = ("121322", "Source image for image processing operation")
EQUIPMENT_PURPOSE: Code = ("109102", "Processing Equipment")

DEIDENTIFICATION: tuple[Code, ...] = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113110", "Retain UIDs Option"),
)
"""CID 7050. Retained are the frame of reference and the source's instance UID, no others."""

KEPT = (
    "Manufacturer",
    "ManufacturerModelName",
    "BodyPartExamined",
    "PatientPosition",
    "ScanOptions",
    "SliceThickness",
    "KVP",
    "DataCollectionDiameter",
    "ReconstructionDiameter",
    "DistanceSourceToDetector",
    "DistanceSourceToPatient",
    "GantryDetectorTilt",
    "TableHeight",
    "RotationDirection",
    "ExposureTime",
    "XRayTubeCurrent",
    "Exposure",
    "ExposureInuAs",
    "FilterType",
    "GeneratorPower",
    "FocalSpots",
    "ConvolutionKernel",
    "RevolutionTime",
    "SingleCollimationWidth",
    "TotalCollimationWidth",
    "TableSpeed",
    "TableFeedPerRotation",
    "SpiralPitchFactor",
    "ExposureModulationType",
    "CTDIvol",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SliceLocation",
    "FrameOfReferenceUID",
    "PixelSpacing",
    "PhotometricInterpretation",
    "RescaleIntercept",
    "RescaleSlope",
    "WindowCenter",
    "WindowWidth",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
)
"""Attributes that are carried over: geometry, acquisition, rescale."""

BLANK = (
    "StudyDate",
    "StudyTime",
    "ContentDate",
    "ContentTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "PositionReferenceIndicator",
)
"""Attributes that a CT image must have and that may be empty (PS3.3, type 2)."""

TYPE_2 = (
    "Manufacturer",
    "KVP",
    "SliceThickness",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
)
"""Kept attributes that must be there even where the source has no value (PS3.3, type 2)."""

PLACE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
"""Attributes without which a CT image has no place in the patient (PS3.3, type 1)."""

TEXT_LENGTH = {"CS": 16, "SH": 16, "LO": 64, "ST": 1024}
"""Longest value in characters by value representation (PS3.5, table 6.2-1)."""

Stored = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Derivation:
    """What a derived slice is, and whose.

    Attributes:
        description: What was done, in words, 1…1024 characters (DerivationDescription).
        series_uid: SeriesInstanceUID of the new series, for example of :func:`derived_uid`.
        patient: Pseudonym, 1…64 characters; becomes PatientID and PatientName.
        series_description: Name of the new series, 1…64 characters.
        operation: The operation in the standard's codes; ``None`` where it has none.

    Raises:
        UsageError: If a text is empty or too long, or ``series_uid`` is no UID.
    """

    description: str
    series_uid: str
    patient: str = "ANONYMOUS"
    series_description: str = "ctiqa derived"
    operation: Operation | None = None

    def __post_init__(self) -> None:
        limits = {"description": "ST", "patient": "LO", "series_description": "LO"}
        for name, representation in limits.items():
            _check_text(name, getattr(self, name), TEXT_LENGTH[representation])
        if not UID(self.series_uid).is_valid:
            raise UsageError(
                f"'series_uid' must be a DICOM UID, got {self.series_uid!r}; "
                "make one with derived_uid(...)"
            )


def derived_uid(*parts: object) -> str:
    """A UID that depends on its parts alone: the same run gives the same UIDs everywhere.

    A UUID made of a hash (RFC 9562, version 8), in decimal under the root 2.25 (PS3.5, B.2).

    Args:
        parts: What the UID stands for, e.g. recipe, source series and dose; order counts.

    Returns:
        UID of at most 44 characters.

    >>> derived_uid("recipe", "series", 0.5) == derived_uid("recipe", "series", 0.5)
    True
    >>> derived_uid("ab", "c") == derived_uid("a", "bc")
    False
    """
    digest = hashlib.sha256(repr(parts).encode()).digest()[:16]
    # Version 8 ("custom") and the variant, which uuid.UUID sets for versions 1 to 5 alone.
    number = int.from_bytes(digest) & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62
    return f"2.25.{uuid.UUID(int=number).int}"


def write_derived(source: Path, hu: HuImage, out: Path, derivation: Derivation) -> None:
    """Write a slice made from a CT file as a CT file of its own.

    Geometry, acquisition and rescale are the source's; the pixels are stored without loss in 16
    bits as round((HU − intercept) / slope). Pixels that the source marks as padding stay padding:
    what was never measured has no CT number. Instance and study get new UIDs, the instance's
    from source, series, description and pixels, so that a second run writes the same bytes.

    Args:
        source: Single-frame CT image in any transfer syntax that :mod:`ctiqa.io` reads.
        hu: CT numbers in HU, float32 [rows, cols], the source's matrix.
        out: File to write; its folder must exist. What was there is replaced in one step.
        derivation: What was done, and under which names.

    Raises:
        UsageError: If ``hu`` has another matrix, is not finite, or does not fit 16 bits.
        DataError: If the source is multi-frame or does not say where its slice lies.
        RefusedError: If the source is no axial CT slice in HU.
        OutputError: If ``out`` cannot be written.
    """
    file, header, layout = _open_source(source)
    image = _kept(_full_dataset(file), signed=layout.signed)
    pixels = _encode(hu, image, header, signed=layout.signed)
    padding = _padding_mask(file, header)
    if padding.any():
        stored = stored_frame(file, layout, 0)
        pixels[padding] = stored[padding]
        _describe_padding(image, stored[padding])
    _describe_pixels(image, pixels, signed=layout.signed)
    _describe_origin(image, file, derivation, pixels)
    _remove_identity(image, derivation, study=Tags(file.dataset).text("SeriesInstanceUID"))
    write_bytes(out, _file_bytes(image))
