"""Dose of events reaches the scans that they made, in whatever order both come."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.clinic.dose.reports import HEAD, STUDY, acquisition, report, write
from tests.store.made import MEASURED, key, scan_score, slice_score
from tests.store.made import report as results

from ctiqa.clinic.dose import collect, collect_doses
from ctiqa.clinic.records.dose_values import DoseEvent, SeriesDose, series_dose
from ctiqa.clinic.records.doses import Doses
from ctiqa.clinic.records.exposures import Exposures
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.errors import OutputError
from ctiqa.store import Run, open_store
from ctiqa.store.database.faults import RowError
from ctiqa.store.store import Store
from ctiqa.types import ScanScore

EVENT = "1.2.826.0.1.5"

SSDE = 12.560
"""3.704369 · exp(−0.03671937 · 24.05) · 8.2 mGy, computed by hand."""


@pytest.fixture
def spool(tmp_path: Path) -> SpoolFolder:
    found = SpoolFolder(tmp_path / "spool")
    found.prepare()
    return found


def without_dose(
    uid: str = "1.2.3", regions: tuple[str | None, ...] = ("chest",) * 3, **facts: object
) -> ScanScore:
    """A scan whose header states no dose, unless told otherwise."""
    known = {"ctdivol_mgy": None, "ctdi_phantom_cm": None, **facts}
    slices = []
    for index, region in enumerate(regions):
        made = slice_score(index, 3.0, region=region)
        acquired = replace(made.header.acquisition, **known)  # type: ignore[arg-type]
        slices.append(replace(made, header=replace(made.header, acquisition=acquired)))
    return scan_score(uid, slices=tuple(slices), physics=replace(MEASURED, ssde_mgy=None))


def add(store: Store, scan: ScanScore, *events: str) -> None:
    """As the keeper and a scorer do."""
    series = scan.scan.series_uid.partition("#")[0]
    Exposures(store).record(store.privacy.uid(series), map(store.privacy.uid, events))
    store.add(results(scan), Run("listen"), keys=[key(scan.scan.series_uid)])


def dose(store: Store) -> list[tuple[Any, Any, Any]]:
    rows = store.scans().sort("series_uid")
    return list(rows.select("ctdivol_mgy", "ctdi_phantom_cm", "ssde_mgy").iter_rows())


def test_a_report_may_come_after_the_images(store: Store, spool: SpoolFolder) -> None:
    add(store, without_dose(), EVENT)
    assert collect_doses(spool, store) == 0
    assert dose(store) == [(None, None, None)]
    write(report(acquisition(EVENT)), spool.dose / "1.2.dcm")
    assert collect_doses(spool, store) == 1
    assert dose(store) == [(8.2, 32.0, pytest.approx(SSDE, abs=0.002))]
    assert list(spool.dose.iterdir()) == []


def test_a_report_may_come_before_the_images(store: Store, spool: SpoolFolder) -> None:
    write(report(acquisition(EVENT)), spool.dose / "1.2.dcm")
    assert collect_doses(spool, store) == 1
    add(store, without_dose(), EVENT)
    assert collect_doses(spool, store) == 0
    assert dose(store) == [(8.2, 32.0, pytest.approx(SSDE, abs=0.002))]


def test_many_scans_may_come_between_two_calls(store: Store) -> None:
    doses = Doses(store)
    doses.record(STUDY, [DoseEvent(f"1.2.{n}.9", 5.0, 50.0, 32.0) for n in range(230)])
    for n in range(230):
        add(store, without_dose(f"1.2.{n}"), f"1.2.{n}.9")
    assert doses.join_new() == 230
    assert doses.join_new() == 0
    add(store, without_dose("1.3"), "1.2.7.9")
    assert doses.join_new() == 1


def test_join_completes_everything_once(store: Store) -> None:
    doses = Doses(store)
    doses.record(STUDY, [DoseEvent(EVENT, 8.2, 287.4, 32.0)])
    add(store, without_dose(), EVENT)
    add(store, without_dose("1.2.4"))
    assert (doses.join(), doses.join()) == (1, 0)
    assert [each[0] for each in dose(store)] == [8.2, None]


def test_hashed_stores_join_too(tmp_path: Path) -> None:
    with open_store(tmp_path / "hashed.sqlite", uids="hashed") as store:
        add(store, without_dose(), EVENT)
        Doses(store).record(STUDY, [DoseEvent(EVENT, 8.2, 287.4, 32.0)])
        assert Doses(store).join() == 1
    data = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert EVENT.encode() not in data
    assert STUDY.encode() not in data


def test_parts_of_a_series_have_its_dose(store: Store) -> None:
    add(store, without_dose("1.2.3#2"), EVENT)
    doses = Doses(store)
    doses.record(STUDY, [DoseEvent(EVENT, 8.2, 287.4, 32.0)])
    assert doses.join_new([EVENT]) == 1


def test_values_of_the_header_stay(store: Store) -> None:
    add(store, without_dose(ctdivol_mgy=10.0, ctdi_phantom_cm=32.0), EVENT)
    add(store, without_dose("1.2.4", ctdivol_mgy=10.0), EVENT)
    add(store, without_dose("1.2.5", ctdivol_mgy=17.0), EVENT)
    add(store, without_dose("1.2.6", ctdi_phantom_cm=16.0), EVENT)
    doses = Doses(store)
    doses.record(STUDY, [DoseEvent(EVENT, 8.2, 287.4, 32.0)])
    assert doses.join() == 1
    assert dose(store) == [
        (10.0, 32.0, None),
        (10.0, 32.0, pytest.approx(SSDE * 10 / 8.2, abs=0.01)),
        (17.0, None, None),
        (None, 16.0, None),
    ]


@pytest.mark.parametrize(
    ("regions", "body_part", "has_ssde"),
    [
        (("chest", "abdomen", "pelvis"), "HEAD", True),
        (("head", "head", "head"), "CHEST", False),
        (("head", "chest", "chest"), "CHEST", False),
        ((None, None, None), "CHEST", True),
        ((None, None, None), "HEAD", False),
        ((None, None, None), None, False),
    ],
)
def test_only_the_trunk_has_an_ssde(
    store: Store, regions: tuple[str | None, ...], body_part: str | None, has_ssde: bool
) -> None:
    add(store, without_dose(regions=regions, body_part=body_part), EVENT)
    doses = Doses(store)
    doses.record(STUDY, [DoseEvent(EVENT, 8.2, 287.4, 32.0)])
    assert doses.join() == 1
    [(ctdivol, _, ssde)] = dose(store)
    assert ctdivol == 8.2
    assert (ssde is not None) == has_ssde


@pytest.mark.parametrize("diameter_mm", [None, 500.0])
def test_no_ssde_for_an_unknown_size(store: Store, diameter_mm: float | None) -> None:
    scan = without_dose()
    sized = replace(MEASURED, ssde_mgy=None, water_equivalent_diameter_mm=diameter_mm)
    add(store, replace(scan, physics=sized), EVENT)
    doses = Doses(store)
    doses.record(STUDY, [DoseEvent(EVENT, 8.2, 287.4, 32.0)])
    assert doses.join() == 1
    assert dose(store) == [(8.2, 32.0, None)]


def test_a_phantom_that_comes_later_completes_the_scan(store: Store) -> None:
    add(store, without_dose(), EVENT)
    doses = Doses(store)
    assert doses.record(STUDY, [DoseEvent(EVENT, 8.2)]) == 1
    assert doses.join_new([EVENT]) == 1
    assert dose(store) == [(8.2, None, None)]
    assert doses.record(STUDY, [DoseEvent(EVENT, None, 287.4, 32.0)]) == 1
    assert doses.join_new([EVENT]) == 1
    assert dose(store) == [(8.2, 32.0, pytest.approx(SSDE, abs=0.002))]
    assert doses.record(STUDY, [DoseEvent(EVENT, 8.2, 287.4, 32.0)]) == 0


def test_a_series_waits_for_all_its_events(store: Store) -> None:
    add(store, without_dose(), "1.5.1", "1.5.2")
    doses = Doses(store)
    doses.record(STUDY, [DoseEvent("1.5.1", 8.0, 80.0, 32.0)])
    assert doses.join_new(["1.5.1"]) == 0
    doses.record(STUDY, [DoseEvent("1.5.2", 12.0, 480.0, 32.0)])
    assert doses.join_new(["1.5.2"]) == 1
    assert dose(store)[0][0] == 12.0


def test_events_count_by_their_length() -> None:
    long, short = DoseEvent("1.1", 8.0, 320.0, 32.0), DoseEvent("1.2", 12.0, 60.0, 32.0)
    assert series_dose([long, short]) == SeriesDose(8.0, 32.0)
    assert series_dose([long, replace(short, dlp_mgy_cm=None)]) == SeriesDose(10.0, 32.0)
    assert series_dose([long, replace(short, dlp_mgy_cm=480.0)]) == SeriesDose(10.0, 32.0)
    assert series_dose([long, replace(short, ctdi_phantom_cm=None)]) == SeriesDose(8.0, None)


@pytest.mark.parametrize("other", [{"ctdi_phantom_cm": 16.0}, {"ctdivol_mgy": None}])
def test_events_that_cannot_be_compared_give_no_dose(other: dict[str, float | None]) -> None:
    first = DoseEvent("1.1", 8.0, 320.0, 32.0)
    assert series_dose([first, replace(first, **other)]) is None  # type: ignore[arg-type]
    assert series_dose([]) is None


def test_killed_before_the_report_is_removed_it_is_read_again(
    store: Store, spool: SpoolFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, without_dose(), EVENT)
    write(report(acquisition(EVENT)), spool.dose / "1.2.dcm")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", _killed)
        with pytest.raises(KeyboardInterrupt):
            collect_doses(spool, store)
    before = (dose(store), store.digest())
    assert collect_doses(spool, store) == 1
    assert (dose(store), store.digest()) == before
    assert list(spool.dose.iterdir()) == []


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_report_stays_while_the_database_is_down(
    store: Store, spool: SpoolFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, without_dose(), EVENT)
    file = write(report(acquisition(EVENT)), spool.dose / "1.2.dcm")
    with monkeypatch.context() as patched:
        patched.setattr(Doses, "join_new", _down)
        with pytest.raises(OutputError):
            collect_doses(spool, store)
    assert file.exists()
    assert collect_doses(spool, store) == 1
    assert dose(store)[0][0] == 8.2


def _down(*_: object) -> int:
    raise OutputError("the store closed the connection")


def test_what_the_database_refuses_is_set_aside_and_others_go_on(
    store: Store, spool: SpoolFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, without_dose(), EVENT)
    write(report(acquisition("1.2.1")), spool.dose / "1.1.dcm")
    write(report(acquisition(EVENT)), spool.dose / "1.2.dcm")
    record = Doses.record

    def refuses(doses: Doses, study: str, events: Sequence[Any]) -> Any:
        if events[0].event == "1.2.1":
            raise RowError("the store refuses a value of this result")
        return record(doses, study, events)

    monkeypatch.setattr(Doses, "record", refuses)
    assert collect_doses(spool, store) == 2
    assert dose(store)[0][0] == 8.2
    assert sorted(each.name for each in spool.aside.iterdir()) == ["1.1.dcm", "1.1.txt"]
    assert "refuses a value" in (spool.aside / "1.1.txt").read_text(encoding="utf-8")


def test_what_cannot_be_read_is_set_aside(
    store: Store, spool: SpoolFolder, caplog: pytest.LogCaptureFixture
) -> None:
    (spool.dose / "1.7.dcm").write_bytes(b"Doe^Jane" * 100)
    write(report(acquisition("1.2.1"), root="126000"), spool.dose / "1.8.dcm")
    write(report(acquisition(EVENT, "5000", phantom=HEAD)), spool.dose / "1.9.dcm")
    with caplog.at_level(logging.WARNING, "ctiqa.clinic"):
        assert collect_doses(spool, store) == 3
    assert collect_doses(spool, store) == 0
    assert sorted(each.name for each in spool.aside.iterdir()) == [
        "1.7.dcm",
        "1.7.txt",
        "1.8.dcm",
        "1.8.txt",
    ]
    assert (spool.aside / "1.8.txt").read_text().startswith("not_ct: ")
    assert "Mean CTDIvol must be 0.001 to 1000 mGy, got 5000" in caplog.text
    assert "Doe" not in caplog.text


def test_few_files_are_read_at_a_time(
    store: Store, spool: SpoolFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "MOST_FILES", 2)
    for n in range(3):
        write(report(acquisition(f"1.2.{n}")), spool.dose / f"1.{n}.dcm")
    assert [collect_doses(spool, store) for _ in range(3)] == [2, 1, 0]
