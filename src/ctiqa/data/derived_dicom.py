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
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydicom import dcmread, dcmwrite
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from ctiqa.errors import DataError, UsageError
from ctiqa.hu import PADDING_HU, PLAUSIBLE_HU
from ctiqa.io import read_headers, read_slice
from ctiqa.io.atomic import write_bytes
from ctiqa.io.dicom_file import DicomFile, Tags, parse
from ctiqa.io.dicom_pixels import Layout, read_layout, stored_frame
from ctiqa.io.files import open_file
from ctiqa.io.limits import Stored
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
    "PatientPosition",
    "Manufacturer",
    "KVP",
    "SliceThickness",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
)
"""Kept attributes that must be there even where the source has no value (PS3.3, type 2)."""

PLACE = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2}
"""Attributes, with their number of values, that place a CT image in the patient (type 1)."""

TEXT_LENGTH = {"CS": 16, "SH": 16, "LO": 64, "ST": 1024}
"""Longest value in characters by value representation (PS3.5, table 6.2-1)."""

UNPAIRED = frozenset(
    {
        "ABDOMEN",
        "ABDOMENPELVIS",
        "AORTA",
        "BLADDER",
        "BRAIN",
        "CHEST",
        "CHESTABDOMEN",
        "CHESTABDPELVIS",
        "COCCYX",
        "COLON",
        "CSPINE",
        "CTSPINE",
        "FACE",
        "HEAD",
        "HEADNECK",
        "HEART",
        "JAW",
        "LIVER",
        "LSPINE",
        "LSSPINE",
        "MEDIASTINUM",
        "NECK",
        "NECKCHEST",
        "NECKCHESTABDOMEN",
        "NECKCHESTABDPELV",
        "PANCREAS",
        "PELVIS",
        "PROSTATE",
        "SKULL",
        "SPINE",
        "SPLEEN",
        "SSPINE",
        "STERNUM",
        "STOMACH",
        "TLSPINE",
        "TSPINE",
        "UTERUS",
        "WHOLEBODY",
    }
)
"""Body parts of CT (PS3.16 annex L) that have no side, so that Laterality must be absent."""

CODE_STRING = re.compile(r"[A-Z0-9 _]{1,16}")
"""What a value of representation CS may be."""

FloatValues = npt.NDArray[np.float64]
MaskImage = npt.NDArray[np.bool_]


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
        UsageError: If a text is empty, too long or holds control characters or backslashes, or
            if ``series_uid`` is no UID.
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
        if not _is_uid(self.series_uid):
            raise UsageError(
                f"'series_uid' must be a DICOM UID, got {self.series_uid!r}; "
                "make one with derived_uid(...)"
            )


def derived_uid(*parts: object) -> str:
    """A UID that depends on its parts alone: the same run gives the same UIDs everywhere.

    A UUID made of a hash (RFC 9562, version 8, 2024), in decimal under the root 2.25
    (DICOM PS3.5, B.2).

    Args:
        parts: What the UID stands for, e.g. recipe, source series and dose; order counts.

    Returns:
        UID of at most 44 characters.

    >>> derived_uid("recipe", "series", 0.5) == derived_uid("recipe", "series", 0.5)
    True
    >>> derived_uid("ab", "c") == derived_uid("a", "bc")
    False
    """
    # As texts, because a NumPy number is represented otherwise than a plain one.
    named = repr([str(part) for part in parts])
    digest = hashlib.sha256(named.encode()).digest()[:16]
    kind, variant = 0xF << 76, 0x3 << 62
    number = int.from_bytes(digest, "big") & ~(kind | variant)
    return f"2.25.{number | 0x8 << 76 | 0x2 << 62}"


def write_derived(source: Path, hu: HuImage, out: Path, derivation: Derivation) -> None:
    """Write a slice made from a CT file as a CT file of its own.

    Geometry, acquisition and rescale are the source's; the pixels are stored without loss in 16
    bits as round((HU − intercept) / slope). Pixels that the source marks as padding stay padding:
    what was never measured has no CT number. Instance and study get new UIDs, the instance's
    from source, series, description and pixels, so that a second run writes the same bytes.

    Args:
        source: Single-frame CT image in any transfer syntax that :mod:`ctiqa.io` reads.
        hu: CT numbers in HU, float32 [rows, cols], within :func:`storable_hu` of the source.
        out: File to write; its folder must exist. What was there is replaced in one step.
        derivation: What was done, and under which names.

    Raises:
        UsageError: If ``hu`` has another matrix, is not finite, or does not fit 16 bits.
        DataError: If the source is not a single-frame CT image, or does not say where its slice
            lies.
        RefusedError: If the source is no axial CT slice in HU.
        OutputError: If ``out`` cannot be written.
    """
    # Attributes are parsed when they are asked for, and complaints about them quote the file.
    with silent():
        opened = _open(source)
        image = _kept(opened)
        padding = _padding(opened)
        pixels = _encode(hu, padding, opened)
        _describe_pixels(image, pixels, padding, opened)
        _describe_origin(image, pixels, derivation, opened)
        _remove_identity(image, derivation, opened)
        content = _file_bytes(image)
    write_bytes(out, content)


def storable_hu(source: Path) -> tuple[float, float]:
    """Lowest and highest CT number, in HU, that a slice derived from a source may hold.

    Bounded by what 16 bits hold under the source's rescale, and by what counts as HU on reading.

    Raises:
        DataError: If the source is not a single-frame CT image.
        RefusedError: If the source is no axial CT slice in HU.
    """
    with silent():
        return _limits_hu(_open(source))


@dataclass(frozen=True, slots=True)
class _Source:
    """A source file: its parts as the readers see them, and its whole header without pixels."""

    file: DicomFile
    header: SliceHeader
    layout: Layout
    tags: Tags

    @property
    def rescale(self) -> tuple[float, float]:
        """(slope, intercept) as they are written, which may have fewer digits than they had."""
        slope, intercept = (
            float(_shortest(self.tags.number(keyword)))
            for keyword in ("RescaleSlope", "RescaleIntercept")
        )
        return slope, intercept

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a stored pixel of the derived file."""
        return np.dtype("<i2" if self.layout.signed else "<u2")


def _open(path: Path) -> _Source:
    """Read everything about a source but its pixels; identity is not even loaded."""
    header = read_headers(path).headers[0]
    file = parse(path)
    layout = read_layout(file, Tags(file.dataset))
    single = file.sop_class in ("", CTImageStorage) and layout.frames == 1
    if not single or layout.bits_allocated > 16:
        raise DataError(
            f"'{path.name}' must be a single-frame CT image of at most 16 bits, got a multi-frame "
            f"or {layout.bits_allocated}-bit one; convert it first"
        )
    stream = open_file(path) if file.content is None else io.BytesIO(file.content)
    wanted = [*KEPT, "Laterality", "SpecificCharacterSet", "StudyInstanceUID"]
    with stream, foreign("the DICOM header"):
        full = dcmread(
            stream,
            stop_before_pixels=True,
            force=True,
            specific_tags=[*wanted, "PixelPaddingValue", "PixelPaddingRangeLimit"],
        )
    return _Source(file, header, layout, Tags(full))


def _kept(source: _Source) -> Dataset:
    """The attributes that are carried over, in the form that the standard asks for."""
    values = {keyword: _cleaned(source.tags, keyword) for keyword in KEPT}
    lacking = [k for k, count in PLACE.items() if len(values[k]) != count]
    if lacking:
        raise DataError(
            f"'{source.file.path.name}' must say where its slice lies, got no valid "
            f"{', '.join(lacking)}; leave it out"
        )
    if len(values["WindowCenter"]) != len(values["WindowWidth"]):
        values["WindowCenter"] = values["WindowWidth"] = []
    image = Dataset()
    # First, because it governs how the texts that follow are encoded.
    image.SpecificCharacterSet = "ISO_IR 192"
    for keyword, found in values.items():
        if found or keyword in TYPE_2:
            setattr(image, keyword, found)
    if image.get("BodyPartExamined") not in UNPAIRED:
        # Empty says "unknown", which is allowed for one of a pair (PS3.3 C.7.3.1, type 2C).
        image.Laterality = _cleaned(source.tags, "Laterality")
    return image


def _cleaned(tags: Tags, keyword: str) -> list[Any]:
    """The values of an attribute without those that its representation does not allow."""
    representation = dictionary_VR(keyword)
    if representation in ("DS", "IS", "FD"):
        found = _numbers(tags.numbers(keyword), representation)
    else:
        found = _words(tags.words(keyword), representation)
    return found[:1] if dictionary_VM(keyword) == "1" else found


def _numbers(numbers: Sequence[float], representation: str) -> list[Any]:
    """Numbers as they are written; none of them where one is not finite."""
    if not all(np.isfinite(numbers)):
        return []
    if representation == "DS":
        return [_shortest(number) for number in numbers]
    return [int(number) if representation == "IS" else number for number in numbers]


def _shortest(number: float | None) -> DSfloat:
    """A decimal string of at most 16 characters (PS3.5): scanners write longer ones."""
    return DSfloat(float(number or 0.0), auto_format=True)


def _words(words: Sequence[str], representation: str) -> list[str]:
    if representation == "UI":
        return [word for word in words if _is_uid(word)]
    if representation == "CS":
        return [word.upper() for word in words if CODE_STRING.fullmatch(word.upper())]
    length = TEXT_LENGTH[representation]
    return [word[:length].strip() for word in words if word.isprintable()]


def _is_uid(text: str) -> bool:
    # By default pydicom warns, and quotes the value.
    return UID(text, validation_mode=IGNORE).is_valid


def _check_text(name: str, text: str, most: int) -> None:
    if not (0 < len(text) <= most and text.isprintable() and "\\" not in text):
        raise UsageError(
            f"'{name}' must be 1…{most} printable characters without backslash, got {text[:80]!r}"
        )


def _limits_hu(source: _Source) -> tuple[float, float]:
    slope, intercept = source.rescale
    bounds = np.iinfo(source.dtype)
    low, high = slope * bounds.min + intercept, slope * bounds.max + intercept
    return max(low, PADDING_HU), min(high, PLAUSIBLE_HU[1])


def _padding(source: _Source) -> MaskImage:
    """Where the source says that nothing was measured, and the reader believes it."""
    value = source.tags.integer("PixelPaddingValue")
    if value is None:
        return np.zeros((source.layout.rows, source.layout.cols), dtype=bool)
    limit = source.tags.integer("PixelPaddingRangeLimit")
    low, high = sorted((value, value if limit is None else limit))
    # Counted modulo the word length, because writers mix up signed and unsigned padding.
    above = (_stored(source).astype(np.int64) - low) % (1 << source.layout.bits_allocated)
    return np.asarray((above <= high - low) & (read_slice(source.header).hu == PADDING_HU))


def _stored(source: _Source) -> Stored:
    return stored_frame(source.file, source.layout, 0)


def _encode(hu: HuImage, padding: MaskImage, source: _Source) -> Stored:
    """The pixels as they are stored, 16 bits, [rows, cols]."""
    if hu.shape != padding.shape:
        raise UsageError(f"'hu' must have the source's matrix {padding.shape}, got {hu.shape}")
    slope, intercept = source.rescale
    measured = hu[~padding].astype(np.float64)
    steps = np.rint((measured - intercept) / slope)
    _check_fit(measured, steps, source)
    pixels = np.zeros(hu.shape, dtype=source.dtype)
    pixels[~padding] = steps
    if padding.any():
        kept = _stored(source).astype(source.dtype)[padding]
        _step_aside(pixels, int(kept.min()), int(kept.max()))
        pixels[padding] = kept
    return pixels


def _check_fit(measured: FloatValues, steps: FloatValues, source: _Source) -> None:
    """Refuse CT numbers that cannot be stored, or not read back."""
    bounds = np.iinfo(source.dtype)
    # Comparisons are false for NaN too.
    in_hu = (measured >= PADDING_HU) & (measured <= PLAUSIBLE_HU[1])
    if not np.all(in_hu & (steps >= bounds.min) & (steps <= bounds.max)):
        low, high = _limits_hu(source)
        raise UsageError(
            f"'hu' must lie in {low:g}…{high:g} HU to be stored like '{source.file.path.name}', "
            f"got {measured.min():g}…{measured.max():g}; clip it to storable_hu(source)"
        )


def _step_aside(pixels: Stored, low: int, high: int) -> None:
    """Move measured pixels that would read as padding to the nearest value that does not."""
    aside = high + 1 if high < np.iinfo(pixels.dtype).max else low - 1
    pixels[(pixels >= low) & (pixels <= high)] = aside


def _describe_pixels(image: Dataset, pixels: Stored, padding: MaskImage, source: _Source) -> None:
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = source.layout.photometric
    image.Rows, image.Columns = pixels.shape
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit = 15
    image.PixelRepresentation = int(source.layout.signed)
    image.RescaleType = "HU"
    if padding.any():
        low, high = int(pixels[padding].min()), int(pixels[padding].max())
        image.PixelPaddingValue = low
        if high > low:
            image.PixelPaddingRangeLimit = high
    image.PixelData = pixels.tobytes()
    image["PixelData"].VR = "OW"


def _describe_origin(
    image: Dataset, pixels: Stored, derivation: Derivation, source: _Source
) -> None:
    """Say that the image is derived, how, by what and from which instance."""
    instance = source.header.source.instance_uid
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = derived_uid(
        "instance",
        instance,
        derivation.series_uid,
        derivation.description,
        hashlib.sha256(pixels.tobytes()).hexdigest(),
    )
    image.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    image.Modality = "CT"
    image.SeriesInstanceUID = derivation.series_uid
    image.SeriesDescription = derivation.series_description
    image.DerivationDescription = derivation.description
    if derivation.operation is not None:
        image.DerivationCodeSequence = [_code(OPERATION_CODES[derivation.operation])]
    if instance is not None and _is_uid(instance):
        image.SourceImageSequence = [_reference(instance)]
    image.ContributingEquipmentSequence = [_equipment()]
    if "FrameOfReferenceUID" not in image:
        # One frame of reference a series: without it the slices could not be told to be aligned.
        image.FrameOfReferenceUID = derived_uid("frame of reference", derivation.series_uid)
    if "lossy" in source.header.flags:
        image.LossyImageCompression = "01"


def _reference(instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = CTImageStorage
    item.ReferencedSOPInstanceUID = instance_uid
    item.SpatialLocationsPreserved = "YES"
    item.PurposeOfReferenceCodeSequence = [_code(SOURCE_PURPOSE)]
    return item


def _equipment() -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [_code(EQUIPMENT_PURPOSE)]
    item.Manufacturer = item.ManufacturerModelName = "ctiqa"
    item.SoftwareVersions = version("ctiqa")
    return item


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodeMeaning = code
    item.CodingSchemeDesignator = "DCM"
    return item


def _remove_identity(image: Dataset, derivation: Derivation, source: _Source) -> None:
    """Put the pseudonym in, and say that the identity is out.

    The study is a new one too: with the old UID and another patient id, archives would mix up
    the two patients.
    """
    study = source.tags.text("StudyInstanceUID")
    image.StudyInstanceUID = derived_uid("study", study, derivation.patient)
    for keyword in BLANK:
        setattr(image, keyword, "")
    image.PatientName = image.PatientID = derivation.patient
    image.PatientIdentityRemoved = "YES"
    image.DeidentificationMethod = "ctiqa: attributes reduced to a list (PS3.15 annex E)"
    image.DeidentificationMethodCodeSequence = [_code(code) for code in DEIDENTIFICATION]
    image.LongitudinalTemporalInformationModified = "REMOVED"


def _file_bytes(image: Dataset) -> bytes:
    """The file in explicit little endian."""
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = io.BytesIO()
    dcmwrite(stream, image, enforce_file_format=True)
    return stream.getvalue()
