"""A map as a DICOM secondary capture in the study of its source.

Secondary captures are shown by every viewer, unlike parametric maps. Position and orientation,
which they may have, link the map to its slice while scrolling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, SecondaryCaptureImageStorage

from ctiqa.io.dicom.header import parse
from ctiqa.io.dicom.tags import Tags
from ctiqa.io.dicom.writing.codes import source_reference
from ctiqa.io.dicom.writing.content import file_bytes
from ctiqa.io.dicom.writing.study import study_of
from ctiqa.io.dicom.writing.uids import derived_uid
from ctiqa.io.dicom.writing.values import allowed_values, is_uid
from ctiqa.io.silence import foreign, silent
from ctiqa.score.maps.colours import LIMITS_HU
from ctiqa.score.maps.place import Place
from ctiqa.score.png import Pixels8
from ctiqa.text.plain_text import clean
from ctiqa.types import NOISE_PATCH, SliceHeader
from ctiqa.version import __version__

SERIES_DESCRIPTION = "Map of local noise (ctiqa)"

SERIES_OFFSET = 9000
"""Added to the series number of the source, so that maps come after the images."""

SHARED_WITH_MAP = (
    "BurnedInAnnotation",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
    "SeriesNumber",
)
"""Attributes of the source, besides patient and study, that are copied as they are."""

POSITION = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6}
"""Attributes that locate a slice in the patient, with their number of values."""


def secondary_capture(
    picture: Pixels8, header: SliceHeader, place: Place, model: Mapping[str, Any]
) -> bytes:
    """The content of a DICOM file with a map.

    UIDs depend only on the source, the model and the picture, so that a repeated run writes the
    same bytes.

    Args:
        picture: The map, RGB, uint8 [rows, cols, 3]; its upper left corner is that of the slice.
        header: The slice; its file is read again.
        place: Where the slice stands in the report.
        model: Facts of the model.

    Raises:
        RefusedError: If the header of the source cannot be read, or names no study.
    """
    # Attributes are parsed on access, and warnings about them quote the file.
    with silent():
        file = parse(header.source.file)
        image = study_of(file, SHARED_WITH_MAP)
        tags = Tags(file.dataset, header.source.frame)
        _describe_series(image, place, model)
        _describe_origin(image, file.sop_class, tags, header, model)
        _describe_place(image, tags, place)
        _describe_pixels(image, picture, header)
        image.SOPClassUID = SecondaryCaptureImageStorage
        image.SOPInstanceUID = derived_uid(
            "map of local noise",
            header.source.instance_uid or place.series_uid,
            place.index,
            model.get("sha256"),
            hashlib.sha256(picture.tobytes()).hexdigest(),
        )
    with foreign("the DICOM header of the source"):
        return file_bytes(image)


def _describe_series(image: Dataset, place: Place, model: Mapping[str, Any]) -> None:
    image.Modality = "CT"
    # Empty means "unknown" (PS3.3 C.7.3.1, type 2C).
    image.Laterality = ""
    image.SeriesInstanceUID = derived_uid("maps", place.series_uid, model.get("sha256"))
    image.SeriesNumber = SERIES_OFFSET + (Tags(image).integer("SeriesNumber") or 0) % SERIES_OFFSET
    image.SeriesDescription = SERIES_DESCRIPTION
    image.ConversionType = "WSD"
    image.SecondaryCaptureDeviceManufacturer = "ctiqa"
    image.SecondaryCaptureDeviceSoftwareVersions = __version__


def _describe_origin(
    image: Dataset, sop_class: str, tags: Tags, header: SliceHeader, model: Mapping[str, Any]
) -> None:
    """State that the image is derived, how, and from which instance."""
    low, high = LIMITS_HU
    image.ImageType = ["DERIVED", "SECONDARY"]
    image.DerivationDescription = (
        f"Local noise, estimated by model {clean(str(model.get('name')), 64)} "
        f"{clean(str(model.get('version')), 16)} of ctiqa {__version__}, one value per "
        f"{NOISE_PATCH} x {NOISE_PATCH} pixels, as colour on the image: {low:g} to {high:g} HU, "
        "logarithmic. For research use only; not for diagnosis."
    ).replace("\\", "/")
    instance = header.source.instance_uid
    if instance is not None and is_uid(instance):
        reference = source_reference(sop_class or CTImageStorage, instance)
        if (tags.integer("NumberOfFrames") or 1) > 1:
            reference.ReferencedFrameNumber = header.source.frame + 1
        image.SourceImageSequence = [reference]


def _describe_place(image: Dataset, tags: Tags, place: Place) -> None:
    """Number and position of the slice, and its pixel spacing."""
    image.InstanceNumber = place.index + 1
    found = {keyword: allowed_values(tags, keyword) for keyword in POSITION}
    if all(len(found[keyword]) == count for keyword, count in POSITION.items()):
        for keyword, values in found.items():
            setattr(image, keyword, values)
        if frame_of_reference := allowed_values(tags, "FrameOfReferenceUID"):
            image.FrameOfReferenceUID = frame_of_reference[0]
            image.PositionReferenceIndicator = ""
    # Required but may be empty (PS3.3 C.7.6.1, type 2C); the orientation is stated above.
    image.PatientOrientation = ""
    spacing = allowed_values(tags, "PixelSpacing")
    if len(spacing) == 2:
        image.PixelSpacing = spacing


def _describe_pixels(image: Dataset, picture: Pixels8, header: SliceHeader) -> None:
    image.set_pixel_data(picture, "RGB", 8, generate_instance_uid=False)
    # The map shows the pixels of the source; the colour bar names nobody.
    image.setdefault("BurnedInAnnotation", "NO")
    if "lossy" in header.flags:
        image.LossyImageCompression = "01"
