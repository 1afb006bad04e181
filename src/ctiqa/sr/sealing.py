"""Identifiers and dates of the objects, and what they have in common.

The SOP instance UID of an object is derived from its bytes, its dates of content left out: the same
content has the same UID, and any other content (values, model, version of ctiqa, images, patient)
another one. An archive that keeps the first object of a UID therefore never keeps outdated results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from ctiqa.io.dicom.writing.content import file_bytes
from ctiqa.io.dicom.writing.uids import derived_uid
from ctiqa.sr.source import Source
from ctiqa.version import __version__

PLACEHOLDER = "2.25.0"
"""Stands in for the SOP instance UID until the content is complete."""

MIDNIGHT = "000000"

LARGEST = 1 << 30
"""Series numbers are cut to this before an offset is added; the standard allows twice as much."""


def model_identity(model: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells one model from another: name, version, digest and calibration."""
    calibration = model.get("calibration") or {}
    named = (model.get("name"), model.get("version"), model.get("sha256"))
    return tuple(str(each or "") for each in (*named, calibration.get("sha256")))


def describe_series(
    dataset: Dataset, source: Source, model: Mapping[str, Any], *, kind: str, offset: int
) -> None:
    """Set the series of an object: one for each source series, model and kind of object.

    Args:
        dataset: The object; it is changed.
        source: The series it is about.
        model: Facts of the model.
        kind: Kind of object.
        offset: Added to the number of the source series.
    """
    dataset.SeriesInstanceUID = derived_uid(kind, source.series_uid, *model_identity(model))
    dataset.SeriesNumber = offset + abs(source.series_number) % LARGEST
    dataset.InstanceNumber = 1
    dataset.Manufacturer = dataset.ManufacturerModelName = "ctiqa"
    dataset.SoftwareVersions = __version__


def seal(
    dataset: Dataset, source: Source, model: Mapping[str, Any], created: datetime | None
) -> None:
    """Set UID and dates of an object that is otherwise complete.

    Args:
        dataset: The object; it is changed.
        source: The series it is about.
        model: Facts of the model.
        created: Time of the content; it is no part of the UID.
    """
    dataset.SOPInstanceUID = PLACEHOLDER
    dataset.ContentDate = dataset.ContentTime = ""
    digest = hashlib.sha256(file_bytes(dataset)).hexdigest()
    dataset.SOPInstanceUID = derived_uid("content", digest)
    dataset.ContentDate, dataset.ContentTime = content_time(source.study, model, created)
    # Written again, because it repeats the UID.
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def content_time(
    study: Dataset, model: Mapping[str, Any], created: datetime | None
) -> tuple[str, str]:
    """Content Date and Content Time.

    Without ``created`` they are those of the study, or, if it states none, midnight of the day on
    which the model was made; so an object that is made again has the same bytes.

    >>> content_time(Dataset(), {"created": "2026-11-21"}, None)
    ('20261121', '000000')
    """
    if created is not None:
        return f"{created:%Y%m%d}", f"{created:%H%M%S}"
    if day := str(study.get("StudyDate", "")):
        return day, str(study.get("StudyTime", "")) or MIDNIGHT
    try:
        return f"{date.fromisoformat(str(model.get('created'))):%Y%m%d}", MIDNIGHT
    except ValueError:
        return f"{datetime.now():%Y%m%d}", MIDNIGHT
