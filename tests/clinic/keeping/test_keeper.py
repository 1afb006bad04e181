"""The keeper: what was acknowledged becomes a series that is scored."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import text
from tests.clinic.keeping.conftest import Room
from tests.clinic.keeping.made import (
    PATIENT,
    leased,
    names,
    receive,
    received,
)
from tests.io.make import phantom, write_ct


def _write(stream: BinaryIO, *, data: bytes) -> None:
    stream.write(data)


def test_received_files_become_series_that_close_when_it_is_quiet(
    room: Room, tmp_path: Path
) -> None:
    receive(room.spool, tmp_path / "a", "1.2.3", 3)
    receive(room.spool, tmp_path / "b", "1.2.4", 2)
    room.work()
    assert names(room.spool.series / "1.2.3") == ["1.2.3.1.dcm", "1.2.3.2.dcm", "1.2.3.3.dcm"]
    assert list(room.spool.arrived()) == []
    assert room.jobs.counts()["open"] == 2
    job = room.jobs.get("1.2.3")
    assert job is not None
    assert (job.n_instances, job.source, job.generation) == (3, "PACS", 1)
    room.wait()
    assert room.jobs.counts()["waiting"] == 2


def test_the_same_instances_again_change_nothing_and_new_ones_score_again(
    room: Room, tmp_path: Path
) -> None:
    receive(room.spool, tmp_path, "1.2.3", 2)
    room.work()
    room.wait()
    assert room.jobs.finish(leased(room.jobs))
    receive(room.spool, tmp_path, "1.2.3", 2)
    room.work()
    assert list(room.spool.arrived()) == []
    assert room.jobs.counts()["done"] == 1
    receive(room.spool, tmp_path, "1.2.3", 1, first=2)
    room.work()
    job = room.jobs.get("1.2.3")
    assert job is not None
    assert (job.state, job.n_instances, job.generation) == ("open", 3, 2)


def test_the_same_uid_with_other_pixels_is_kept_beside_the_first(
    room: Room, tmp_path: Path
) -> None:
    for seed in (0, 1):
        tags = {"SeriesInstanceUID": "1.2.3", "SOPInstanceUID": "1.2.3.1"}
        received(room.spool, write_ct(tmp_path / "a.dcm", phantom(seed=seed), **tags))
        room.work()
    first, second = names(room.spool.series / "1.2.3")
    assert first == "1.2.3.1.dcm"
    assert second.startswith("1.2.3.1~")
    job = room.jobs.get("1.2.3")
    assert job is not None
    assert job.n_instances == 2


def test_what_is_no_ct_image_is_set_aside_and_nothing_is_lost(room: Room, tmp_path: Path) -> None:
    cut = write_ct(tmp_path / "c").read_bytes()[:400]
    of_no_series = write_ct(tmp_path / "d", SeriesInstanceUID=None).read_bytes()
    for uid, data in (("1.1", b"no DICOM" * 100), ("1.2", cut), ("1.3", of_no_series)):
        room.spool.keep(uid, "PACS", partial(_write, data=data))
    mr = "1.2.840.10008.5.1.4.1.1.4"
    received(
        room.spool, write_ct(tmp_path / "e", SOPClassUID=mr, SOPInstanceUID="1.4", Modality="MR")
    )
    room.work()
    assert names(room.spool.aside / "unreadable") == ["1.1.dcm", "1.2.dcm", "1.3.dcm"]
    assert names(room.spool.aside / "not_ct") == ["1.4.dcm"]
    assert list(room.spool.arrived()) == []
    assert room.jobs.counts()["open"] == 0
    room.work()
    is_well, sentence = room.sign()
    assert is_well
    assert "3 unreadable files" in sentence
    assert PATIENT not in sentence


def test_a_series_uid_cannot_leave_the_spool(room: Room, tmp_path: Path) -> None:
    for number, series in enumerate((b"../../evil", b"..........", b"/etc/x.y.z")):
        file = write_ct(tmp_path / "a.dcm", SeriesInstanceUID="1.22.333.4", SOPInstanceUID="1.5")
        data = file.read_bytes().replace(b"1.22.333.4", series)
        room.spool.keep(f"1.5.{number}", "PACS", partial(_write, data=data))
    room.work()
    assert not (tmp_path / "evil").exists()
    assert all(name.startswith("2.25.") for name in names(room.spool.series))
    # Dots pass for a UID, but not for a folder.
    assert len(names(room.spool.series)) == 2
    assert names(room.spool.aside / "unreadable") == ["1.5.1.dcm"]


def test_dose_reports_are_read(room: Room, tmp_path: Path) -> None:
    dose = "1.2.840.10008.5.1.4.1.1.88.67"
    file = write_ct(tmp_path / "a.dcm", SOPClassUID=dose, SOPInstanceUID="1.6", Modality="SR")
    data = file.read_bytes()
    received(room.spool, file)
    room.work()
    # It is none inside, so that it is set aside by what reads dose reports.
    assert names(room.spool.dose) == []
    assert (room.spool.aside / "1.6.dcm").read_bytes() == data
    assert room.jobs.counts()["open"] == 0


def test_no_name_reaches_the_database(room: Room, tmp_path: Path) -> None:
    receive(room.spool, tmp_path, "1.2.3", 1)
    room.work()
    with room.store.reading() as connection:
        for table in ("jobs", "health"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
            assert rows
            assert "Zyxwvut" not in repr(rows)
