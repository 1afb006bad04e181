"""Results as DICOM objects in the study of the images: structured report and encapsulated PDF.

Needs the extra ``clinic``. The objects carry the identity of the patient in their headers, as the
images do; file names, messages and the pages of the PDF do not.
"""

from __future__ import annotations

from ctiqa.sr.encapsulated import encapsulated_pdf
from ctiqa.sr.report import structured_report
from ctiqa.sr.writing import Kind, NotWritten, Written, write_objects

__all__ = [
    "Kind",
    "NotWritten",
    "Written",
    "encapsulated_pdf",
    "structured_report",
    "write_objects",
]
