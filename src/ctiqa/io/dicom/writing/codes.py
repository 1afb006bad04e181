"""Standard codes, and references to a source image."""

from __future__ import annotations

from pydicom.dataset import Dataset

Code = tuple[str, str]
"""Code value and meaning in the scheme DCM (DICOM PS3.16)."""

SOURCE_PURPOSE: Code = ("121322", "Source image for image processing operation")


def code_item(code: Code) -> Dataset:
    """A code as an item of a sequence (PS3.3, Code Sequence Macro).

    >>> code_item(SOURCE_PURPOSE).CodingSchemeDesignator
    'DCM'
    """
    item = Dataset()
    item.CodeValue, item.CodeMeaning = code
    item.CodingSchemeDesignator = "DCM"
    return item


def source_reference(sop_class: str, instance_uid: str) -> Dataset:
    """The image from which another one was derived, as an item of SourceImageSequence.

    Args:
        sop_class: SOP class UID of the source.
        instance_uid: Its SOP instance UID.
    """
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class
    item.ReferencedSOPInstanceUID = instance_uid
    item.SpatialLocationsPreserved = "YES"
    item.PurposeOfReferenceCodeSequence = [code_item(SOURCE_PURPOSE)]
    return item
