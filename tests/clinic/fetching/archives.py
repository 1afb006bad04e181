"""Archives made for the tests: what an Orthanc and a DICOMweb server answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.uid import UID
from tests.archive_sources.dicomweb_server import Asked, Reply, multipart, value
from tests.clinic.dose.reports import acquisition, report
from tests.score.made import phantom, write_dicom

NOW = "20261126T110000"
DAY = "20261125"
TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.33"


@dataclass
class Stored:
    """A series in an archive."""

    uid: str
    files: list[bytes]
    modality: str = "CT"
    is_stable: bool = True
    facts: dict[str, Any] = field(default_factory=dict)
    study: str = "9"

    @property
    def identifier(self) -> str:
        """What Orthanc calls it."""
        return orthanc_id(f"{self.study} {self.uid}")

    def instances(self) -> list[tuple[str, str]]:
        """SOP Instance UID and SOP class of each file."""
        found = [dcmread(BytesIO(each), stop_before_pixels=True) for each in self.files]
        return [(str(each.SOPInstanceUID), str(each.SOPClassUID)) for each in found]


def orthanc_id(text: str) -> str:
    digits = text.encode().hex().rjust(40, "0")[-40:]
    return "-".join(digits[start : start + 8] for start in range(0, 40, 8))


def images(folder: Path, uid: str, number: int = 3) -> Stored:
    """A CT series."""
    folder.mkdir(exist_ok=True)
    files = []
    for index in range(number):
        facts = {"SeriesInstanceUID": uid, "SOPInstanceUID": f"{uid}.{index + 1}"}
        file = write_dicom(folder / f"{uid}.{index}", phantom(), index, **facts)
        files.append(file.read_bytes())
    return Stored(uid, files)


def reports(uid: str, event: str = "1.2.826.0.1.5", sop_class: str | None = None) -> Stored:
    """A series with a dose report, or another structured report."""
    made = report(acquisition(event))
    made.SeriesInstanceUID, made.SOPInstanceUID = UID(uid), UID(f"{uid}.1")
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    if sop_class is not None:
        made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    data = BytesIO()
    made.save_as(data, enforce_file_format=True)
    return Stored(uid, [data.getvalue()], "SR")


def as_json(content: Any) -> Reply:
    return Reply(body=json.dumps(content).encode(), media="application/json")


class FakeOrthanc:
    """Answers as Orthanc does, and counts files that were sent."""

    def __init__(self, *series: Stored) -> None:
        self.series = {each.identifier: each for each in series}
        self.changes: list[dict[str, Any]] = []
        self.sent: list[str] = []
        self.page = 1000
        for each in series:
            self.tell(each)

    def tell(self, series: Stored, kind: str = "StableSeries", date: str = NOW) -> None:
        """Add a change, after one of another kind for each instance."""
        for change in [*["NewInstance"] * len(series.files), kind]:
            row = {"ChangeType": change, "Date": date, "ID": series.identifier}
            self.changes.append({**row, "Seq": len(self.changes) + 1})

    def add(self, series: Stored, kind: str = "StableSeries", date: str = NOW) -> None:
        self.series[series.identifier] = series
        self.tell(series, kind, date)

    def answer(self, asked: Asked) -> Reply:
        parts = asked.path.strip("/").split("/")
        if parts[0] == "changes":
            return as_json(self._changes(asked))
        if parts[0] == "series" and parts[1] in self.series:
            found = self.series[parts[1]]
            return as_json(_listed(found) if parts[2:] else _series(found))
        if parts[0] == "instances":
            return self._instance(parts)
        return Reply(404)

    def _changes(self, asked: Asked) -> dict[str, Any]:
        newest = len(self.changes)
        if "since" not in asked.query:
            return {"Changes": self.changes[-1:], "Done": True, "Last": newest}
        since, limit = int(asked.first("since")), min(int(asked.first("limit")), self.page)
        rows = self.changes[since : since + limit]
        last = rows[-1]["Seq"] if rows else newest
        return {"Changes": rows, "Done": since + limit >= newest, "Last": last}

    def _instance(self, parts: Sequence[str]) -> Reply:
        for series in self.series.values():
            for (uid, sop_class), data in zip(series.instances(), series.files, strict=True):
                if orthanc_id(uid) == parts[1]:
                    if parts[2] == "metadata":
                        return Reply(body=sop_class.encode(), media="text/plain")
                    self.sent.append(uid)
                    return Reply(body=data, media="application/dicom")
        return Reply(404)


def _series(series: Stored) -> dict[str, Any]:
    return {
        "MainDicomTags": {"Modality": series.modality, "SeriesInstanceUID": series.uid},
        "Instances": [orthanc_id(uid) for uid, _ in series.instances()],
        "IsStable": series.is_stable,
        **series.facts,
    }


def _listed(series: Stored) -> list[dict[str, Any]]:
    return [
        {"ID": orthanc_id(uid), "MainDicomTags": {"SOPInstanceUID": uid}}
        for uid, _ in series.instances()
    ]


class FakeWeb:
    """Answers as a DICOMweb server does, and names series that were sent."""

    def __init__(self, *series: Stored) -> None:
        self.series = list(series)
        self.sent: list[str] = []

    def answer(self, asked: Asked) -> Reply:
        parts = asked.path.strip("/").split("/")
        if parts == ["series"]:
            return self._series(asked)
        [series] = [
            each for each in self.series if [f"{each.uid}.{each.study}", each.uid] == parts[1:4:2]
        ]
        files = dict(zip((uid for uid, _ in series.instances()), series.files, strict=True))
        if parts[4:] == ["instances"]:
            return _page(asked, [_row(*each) for each in series.instances()])
        self.sent.append(series.uid)
        return multipart([files[parts[5]]] if parts[4:] else series.files)

    def _series(self, asked: Asked) -> Reply:
        rows = [
            {
                "0020000D": value("UI", f"{each.uid}.{each.study}"),
                "0020000E": value("UI", each.uid),
                "00080020": value("DA", DAY),
                "00080060": value("CS", each.modality),
                "00201209": value("IS", len(each.files)),
                **each.facts,
            }
            for each in self.series
            if each.modality == asked.first("Modality") and asked.first("StudyDate") == DAY
        ]
        return _page(asked, rows)


def _row(uid: str, sop_class: str) -> dict[str, Any]:
    return {"00080018": value("UI", uid), "00080016": value("UI", sop_class)}


def _page(asked: Asked, rows: Sequence[Any]) -> Reply:
    offset, limit = int(asked.first("offset", "0")), int(asked.first("limit", "100000"))
    part = rows[offset : offset + limit]
    return Reply(body=json.dumps(part).encode()) if part else Reply(204)
