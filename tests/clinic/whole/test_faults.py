"""Faults of a whole clinic: nothing that was acknowledged is lost, and all comes back by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage, generate_uid
from tests.clinic.dose.reports import acquisition, report
from tests.clinic.fetching.archives import Stored
from tests.clinic.receiving.tools.objects import encoded
from tests.clinic.receiving.tools.raw import connected, store_bytes
from tests.clinic.whole.clinic import Clinic, wait_for
from tests.clinic.whole.conftest import Ward
from tests.clinic.whole.reading import everything_in, scores_in
from tests.clinic.whole.scanner import Scanner, new_series

from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.jobs import Job, Jobs
from ctiqa.score.scorer import Scorer
from ctiqa.store import open_store
from ctiqa.store.database.clinic_tables import deliveries

FULL = 0xA700

PLANTED = {
    "PatientName": "Zyxwvut^Qwertz",
    "PatientID": "PLANTED-7711",
    "PatientBirthDate": "19031102",
    "PatientAddress": "PLANTEDSTREET 5",
    "PatientComments": "PLANTED comment",
    "OtherPatientNames": "Zyxwvut^Other",
    "ReferringPhysicianName": "Zyxwvut^Referrer",
    "OperatorsName": "Zyxwvut^Operator",
    "RequestingPhysician": "Zyxwvut^Requester",
    "AccessionNumber": "PLANTED99",
}
"""Elements of a header that name somebody."""

NAMES = re.compile("zyxwvut|qwertz|planted|19031102|1903-11-02", re.IGNORECASE)


@pytest.fixture
def it(ward: Ward) -> Clinic:
    """The running clinic."""
    return ward.clinic


@pytest.fixture
def scanner(it: Clinic) -> Scanner:
    """Sends to it."""
    return Scanner(it.port)


def job_of(it: Clinic, series: str) -> Job | None:
    """The job of a series."""
    with open_store(it.address) as store:
        return Jobs(store).get(series)


def wait_for_job(it: Clinic, series: str, is_so: Callable[[Job], bool]) -> Job:
    """Wait until a job is in a state."""
    found: list[Job] = []

    def look() -> bool:
        job = job_of(it, series)
        if job is not None and is_so(job):
            found.append(job)
        return bool(found)

    wait_for(look, f"the job {series}", 180)
    return found[0]


def is_done(job: Job) -> bool:
    """Whether a series is scored."""
    return job.state == "done"


def wait_for_reports(it: Clinic, series: str, number: int = 1) -> list[Dataset]:
    """Wait until the archive has reports on a series."""
    wait_for(lambda: len(it.pacs.of_series(series)) == number, f"{number} reports", 180)
    return it.pacs.of_series(series)


def sent_at_once(it: Clinic) -> None:
    """As if the time until the next try had passed."""
    with open_store(it.address) as store, store.writing() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(sa.update(deliveries).values(next_try=past))


def test_the_report_has_the_patient_and_the_score_and_nothing_else_has_a_name(
    ward: Ward, it: Clinic, scanner: Scanner
) -> None:
    series = scanner.send(new_series(2, **PLANTED))
    [report] = wait_for_reports(it, series)
    assert report.PatientName == PLANTED["PatientName"]
    assert report.PatientID == PLANTED["PatientID"]
    [folder] = [each for each in (it.folder / "spool" / "series").iterdir() if each.name == series]
    [score] = scores_in(report)
    assert score == pytest.approx(Scorer(jobs=1).score(folder).score, abs=0.005)
    wait_for(lambda: "/scan/" in it.page("/scans"), "the scan on its page")
    pages = ["/", "/scans", "/trends", "/health", "/metrics", "/api/v1/scans"]
    pages += re.findall(r'href="(/scan/[^"?]+)"', it.page("/scans"))[:1]
    assert len(pages) == 7
    texts = {page: it.page(page) for page in pages}
    texts |= {name: it.log(name) for name in ("listen", "serve")}
    texts["audit"] = (it.folder / "audit.log").read_text(encoding="utf-8")
    texts["database"] = everything_in(it.address.replace("://", "+psycopg://"))
    texts["names"] = " ".join(str(each) for each in (it.folder / "spool").rglob("*"))
    texts["alerts"] = str(ward.hook.requests)
    assert series in texts["database"]
    assert [name for name, text in texts.items() if NAMES.search(text)] == []


def test_later_instances_are_scored_with_the_rest_and_reported_anew(
    it: Clinic, scanner: Scanner
) -> None:
    images = new_series(3)
    series = scanner.send(images[:2])
    [first] = wait_for_reports(it, series)
    wait_for_job(it, series, is_done)
    scanner.send(images)
    both = wait_for_reports(it, series, 2)
    assert len({each.SOPInstanceUID for each in both}) == 2
    assert first.SOPInstanceUID in {each.SOPInstanceUID for each in both}
    assert sorted(it.slices()[series]) == [2, 3]
    # The same once more is no news.
    before = wait_for_job(it, series, is_done).generation
    scanner.send_once(images, set())
    scanner.send_series()
    assert wait_for_job(it, series, is_done).generation == before
    assert max(it.pacs.times.values()) == 1


def test_images_of_two_patients_are_set_aside_and_nobody_gets_a_report(
    it: Clinic, scanner: Scanner
) -> None:
    images = new_series(2)
    images[1].PatientID = "another"
    series = scanner.send(images)
    job = wait_for_job(it, series, lambda job: job.state == "aside")
    assert job.reason == "mixed_patients"
    assert "PatientID" in str(job.detail)
    assert it.pacs.of_series(series) == []
    assert series not in it.slices()
    assert "differ in PatientID" in it.page("/")


def test_the_same_uid_with_other_pixels_is_kept_and_said(it: Clinic, scanner: Scanner) -> None:
    images = new_series(2)
    series = scanner.send(images)
    before = wait_for_job(it, series, is_done)
    other = images[0]
    other.PixelData = images[1].PixelData
    assert scanner.send_once([other], set()) == [0x0000]
    job = wait_for_job(it, series, lambda job: is_done(job) and job.n_instances == 3)
    assert job.generation > before.generation
    files = [file.name for file in (it.folder / "spool" / "series" / series).iterdir()]
    assert len([name for name in files if str(other.SOPInstanceUID) in name]) == 2


def test_other_objects_are_refused(it: Clinic, scanner: Scanner) -> None:
    images = new_series(1)
    images[0].SOPClassUID = images[0].file_meta.MediaStorageSOPClassUID = MRImageStorage
    acknowledged: set[str] = set()
    scanner.send_once(images, acknowledged)
    assert acknowledged == set()
    assert it.is_listening()


def test_a_network_that_is_cut_leaves_nothing_partial(it: Clinic, scanner: Scanner) -> None:
    images = new_series(2)
    uid = str(images[0].SOPInstanceUID)
    message = store_bytes(uid, encoded(images[0]))
    for share in (0.001, 0.5, 0.999):
        with connected(it.port) as raw:
            raw.associate()
            raw.send(message[: int(len(message) * share)])
    tmp = it.folder / "spool" / "tmp"
    wait_for(lambda: not any(tmp.iterdir()), "an empty folder")
    assert not list((it.folder / "spool").rglob(f"{uid}*"))
    series = scanner.send(images)
    wait_for_reports(it, series)
    assert it.slices()[series] == [2]


@pytest.mark.parametrize("comes_first", ["dose", "images"])
def test_dose_reports_are_joined_in_any_order(
    it: Clinic, scanner: Scanner, comes_first: str
) -> None:
    event = generate_uid()
    images = new_series(1, IrradiationEventUID=event)
    dose = report(acquisition(event, ctdivol="7.25"))
    dose.SOPInstanceUID = dose.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    series = str(images[0].SeriesInstanceUID)
    for what in [[dose], images] if comes_first == "dose" else [images, [dose]]:
        scanner.send(what)
        if what is images:
            wait_for_job(it, series, is_done)

    def ctdivol() -> list[float | None]:
        with open_store(it.address) as store:
            rows = store.scans().iter_rows(named=True)
            return [row["ctdivol_mgy"] for row in rows if row["series_uid"] == series]

    wait_for(lambda: ctdivol() == [7.25], "the dose")


def test_an_archive_that_is_down_gets_its_reports_later(it: Clinic, scanner: Scanner) -> None:
    it.pacs.stop()
    try:
        series = scanner.send_series()
        wait_for_job(it, series, is_done)

        def tries() -> int:
            with open_store(it.address) as store:
                return max((each.tries for each in Deliveries(store).of_series(series)), default=0)

        for number in range(1, 4):
            wait_for(lambda number=number: tries() >= number, "a try")  # type: ignore[misc]
            sent_at_once(it)
        wait_for(lambda: "the last try failed" in it.page("/health"), "the sentence")
    finally:
        it.pacs.start()
    sent_at_once(it)
    wait_for_reports(it, series)


def test_a_database_that_is_down_loses_nothing(ward: Ward, it: Clinic, scanner: Scanner) -> None:
    before = scanner.send_series()
    ward.server.crash()
    try:
        during = [scanner.send_series() for _ in range(3)]
    finally:
        ward.server.start()
    for series in [before, *during]:
        wait_for_reports(it, series)
        assert it.slices()[series] == [2]
    wait_for(lambda: "All parts run" in it.page("/health"), "the health")


def fill(file: Path) -> None:
    """Fill the disk with a file."""
    with suppress(OSError), file.open("wb", buffering=0) as stream:
        while stream.write(bytes(1 << 16)):
            pass


def test_a_full_disk_is_said_and_comes_back(ward: Ward, it: Clinic, scanner: Scanner) -> None:
    if not ward.has_small_disk:
        pytest.skip("no disk may be mounted here")
    filler = it.folder / "spool" / "filler"
    images = new_series(2)
    acknowledged: set[str] = set()
    try:
        fill(filler)
        assert scanner.send_once(images, acknowledged)[0] == FULL
        assert acknowledged == set()
        wait_for(lambda: "the disk of the spool is full" in it.page("/health"), "the sentence")
    finally:
        filler.unlink(missing_ok=True)
    series = scanner.send(images)
    wait_for_reports(it, series)
    wait_for(lambda: "the disk of the spool is full" not in it.page("/health"), "the end of it")


def test_what_was_missed_is_fetched(ward: Ward, it: Clinic) -> None:
    images = new_series(2)
    files = []
    for image in images:
        image.save_as(it.folder / "fetched.dcm")
        files.append((it.folder / "fetched.dcm").read_bytes())
    series = str(images[0].SeriesInstanceUID)
    ward.orthanc.add(Stored(series, files), date=datetime.now(UTC).strftime("%Y%m%dT%H%M%S"))
    wait_for_reports(it, series)
    assert it.slices()[series] == [2]


def test_a_broken_limit_is_told(ward: Ward, it: Clinic, scanner: Scanner) -> None:
    # Scans without a date are in no trend.
    today = datetime.now(UTC).strftime("%Y%m%d")
    wait_for_reports(it, scanner.send(new_series(2, StudyDate=today)))
    # The first look is a minute after the start.
    wait_for(lambda: any(b"tight" in each.body for each in ward.hook.requests), "an alert", 120)


def test_every_process_lives_at_the_end(it: Clinic) -> None:
    text = it.log("listen")
    assert "a bug in ctiqa" not in text
    assert "Traceback" not in text + it.log("serve")
    assert "has ended" not in text
