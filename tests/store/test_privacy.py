"""No store holds the name, number or birth date of a patient, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, create_engine, select
from tests.score.made import phantom, write_dicom
from tests.store import made

from ctiqa.errors import Reason, UsageError
from ctiqa.io import find_scans
from ctiqa.score.report.report import Report
from ctiqa.store import Run, Store, open_store
from ctiqa.store.database.address import parse_address
from ctiqa.types import ScanScore, Skipped, SliceScore

NAME = "Zeppelin^Quintus"
NUMBER = "4711-23-815"
IDENTITY: dict[str, Any] = {
    "PatientName": NAME,
    "PatientID": NUMBER,
    "PatientBirthDate": "19550203",
}
PLANTED = ("zeppelin", "quintus", "4711", "815", "1955", "03.02", "50302", "1.2.826.0.77")
"""Parts of what identifies the patient; the last one is of a UID."""

TEXTS = (
    *("ProtocolName", "SeriesDescription", "StationName", "ConvolutionKernel", "BodyPartExamined"),
    *("Manufacturer", "ManufacturerModelName", "StudyDescription", "ImageComments"),
)


def contents(address: str) -> Iterator[tuple[str, str]]:
    """Everything that stands in any table of a database."""
    engine = create_engine(parse_address(address).url)
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            for row in connection.execute(select(table)):
                for name, value in row._asdict().items():
                    yield f"{table.name}.{name}", str(value).casefold()
    engine.dispose()


def planted(address: str, texts: tuple[str, ...] = PLANTED) -> list[tuple[str, str]]:
    """Where a part of the identity stands; hashes and times have digits of their own."""
    random = ("secret", "run", "id", "input", "stored", "started", "ended", "content", "digest")
    return [
        (where, value)
        for where, value in contents(address)
        if not where.endswith(random) and any(text in value for text in texts)
    ]


def scored(folder: Path) -> Report:
    """A report of what is in a folder, as if it had been scored."""
    found = find_scans([folder])
    assert found.scans
    scans = [
        ScanScore(scan, 3.0, None, tuple(SliceScore(each, 3.0, None) for each in scan.headers))
        for scan in found.scans
    ]
    return Report(made.MODEL, tuple(scans), found.skipped)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("uids", ["plain", "hashed"])
@pytest.mark.parametrize(
    "text",
    [NAME, "Zeppelin", "QUINTUS", "Zeppelin, Quintus", NUMBER, "4711", "19550203", "*03.02.1955"],
)
def test_an_identity_in_any_text_is_left_out(
    address: str, tmp_path: Path, uids: Any, text: str
) -> None:
    texts: dict[str, Any] = dict.fromkeys(TEXTS[:3], text)
    series: dict[str, Any] = {"SeriesInstanceUID": "1.2.826.0.77"} if uids == "hashed" else {}
    write_dicom(tmp_path / "in" / "a.dcm", phantom(), **IDENTITY, **texts, **series)
    with open_store(address, uids=uids) as store:
        assert store.add(scored(tmp_path / "in"), Run()) == 1
    assert not planted(address)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("keyword", TEXTS)
def test_a_name_with_its_separator_is_left_out_everywhere(
    address: str, tmp_path: Path, keyword: str
) -> None:
    write_dicom(tmp_path / "in" / "a.dcm", phantom(), **{**IDENTITY, keyword: NAME})
    with open_store(address) as store:
        store.add(scored(tmp_path / "in"), Run())
    assert not planted(address)


def test_paths_are_not_kept(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "Zeppelin_Quintus_1955"
    write_dicom(folder / "4711.dcm", phantom(), **IDENTITY)
    (folder / "Zeppelin.txt").write_text("x", encoding="utf-8")
    report = scored(folder)
    assert len(report.skipped) == 1
    with open_store(address) as store:
        store.add(report, Run())
        assert store.skipped().height == 1
    assert not planted(address)


def test_a_series_named_after_its_file_is_named_after_its_content(store: Store) -> None:
    """NIfTI files have no UID."""
    store.add(made.report(made.scan_score("Zeppelin.nii.gz")), Run())
    (found,) = store.scans().to_dicts()
    assert found["series_uid"] == f"file-{found['content'][:32]}"


def test_details_of_skipped_files_are_not_kept(address: str) -> None:
    skipped = Skipped(Path("a.dcm"), Reason.CORRUPT, "Zeppelin was here")
    with open_store(address) as store:
        store.add(made.report(skipped=[skipped]), Run())
    assert not planted(address)


def test_hashed_uids(address: str) -> None:
    with open_store(address, uids="hashed") as store:
        report = made.report(made.scan_score("1.2.3"), made.scan_score("1.2.3#2"))
        store.add(report, Run(), keys=[made.key("1.2.3"), made.key("1.2.3#2")])
        assert store.add(report, Run(), keys=[made.key("1.2.3"), made.key("1.2.3#2")]) == 0
        assert store.has(made.key("1.2.3"))
        frame = store.scans()
        assert frame["series_uid"].n_unique() == 2
        assert not {"1.2.3", "c0"} & {*frame["series_uid"], *frame["content"]}
        by_uid = store.slices("1.2.3")
        assert by_uid.height == 3
        assert store.slices(by_uid["series_uid"][0]).equals(by_uid)


def test_every_store_hashes_in_its_own_way(tmp_path: Path) -> None:
    names = set()
    for number in range(2):
        with open_store(tmp_path / f"{number}.sqlite", uids="hashed") as store:
            store.add(made.report(made.scan_score("1.2.3")), Run())
            names |= {*store.scans()["series_uid"], store.input_id("a.dcm")}
    assert len(names) == 4


@pytest.mark.parametrize(
    ("dates", "kept"), [("day", date(2026, 11, 26)), ("month", date(2026, 11, 1)), ("none", None)]
)
def test_days_are_kept_as_far_as_wanted(address: str, dates: Any, kept: date | None) -> None:
    with open_store(address, dates=dates) as store:
        store.add(made.report(made.scan_score()), Run())
        assert store.scans()["study_day"].to_list() == [kept]


def test_choices_are_kept_and_no_others_are_accepted(address: str) -> None:
    open_store(address, uids="hashed", dates="month").close()
    with open_store(address) as store:
        assert (store.uids, store.dates) == ("hashed", "month")
    open_store(address, uids="hashed", dates="month").close()
    with pytest.raises(UsageError, match=r"'uids' of .* is 'hashed' .*, got 'plain'"):
        open_store(address, uids="plain")
    with pytest.raises(UsageError, match=r"'dates' of .* is 'month' .*, got 'day'"):
        open_store(address, dates="day")


@pytest.mark.parametrize("wrong", [{"uids": "secret"}, {"dates": "year"}])
def test_other_choices_are_refused_before_anything_is_made(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="must be one of"):
        open_store(tmp_path / "ct.sqlite", **wrong)
    assert not list(tmp_path.iterdir())
