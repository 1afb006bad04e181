"""Dose reports are read as they are, and nothing in them is assumed."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian
from tests.clinic.dose.reports import (
    HEAD,
    STUDY,
    acquisition,
    container,
    item,
    number,
    report,
    write,
)

from ctiqa.clinic.dose import content
from ctiqa.clinic.dose import report as reading
from ctiqa.clinic.dose.report import DoseReport, read_dose_report
from ctiqa.clinic.records.dose_values import DoseEvent
from ctiqa.errors import Reason, RefusedError


def read(tmp_path: Path, *items: Dataset) -> DoseReport:
    return read_dose_report(write(report(*items), tmp_path / "dose.dcm"))


def test_all_events_are_read_with_their_phantom(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        number("113813", "900", "mGy.cm"),
        acquisition("1.2.1"),
        acquisition("1.2.2", "45.5", "700", phantom=HEAD),
    )
    assert found == DoseReport(
        STUDY,
        (
            DoseEvent("1.2.1", 8.2, 287.4, 32.0, 350.5, 1.2, 120.0),
            DoseEvent("1.2.2", 45.5, 700.0, 16.0, 350.5, 1.2, 120.0),
        ),
    )


@pytest.mark.parametrize("unit", ["mGy.cm", "mGycm", "mGy*cm"])
def test_variants_of_the_unit_of_dlp_are_the_same(tmp_path: Path, unit: str) -> None:
    [event] = read(tmp_path, acquisition("1.2.1", dlp_unit=unit)).events
    assert event.dlp_mgy_cm == pytest.approx(287.4)


def test_other_units_are_converted_and_unknown_ones_left_out(tmp_path: Path) -> None:
    converted = acquisition("1.2.1", "0.82", unit="cGy")
    unknown = acquisition("1.2.2", "8.2", unit="mSv", dlp_unit="mGy")
    first, second = (found := read(tmp_path, converted, unknown)).events
    assert first.ctdivol_mgy == pytest.approx(8.2)
    assert (second.ctdivol_mgy, second.dlp_mgy_cm) == (None, None)
    assert found.left_out == (
        "event 2: Mean CTDIvol must be in mGy, and is not",
        "event 2: DLP must be in mGy.cm, and is not",
    )


def test_a_value_without_unit_is_left_out(tmp_path: Path) -> None:
    event = acquisition("1.2.1", None)
    bare = number("113830", "8.2", "mGy")
    del bare.MeasuredValueSequence[0].MeasurementUnitsCodeSequence
    event.ContentSequence.append(bare)
    found = read(tmp_path, event)
    assert found.events[0].ctdivol_mgy is None
    assert found.left_out == ("event 1: Mean CTDIvol must be in mGy, and is not",)


def test_zero_is_unknown(tmp_path: Path) -> None:
    found = read(tmp_path, acquisition("1.2.1", "0", "0.0"))
    assert (found.events[0].ctdivol_mgy, found.events[0].dlp_mgy_cm) == (None, None)
    assert not found.left_out


@pytest.mark.parametrize("value", ["-8.2", "1001", "1e30"])
def test_values_that_cannot_be_are_left_out(tmp_path: Path, value: str) -> None:
    found = read(tmp_path, acquisition("1.2.1", value))
    assert found.events[0].ctdivol_mgy is None
    assert "must be 0.001 to 1000 mGy" in found.left_out[0]


def test_contradictions_are_left_out(tmp_path: Path) -> None:
    twice = acquisition("1.2.1", more=[number("113830", "9.9", "mGy")])
    found = read(tmp_path, twice, acquisition("1.2.1", "3.0"))
    assert [each.ctdivol_mgy for each in found.events] == [None]
    assert found.left_out == (
        "event 1: Mean CTDIvol is stated with different values",
        "event 2: its Irradiation Event UID is that of another one",
    )


@pytest.mark.parametrize("event", [None, "", "../../evil"])
def test_an_event_without_uid_does_not_stop_the_others(tmp_path: Path, event: str | None) -> None:
    with warnings.catch_warnings(action="ignore"):
        made = acquisition(event)
    found = read(tmp_path, made, acquisition("1.2.2"))
    assert [each.event for each in found.events] == ["1.2.2"]
    assert "no Irradiation Event UID" in found.left_out[0]


def test_an_unknown_phantom_is_unknown(tmp_path: Path) -> None:
    found = read(tmp_path, acquisition("1.2.1", phantom="999"), acquisition("1.2.2", phantom=None))
    assert [each.ctdi_phantom_cm for each in found.events] == [None, None]


def test_events_in_inner_containers_are_found(tmp_path: Path) -> None:
    found = read(tmp_path, container("126000", container("126001", acquisition("1.2.1"))))
    assert [each.event for each in found.events] == ["1.2.1"]


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    inner = item("TEXT", "1", TextValue="x")
    for _ in range(content.MOST_DEEP + 1):
        inner = container("126000", inner)
    with pytest.raises(RefusedError, match="nested deeper than 16 levels"):
        read(tmp_path, inner)


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    root = report()
    del root.ContentSequence
    opened = b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    file = write(root, tmp_path / "a.dcm")
    file.write_bytes(file.read_bytes() + 50_000 * opened)
    with pytest.raises(RefusedError) as refused:
        read_dose_report(file)
    assert refused.value.reason is Reason.CORRUPT


def test_too_many_items_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MOST_ITEMS", 20)
    read(tmp_path, acquisition("1.2.1"))
    with pytest.raises(RefusedError, match="more than 20 content items"):
        read(tmp_path, acquisition("1.2.1"), acquisition("1.2.2"))


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 1000)
    with pytest.raises(RefusedError) as refused:
        read(tmp_path, acquisition("1.2.1"))
    assert refused.value.reason is Reason.TOO_LARGE


def test_a_report_of_fluoroscopy_has_no_events(tmp_path: Path) -> None:
    assert read(tmp_path, container("113706", number("113738", "1", "Gy"))).events == ()


@pytest.mark.parametrize("root", ["126000", "111036"])
def test_another_structured_report_is_refused(tmp_path: Path, root: str) -> None:
    file = write(report(acquisition("1.2.1"), root=root), tmp_path / "a.dcm")
    with pytest.raises(RefusedError) as refused:
        read_dose_report(file)
    assert refused.value.reason is Reason.NOT_CT


def test_a_report_without_study_is_refused(tmp_path: Path) -> None:
    file = write(report(acquisition("1.2.1"), study=None), tmp_path / "a.dcm")
    with pytest.raises(RefusedError, match="Study Instance UID"):
        read_dose_report(file)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_other_transfer_syntaxes_are_read(tmp_path: Path, syntax: UID) -> None:
    made = report(acquisition("1.2.1"))
    made.file_meta.TransferSyntaxUID = syntax
    assert read_dose_report(write(made, tmp_path / "a.dcm")).events[0].ctdivol_mgy == 8.2


def test_broken_files_are_refused_or_read_in_part(tmp_path: Path) -> None:
    whole = write(report(acquisition("1.2.1")), tmp_path / "a.dcm").read_bytes()
    broken = tmp_path / "b.dcm"
    for end in range(1, len(whole), 97):
        for data in (whole[:end], whole[:end] + b"\xff" * 8 + whole[end + 8 :]):
            broken.write_bytes(data)
            with suppress(RefusedError):
                events = read_dose_report(broken).events
                assert all(0.001 <= (each.ctdivol_mgy or 1) <= 1000 for each in events)
