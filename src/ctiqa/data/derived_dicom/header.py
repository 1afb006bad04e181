"""Header of a derived image: retained attributes, derivation, de-identification."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from ctiqa.data.derived_dicom.attributes import BLANK, KEPT, PLACE, TYPE_2, UNPAIRED
from ctiqa.data.derived_dicom.codes import (
    DEIDENTIFICATION,
    EQUIPMENT_PURPOSE,
    OPERATION_CODES,
)
from ctiqa.data.derived_dicom.derivation import Derivation
from ctiqa.data.derived_dicom.source_image import SourceImage
from ctiqa.errors import DataError
from ctiqa.io.dicom.writing.codes import code_item, source_reference
from ctiqa.io.dicom.writing.uids import derived_uid
from ctiqa.io.dicom.writing.values import allowed_values, is_uid
from ctiqa.io.hu.checks import Stored


def retained(source: SourceImage) -> Dataset:
    """The attributes copied from the source, in the form the standard requires.

    Raises:
        DataError: If the source does not state the position of its slice.
    """
    values = {keyword: allowed_values(source.tags, keyword) for keyword in KEPT}
    lacking = [k for k, count in PLACE.items() if len(values[k]) != count]
    if lacking:
        raise DataError(
            f"'{source.file.location.path.name}' must say where its slice lies, got no valid "
            f"{', '.join(lacking)}; leave it out"
        )
    if len(values["WindowCenter"]) != len(values["WindowWidth"]):
        values["WindowCenter"] = values["WindowWidth"] = []
    image = Dataset()
    # First, because it determines the encoding of the following text.
    image.SpecificCharacterSet = "ISO_IR 192"
    for keyword, found in values.items():
        if found or keyword in TYPE_2:
            setattr(image, keyword, found)
    if image.get("BodyPartExamined") not in UNPAIRED:
        # Empty means "unknown", which is allowed for paired body parts (PS3.3 C.7.3.1, type 2C).
        image.Laterality = allowed_values(source.tags, "Laterality")
    return image


def describe_origin(
    image: Dataset, pixels: Stored, derivation: Derivation, source: SourceImage
) -> None:
    """State that the image is derived, how, by which software and from which instance."""
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
        image.DerivationCodeSequence = [code_item(OPERATION_CODES[derivation.operation])]
    if instance is not None and is_uid(instance):
        image.SourceImageSequence = [source_reference(CTImageStorage, instance)]
    image.ContributingEquipmentSequence = [_equipment()]
    if "FrameOfReferenceUID" not in image:
        # One frame of reference per series: it states that the slices are aligned.
        image.FrameOfReferenceUID = derived_uid("frame of reference", derivation.series_uid)
    if "lossy" in source.header.flags:
        image.LossyImageCompression = "01"


def _equipment() -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code_item(EQUIPMENT_PURPOSE)]
    item.Manufacturer = item.ManufacturerModelName = "ctiqa"
    item.SoftwareVersions = version("ctiqa")
    return item


def remove_identity(image: Dataset, derivation: Derivation, source: SourceImage) -> None:
    """Set the pseudonym and state that the identity was removed.

    The study gets a new UID too: with the old UID and another patient ID, archives would confuse
    the two patients.
    """
    study = source.tags.text("StudyInstanceUID")
    image.StudyInstanceUID = derived_uid("study", study, derivation.patient)
    for keyword in BLANK:
        setattr(image, keyword, "")
    image.PatientName = image.PatientID = derivation.patient
    image.PatientIdentityRemoved = "YES"
    image.DeidentificationMethod = "ctiqa: attributes reduced to a list (PS3.15 annex E)"
    image.DeidentificationMethodCodeSequence = [code_item(code) for code in DEIDENTIFICATION]
    image.LongitudinalTemporalInformationModified = "REMOVED"
