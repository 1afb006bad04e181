"""The scorer: what waits is scored, once, with the numbers of the command line."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from sqlalchemy import select, text
from tests.clinic.keeping.made import names, received
from tests.clinic.scoring.conftest import Office
from tests.io.make import PATIENT, phantom, write_enhanced

from ctiqa.archive.survey import survey
from ctiqa.cli.app import run as command
from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.records.jobs import Job
from ctiqa.score.scorer import Scorer
from ctiqa.store import open_store
from ctiqa.store.database.clinic_tables import exposures


def settled(office: Office, series: str) -> Job:
    """The job of a series."""
    job = office.jobs.get(series)
    assert job is not None
    return job


def test_results_are_those_of_the_command_line(office: Office, model: Path, tmp_path: Path) -> None:
    office.receive("1.2.3", 3, IrradiationEventUID=["1.9.1", "1.9.2"])
    office.receive("1.2.4", 2, first=5)
    office.run_all()
    with open_store(tmp_path / "survey.sqlite") as surveyed:
        survey([office.spool.series], surveyed, scorer=Scorer(model, jobs=1))
        assert office.store.digest() == surveyed.digest()
    assert office.store.scans().height == 2
    made = tmp_path / "made"
    series = [str(office.spool.series)]
    options = ["--model", str(model), "--sr", str(made), "--pdf", str(made), "--quiet"]
    assert command(["score", *series, *options, "--out", str(tmp_path / "report.json")]) == 0
    for name in names(made):
        assert (office.spool.out / name).read_bytes() == (made / name).read_bytes()
    assert len(names(made)) == len(names(office.spool.out)) == 4
    deliveries = Deliveries(office.store).of_series("1.2.3")
    wanted = sorted((each.target, each.kind) for each in deliveries)
    assert wanted == [("archive", "pdf"), ("archive", "sr"), ("pacs", "sr")]
    assert {each.file for each in deliveries} <= set(names(office.spool.out))
    with office.store.reading() as connection:
        found = connection.execute(select(exposures)).all()
    assert sorted(found) == [("1.2.3", "1.9.1"), ("1.2.3", "1.9.2")]


def test_nothing_names_the_patient(office: Office) -> None:
    office.receive("1.2.3", 1)
    office.run_all()
    assert office.store.scans().height == 1
    with office.store.reading() as connection:
        for table in ("jobs", "health", "deliveries", "scans", "slices", "runs", "skipped"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
            assert PATIENT.split("^")[0] not in repr(rows)
    [sign] = [each for each in Health(office.store).signs() if each.part == "scorer-1"]
    assert sign.is_well


def test_the_same_again_is_not_scored_and_more_is_scored_again(office: Office) -> None:
    office.receive("1.2.3", 2)
    office.run_all()
    first = names(office.spool.out)
    office.receive("1.2.3", 2)
    assert office.left() == 0
    office.receive("1.2.3", 1, first=2)
    assert office.left() == 1
    office.run_all()
    scans = office.store.scans()
    assert sorted(scans["n_judged"] + scans["n_unjudged"]) == [2, 3]
    assert sorted(scans["current"]) == [False, True]
    assert set(first) < set(names(office.spool.out))
    assert Deliveries(office.store).counts()["waiting"] == 6


def test_what_is_scored_once_more_is_stored_and_sent_once(office: Office) -> None:
    office.receive("1.2.3", 2)
    office.run_all()
    before = office.store.digest(), names(office.spool.out), Deliveries(office.store).counts()
    assert office.jobs.try_again("1.2.3")
    office.run_all()
    assert before == (
        office.store.digest(),
        names(office.spool.out),
        Deliveries(office.store).counts(),
    )


def test_images_of_several_patients_are_never_scored(office: Office) -> None:
    office.receive("1.2.3", 2)
    office.receive("1.2.3", 1, first=2, PatientID="ANOTHER^ONE")
    office.receive("1.2.4", 2)
    office.receive("1.2.4", 1, first=2, StudyInstanceUID="1.2.840.2")
    # Padding is no other name.
    office.receive("1.2.5", 1)
    office.receive("1.2.5", 1, first=1, PatientName=f"{PATIENT}^^")
    office.run_all()
    aside = {each.series: each for each in office.jobs.listed("aside")}
    assert sorted(aside) == ["1.2.3", "1.2.4"]
    assert {each.reason for each in aside.values()} == {"mixed_patients"}
    assert "PatientID" in str(aside["1.2.3"].detail)
    assert "StudyInstanceUID" in str(aside["1.2.4"].detail)
    assert not any("ANOTHER" in str(each.detail) for each in aside.values())
    assert list(office.store.scans()["series_uid"]) == ["1.2.5"]
    assert Deliveries(office.store).of_series("1.2.3") == []
    assert len(names(office.spool.series / "1.2.3")) == 3
    # Once the wrong image is gone, it can be tried again.
    (office.spool.series / "1.2.3" / "1.2.3.3.dcm").unlink()
    assert office.jobs.try_again("1.2.3")
    office.run_all()
    assert settled(office, "1.2.3").state == "done"
    assert office.store.scans().height == 2


def test_a_series_without_a_score_is_done_with_its_reason(office: Office) -> None:
    office.receive("1.2.3", 2, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    office.receive("1.2.4", 1)
    for file in (office.spool.series / "1.2.4").iterdir():
        file.unlink()
    office.run_all()
    scout, gone = settled(office, "1.2.3"), settled(office, "1.2.4")
    assert (scout.state, scout.reason) == ("done", "localizer")
    assert scout.detail == "none of 2 images can be scored: 2 localizer"
    assert (gone.state, gone.reason) == ("done", "no_files")
    assert office.store.scans().height == 0
    assert sorted(office.store.skipped()["reason"]) == ["localizer"] * 2
    assert names(office.spool.out) == []


def test_many_frames_in_a_file_are_scored_as_well(office: Office, tmp_path: Path) -> None:
    frames = [phantom(seed=seed) for seed in (1, 2)]
    file = write_enhanced(tmp_path / "a.dcm", frames, slopes=[1, 1], z_mm=[0, 5])
    image = dcmread(file)
    image.SeriesInstanceUID, image.StudyInstanceUID = "1.2.3", "1.2.840.1"
    image.SOPInstanceUID = "1.2.3.1"
    event = Dataset()
    event.IrradiationEventUID = "1.9.3"
    image.SharedFunctionalGroupsSequence[0].IrradiationEventIdentificationSequence = [event]
    image.save_as(file)
    received(office.spool, file)
    office.keep()
    office.run_all()
    assert settled(office, "1.2.3").reason is None
    [count] = office.store.scans()["n_judged"]
    assert count == 2
    with office.store.reading() as connection:
        assert connection.execute(select(exposures)).all() == [("1.2.3", "1.9.3")]
