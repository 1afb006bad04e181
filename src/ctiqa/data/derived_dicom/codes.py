"""Standard codes in a derived image."""

from __future__ import annotations

from typing import Literal

from ctiqa.io.dicom.writing.codes import Code

Operation = Literal["noise", "smoothing", "sharpening", "averaging", "resampling"]
"""Operation on the pixels for which the standard has a code."""

OPERATION_CODES: dict[Operation, Code] = {
    "noise": ("113042", "Pixel by pixel addition"),
    "smoothing": ("113087", "Smoothing"),
    "sharpening": ("113086", "Edge enhancement"),
    "averaging": ("113049", "Pixel by pixel mean"),
    "resampling": ("113085", "Spatial resampling"),
}
"""CID 7203 Image Derivation. Noise and streaks are simulated separately, then added."""

EQUIPMENT_PURPOSE: Code = ("109102", "Processing Equipment")

DEIDENTIFICATION: tuple[Code, ...] = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113110", "Retain UIDs Option"),
)
"""CID 7050. Only the frame of reference and the instance UID of the source are retained."""
