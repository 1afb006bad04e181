"""What a received file is, and which series it belongs to; only its header is read, and bounded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydicom.uid import CTImageStorage, XRayRadiationDoseSRStorage

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.files import open_file
from ctiqa.io.dicom.header import parse
from ctiqa.io.dicom.meta import ENHANCED, read_announced
from ctiqa.io.dicom.tags import Tags
from ctiqa.io.silence import silent

IMAGES = frozenset({str(CTImageStorage), *ENHANCED})
"""SOP classes that are scored."""

DOSE_REPORT = str(XRayRadiationDoseSRStorage)
"""SOP class of dose reports."""

ArrivalKind = Literal["image", "dose", "other"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A received file.

    Attributes:
        kind: An image to be scored, a dose report, or anything else.
        series: SeriesInstanceUID of an image; an invalid one is replaced by a digest.
    """

    kind: ArrivalKind
    series: str = ""


def look_at(file: Path) -> Arrival:
    """Find out what a file is.

    Raises:
        RefusedError: If it cannot be read, is not DICOM, or is an image of no series.
    """
    with open_file(file) as stream:
        announced = read_announced(stream).sop_class
    if announced == DOSE_REPORT:
        return Arrival("dose")
    header = parse(file)
    if header.sop_class not in IMAGES:
        return Arrival("dose" if header.sop_class == DOSE_REPORT else "other")
    with silent():
        series = Tags(header.dataset).uid("SeriesInstanceUID")
    # The name of a folder: no '..'.
    if series is None or not series.strip("."):
        raise RefusedError(
            Reason.CORRUPT, "the header names no series (SeriesInstanceUID); send it again"
        )
    return Arrival("image", series)
