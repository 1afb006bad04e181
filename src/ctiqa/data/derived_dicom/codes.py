"""Standard codes in a derived image."""

from __future__ import annotations

from typing import Literal

from pydicom.dataset import Dataset

Operation = Literal["noise", "smoothing", "sharpening", "averaging", "resampling"]
"""Operation on the pixels for which the standard has a code."""

Code = tuple[str, str]
"""Code value and meaning in the scheme DCM (DICOM PS3.16)."""

OPERATION_CODES: dict[Operation, Code] = {
    "noise": ("113042", "Pixel by pixel addition"),
    "smoothing": ("113087", "Smoothing"),
    "sharpening": ("113086", "Edge enhancement"),
    "averaging": ("113049", "Pixel by pixel mean"),
    "resampling": ("113085", "Spatial resampling"),
}
"""CID 7203 Image Derivation. Noise and streaks are simulated separately, then added."""

SOURCE_PURPOSE: Code = ("121322", "Source image for image processing operation")
EQUIPMENT_PURPOSE: Code = ("109102", "Processing Equipment")

DEIDENTIFICATION: tuple[Code, ...] = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113110", "Retain UIDs Option"),
)
"""CID 7050. Only the frame of reference and the instance UID of the source are retained."""


def code_item(code: Code) -> Dataset:
    """A code as an item of a sequence (PS3.3, Code Sequence Macro).

    >>> code_item(SOURCE_PURPOSE).CodingSchemeDesignator
    'DCM'
    """
    item = Dataset()
    item.CodeValue, item.CodeMeaning = code
    item.CodingSchemeDesignator = "DCM"
    return item
