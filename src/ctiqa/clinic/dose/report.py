"""Read a dose report: one event for each irradiation with CT."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydicom import Dataset, dcmread

from ctiqa.clinic.dose.content import Code, Walker, code_of
from ctiqa.clinic.dose.quantities import QUANTITIES, ImplausibleError, measured
from ctiqa.clinic.records.dose_values import DoseEvent
from ctiqa.clinic.spool.spool import is_file_uid
from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.regular import open_regular
from ctiqa.io.dicom.decoding.syntaxes import DEFLATED
from ctiqa.io.dicom.limited import LimitedReader
from ctiqa.io.dicom.meta import read_announced, undeflate
from ctiqa.io.dicom.reader import CTDI_PHANTOMS_CM
from ctiqa.io.silence import foreign

MOST_BYTES = 16 << 20
"""Largest dose report, in bytes; one of 50 events has less than 1 MB."""

DOSE_REPORT: Code = ("DCM", "113701")
"""X-Ray Radiation Dose Report, the root of TID 10001 and TID 10011."""

ACQUISITION: Code = ("DCM", "113819")
"""CT Acquisition (TID 10013)."""

EVENT_UID: Code = ("DCM", "113769")

PHANTOM: Code = ("DCM", "113835")

ROOT = (
    "SOPClassUID",
    "StudyInstanceUID",
    "ValueType",
    "ConceptNameCodeSequence",
    "ContentSequence",
)
"""Elements that are read; those of the patient are not."""


@dataclass(frozen=True, slots=True)
class DoseReport:
    """What a dose report states.

    Attributes:
        study: Study Instance UID.
        events: Irradiation events with CT that have a UID; none in a report of another modality.
        left_out: What was left out, with its reason, without any text of the report.
    """

    study: str
    events: tuple[DoseEvent, ...]
    left_out: tuple[str, ...] = ()


def read_dose_report(file: Path) -> DoseReport:
    """Read a dose report (X-Ray Radiation Dose SR; TID 10011 with TID 10013, PS3.16).

    Units are checked, never assumed; 0 is unknown; values that are not plausible are left out.

    Args:
        file: A DICOM file.

    Raises:
        RefusedError: If it cannot be read, is damaged, too large, or no dose report.
    """
    with open_regular(file) as stream:
        if stream.seek(0, io.SEEK_END) > MOST_BYTES:
            raise RefusedError(Reason.TOO_LARGE, f"it has more than {MOST_BYTES >> 20} MB")
        stream.seek(0)
        with foreign("the dose report"):
            return _read(_parsed(stream))


def _parsed(stream: BinaryIO) -> Any:
    announced = read_announced(stream)
    if announced.transfer_syntax == DEFLATED:
        stream = io.BytesIO(undeflate(stream, announced.end))
    limited = cast("BinaryIO", LimitedReader(stream, is_enhanced=True))
    return dcmread(limited, specific_tags=list(ROOT))


def _read(root: Dataset) -> DoseReport:
    study = str(root.get("StudyInstanceUID", ""))
    if code_of(root) != DOSE_REPORT:
        raise RefusedError(Reason.NOT_CT, "it is no X-Ray Radiation Dose Report (113701, DCM)")
    if not is_file_uid(study):
        raise RefusedError(Reason.CORRUPT, "its Study Instance UID is missing or is none")
    events: dict[str, DoseEvent] = {}
    left_out: list[str] = []
    for number, items in enumerate(_acquisitions(root), 1):
        event, problems = _event(items)
        if event is not None and event.event in events:
            event, problems = None, ["its Irradiation Event UID is that of another one"]
        if event is not None:
            events[event.event] = event
        left_out += [f"event {number}: {problem}" for problem in problems]
    return DoseReport(study, tuple(events.values()), tuple(left_out))


def _acquisitions(root: Dataset) -> Iterator[Mapping[Code, list[Any]]]:
    """For each event, its content items by code."""
    walker = Walker()
    for item in walker.below(root, stop_at=ACQUISITION):
        if item.get("ValueType") == "CONTAINER" and code_of(item) == ACQUISITION:
            items: dict[Code, list[Any]] = {}
            for each in walker.below(item):
                items.setdefault(code_of(each), []).append(each)
            yield items


def _event(items: Mapping[Code, list[Any]]) -> tuple[DoseEvent | None, list[str]]:
    """An event, and what was left out of it."""
    uids = {str(each.get("UID", "")) for each in items.get(EVENT_UID, [])}
    uid = uids.pop() if len(uids) == 1 else ""
    if not is_file_uid(uid):
        return None, ["it has no Irradiation Event UID, so no image can be found for it"]
    values: dict[str, float | None] = {}
    problems: list[str] = []
    for name, quantity in QUANTITIES.items():
        try:
            values[name] = measured(items.get(("DCM", quantity.code), []), quantity)
        except ImplausibleError as error:
            problems.append(str(error))
    return DoseEvent(uid, ctdi_phantom_cm=_phantom_cm(items), **values), problems


def _phantom_cm(items: Mapping[Code, list[Any]]) -> float | None:
    codes = {code_of(each, "ConceptCodeSequence") for each in items.get(PHANTOM, [])}
    return CTDI_PHANTOMS_CM.get(codes.pop()) if len(codes) == 1 else None
