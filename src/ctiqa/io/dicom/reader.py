"""DICOM: single-frame CT and multi-frame Enhanced CT."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.files import file_stamp
from ctiqa.io.dicom.decoding.pixels import stored_frame
from ctiqa.io.dicom.decoding.syntaxes import is_lossy, is_native
from ctiqa.io.dicom.exposure import exposure_mas
from ctiqa.io.dicom.header import CHANGED, DicomFile, PixelLocation, parse
from ctiqa.io.dicom.image_type import check_image_type, check_object, check_rescale_type
from ctiqa.io.dicom.layout import Layout, read_layout
from ctiqa.io.dicom.series_facts import series_facts
from ctiqa.io.dicom.tags import Tags
from ctiqa.io.grouping.geometry import (
    check_axial,
    check_spacing,
    position_mm,
    tilt_deg,
    unit_orientation,
)
from ctiqa.io.hu.checks import Rescale, check_rescale, to_hu
from ctiqa.io.protocol import Contents, ReadOptions
from ctiqa.types import Acquisition, HuImage, SliceHeader, SliceSource

_MAX_POSITION_MM = 1e5
"""Positions beyond this are invalid; no couch is a hundred metres long."""

CTDI_PHANTOMS_CM = {("DCM", "113690"): 16.0, ("DCM", "113691"): 32.0}
"""Diameter in cm of the phantoms of CTDIvol, head and body, by their code (DICOM CID 4052)."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """The data needed to read a frame; kept in its header.

    Attributes:
        location: Position and encoding of the pixels.
        layout: Their storage.
        rescale: (slope, intercept).
        padding: Lowest and highest stored value that mean "no measurement".
    """

    location: PixelLocation
    layout: Layout
    rescale: Rescale
    padding: tuple[float, float] | None


def read_headers(path: Path, options: ReadOptions, stream: BinaryIO) -> Contents:
    """Describe every frame of a DICOM file without decoding its pixels.

    Args:
        path: The file.
        options: How to read it.
        stream: The file, open at its start.

    Returns:
        One header per frame; frames other than axial slices (such as localizers) are left out with
        a warning.

    Raises:
        RefusedError: If no frame is an axial CT slice in HU, or pixels are missing.
    """
    file = parse(path, stream)
    first = Tags(file.dataset)
    _check_object(file, first)
    check_image_type(_image_type(first), allow_reformats=options.allow_reformats)
    layout = read_layout(file.location, first, stream)
    found = _all_alike(file, layout, first, options) or _each(file, layout, options)
    headers = tuple(each for each in found if isinstance(each, SliceHeader))
    refused = [each for each in found if isinstance(each, RefusedError)]
    if not headers:
        raise refused[0]
    return Contents(headers, _left_out(path, refused))


def read_hu(header: SliceHeader, options: ReadOptions) -> HuImage:
    """Decode one frame of a DICOM file into HU.

    Args:
        header: A header of :func:`read_headers`.
        options: The options it was found with.

    Returns:
        HU, float32 [rows, cols], at least -1024.

    Raises:
        RefusedError: If the frame cannot be decoded, its values are not HU, or the file was
            replaced after its header was read.
    """
    source = header.source
    image = source.kept
    if not isinstance(image, StoredImage) or image.location.stamp != file_stamp(source.file):
        image = _read_again(header, options)
    stored = stored_frame(image.location, image.layout, source.frame)
    return to_hu(stored, image.rescale, image.padding)


def _read_again(header: SliceHeader, options: ReadOptions) -> StoredImage:
    """Parse the file again, if nothing was kept in the header or the file has changed.

    Raises:
        RefusedError: If the file no longer contains the same slice.
    """
    source = header.source
    file = parse(source.file)
    tags = Tags(file.dataset, source.frame)
    layout = read_layout(file.location, tags)
    found = _header(file, layout, tags, source.frame, options)
    # Not `!=`, to which a NaN in the header would be a change.
    if repr(replace(found, source=replace(found.source, format=source.format))) != repr(header):
        raise RefusedError(Reason.CORRUPT, CHANGED)
    return _stored_image(file, tags, layout)


def pixel_fingerprint(path: Path, kept: object = None) -> tuple[str, bytes]:
    """Transfer syntax of a file, and a digest of its stored pixels, their layout and rescale.

    Args:
        path: The file.
        kept: What a header of the file has kept, which saves parsing the file again.

    Raises:
        RefusedError: If the file cannot be read.
    """
    image = kept
    if not isinstance(image, StoredImage) or image.location.stamp != file_stamp(path):
        file = parse(path)
        tags = Tags(file.dataset)
        image = _stored_image(file, tags, read_layout(file.location, tags))
    location = image.location
    with location.open() as stream:
        digest = hashlib.sha256(repr((image.layout, image.rescale, image.padding)).encode())
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
        return location.transfer_syntax, digest.digest()


def _check_object(file: DicomFile, tags: Tags) -> None:
    """Refuse objects other than CT images, and other files that happen to parse as DICOM."""
    modality = _modality(tags)
    if not (file.sop_class or modality or file.dataset.file_meta):
        raise RefusedError(
            Reason.UNKNOWN_FORMAT, "not DICOM: neither prefix, object class nor modality"
        )
    check_object(file.sop_class, modality)


def _all_alike(
    file: DicomFile, layout: Layout, tags: Tags, options: ReadOptions
) -> list[SliceHeader] | None:
    """Describe all frames at once; ``None`` if there are per-frame functional groups."""
    if tags.holds("PerFrameFunctionalGroupsSequence"):
        return None
    header = _header(file, layout, tags, 0, options)
    return [
        replace(header, source=replace(header.source, frame=frame))
        for frame in range(layout.frames)
    ]


def _each(
    file: DicomFile, layout: Layout, options: ReadOptions
) -> list[SliceHeader | RefusedError]:
    """Describe frames one by one; refusals are returned."""
    found: list[SliceHeader | RefusedError] = []
    for frame in range(layout.frames):
        try:
            found.append(_header(file, layout, Tags(file.dataset, frame), frame, options))
        except RefusedError as error:
            found.append(error)
    return found


def _header(
    file: DicomFile, layout: Layout, tags: Tags, frame: int, options: ReadOptions
) -> SliceHeader:
    """Describe one frame, or refuse it."""
    kind = check_image_type(_image_type(tags), allow_reformats=options.allow_reformats)
    orientation = _orientation(tags)
    spacing = tags.numbers("PixelSpacing")
    spacing_mm = (spacing[0], spacing[1]) if len(spacing) == 2 else None
    flags = (
        *check_object(file.sop_class, _modality(tags)),
        *kind,
        *check_rescale_type(tags.text("RescaleType")),
        *check_axial(orientation, allow_reformats=options.allow_reformats),
        *check_spacing(spacing_mm),
        *(["lossy"] if _is_lossy(file, tags) else ()),
    )
    return SliceHeader(
        source=_source(file, layout, tags, frame),
        rows=layout.rows,
        cols=layout.cols,
        spacing_mm=spacing_mm,
        z_mm=_z_mm(tags, orientation),
        orientation=orientation,
        acquisition=_acquisition(tags, orientation),
        flags=tuple(dict.fromkeys(flags)),
        series=series_facts(tags),
    )


def _source(file: DicomFile, layout: Layout, tags: Tags, frame: int) -> SliceSource:
    image = _stored_image(file, tags, layout)
    # The header of many frames is cached anyway, and unpacked content should not be kept.
    keeps = layout.frames == 1 and file.location.content is None
    return SliceSource(
        file=file.location.path,
        frame=frame,
        instance_uid=tags.uid("SOPInstanceUID"),
        series_uid=tags.uid("SeriesInstanceUID"),
        study_uids=_study_uids(tags),
        isolated=not is_native(file.location.transfer_syntax),
        kept=image if keeps else None,
    )


def _study_uids(tags: Tags) -> tuple[str, ...]:
    found = (tags.uid(keyword) for keyword in ("StudyInstanceUID", "FrameOfReferenceUID"))
    return tuple(uid for uid in found if uid)


def _stored_image(file: DicomFile, tags: Tags, layout: Layout) -> StoredImage:
    return StoredImage(file.location, layout, _rescale(tags), _padding(tags, layout))


def _is_lossy(file: DicomFile, tags: Tags) -> bool:
    return is_lossy(file.location.transfer_syntax, tags.text("LossyImageCompression"))


def _left_out(path: Path, refused: list[RefusedError]) -> tuple[str, ...]:
    """One sentence per reason for the refused frames."""
    counts = Counter(error.reason for error in refused)
    return tuple(
        f"{count} frame(s) of '{path.name}' left out: {reason.value}"
        for reason, count in counts.items()
    )


def _modality(tags: Tags) -> str | None:
    return (tags.text("Modality") or "").upper() or None


def _image_type(tags: Tags) -> tuple[str, ...]:
    """Image type of the frame, and the volume-based calculation technique, if any."""
    kind = tags.words("FrameType") or tags.words("ImageType")
    return (*kind, *tags.words("VolumeBasedCalculationTechnique")) if kind else ()


def _orientation(tags: Tags) -> tuple[float, ...] | None:
    """Direction cosines; ACR-NEMA files use a retired tag."""
    return unit_orientation(
        tags.numbers("ImageOrientationPatient") or tags.numbers("ImageOrientation")
    )


def _z_mm(tags: Tags, orientation: tuple[float, ...] | None) -> float | None:
    """Position along the slice normal in mm; as a fallback the scanner's slice location."""
    origin = tags.numbers("ImagePositionPatient") or tags.numbers("ImagePosition")
    if orientation is not None and len(origin) == 3:
        z_mm: float | None = position_mm(orientation, origin)
    else:
        location = tags.number("SliceLocation")
        z_mm = tags.number("Location") if location is None else location
    return z_mm if z_mm is not None and abs(z_mm) <= _MAX_POSITION_MM else None


def _rescale(tags: Tags) -> Rescale:
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        if tags.number(keyword) is None and tags.holds(keyword):
            raise RefusedError(
                Reason.NO_RESCALE, f"'{keyword}' cannot be read; it must be one decimal number"
            )
    return check_rescale(tags.number("RescaleSlope"), tags.number("RescaleIntercept"))


def _padding(tags: Tags, layout: Layout) -> tuple[float, float] | None:
    """Lowest and highest stored value that mean "no measurement"."""
    value = tags.integer("PixelPaddingValue")
    if value is None:
        return None
    limit = tags.integer("PixelPaddingRangeLimit")
    ends = (_as_stored(value, layout), _as_stored(value if limit is None else limit, layout))
    return min(ends), max(ends)


def _as_stored(value: int, layout: Layout) -> int:
    """Convert to the signedness of the pixels; writers confuse signed and unsigned padding.

    >>> signed = Layout(512, 512, 1, 16, 12, 11, True, "MONOCHROME2")
    >>> _as_stored(63536, signed), _as_stored(2096, signed)
    (-2000, -2000)
    """
    if not layout.signed:
        return value % (1 << layout.bits_allocated)
    span = 1 << layout.bits_stored
    value %= span
    return value - span if value >= span // 2 else value


def _acquisition(tags: Tags, orientation: tuple[float, ...] | None) -> Acquisition:
    """Acquisition parameters, from the classic tags or those of Enhanced CT."""
    tilt = tags.number("GantryDetectorTilt")
    if tilt is None and orientation is not None:
        tilt = tilt_deg(orientation)
    return Acquisition(
        kvp=tags.positive("KVP"),
        tube_current_ma=tags.positive("XRayTubeCurrent", "XRayTubeCurrentInmA"),
        exposure_mas=exposure_mas(tags),
        ctdivol_mgy=tags.positive("CTDIvol"),
        ctdi_phantom_cm=CTDI_PHANTOMS_CM.get(tags.code("CTDIPhantomTypeCodeSequence")),
        kernel=tags.shown("ConvolutionKernel"),
        slice_thickness_mm=tags.positive("SliceThickness"),
        manufacturer=tags.shown("Manufacturer"),
        model=tags.shown("ManufacturerModelName"),
        body_part=tags.shown("BodyPartExamined"),
        gantry_tilt_deg=tilt,
        lossy_ratio=tags.positive("LossyImageCompressionRatio"),
    )
