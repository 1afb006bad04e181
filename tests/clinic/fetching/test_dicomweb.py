"""By day, from any DICOMweb server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.archive_sources.dicomweb_server import Asked, Reply, multipart, value
from tests.clinic.conftest import START
from tests.clinic.fetching.archives import DAY, TEXT_SR, FakeWeb, images, reports
from tests.clinic.fetching.conftest import Room
from tests.store.made import key, scan_score
from tests.store.made import report as results

from ctiqa.archive.sources.dicomweb import query
from ctiqa.clinic.fetching.known import MOST_TRIES, Known
from ctiqa.clinic.records.cursors import Cursors
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.store import Run


def test_images_and_dose_reports_come_and_nothing_else(room: Room, tmp_path: Path) -> None:
    first = images(tmp_path, "1.2.1")
    archive = FakeWeb(first, reports("1.2.5"), reports("1.2.6", sop_class=TEXT_SR))
    room.web.answer = archive.answer
    line = room.line("dicomweb")
    line.turn()
    assert line.is_well, line.sentence
    assert room.arrived() == ["1.2.1.1", "1.2.1.2", "1.2.1.3", "1.2.5.1"]
    files = {file.stem: file.read_bytes() for _, file in room.spool.arrived()}
    assert files["1.2.1.2"] == first.files[1]
    days = {each.first("StudyDate") for each in room.web.asked if each.path == "/series"}
    assert {"20261124", DAY, "20261126", "20261127"} <= days
    assert list(room.folder.iterdir()) == []


def test_a_second_look_fetches_nothing_also_after_retention(room: Room, tmp_path: Path) -> None:
    archive = FakeWeb(images(tmp_path, "1.2.1"), reports("1.2.5"), reports("1.2.6", "", TEXT_SR))
    room.web.answer = archive.answer
    room.line("dicomweb").turn()
    room.take_away()
    n_asked = len(room.web.asked)
    room.line("dicomweb").turn()
    assert set(room.web.paths()[n_asked:]) == {"/series"}
    assert room.arrived() == []


def test_pages_are_followed(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "PAGE", 2)
    archive = FakeWeb(*(images(tmp_path, f"1.2.{n}", 1) for n in range(1, 6)))
    room.web.answer = archive.answer
    room.line("dicomweb").turn()
    assert len(room.arrived()) == 5


def test_what_came_by_another_way_is_not_fetched(room: Room, tmp_path: Path) -> None:
    archive = FakeWeb(images(tmp_path / "a", "1.2.1"), images(tmp_path / "b", "1.2.2"))
    room.web.answer = archive.answer
    Jobs(room.store, room.watch).arrived("1.2.1", 3, source="CT1", at=START)
    # The job of the other one is gone with its files, and only its scan is left.
    room.store.add(results(scan_score("1.2.2")), Run("listen"), keys=[key("1.2.2")])
    room.line("dicomweb").turn()
    assert archive.sent == []


def test_a_series_that_grows_is_fetched_again(room: Room, tmp_path: Path) -> None:
    archive = FakeWeb(images(tmp_path, "1.2.1", 2))
    room.web.answer = archive.answer
    room.line("dicomweb").turn()
    archive.series = [images(tmp_path, "1.2.1", 3)]
    room.line("dicomweb").turn()
    assert room.arrived() == ["1.2.1.1", "1.2.1.2", "1.2.1.3"]


def test_a_server_that_does_not_count_is_asked_for_instances(room: Room, tmp_path: Path) -> None:
    series = images(tmp_path, "1.2.1")
    series.facts = {"00201209": {"vr": "IS"}}
    archive = FakeWeb(series)
    room.web.answer = archive.answer
    room.line("dicomweb").turn()
    room.line("dicomweb").turn()
    assert archive.sent == ["1.2.1"]
    assert len(room.arrived()) == 3


def test_an_incomplete_series_comes_later(room: Room, tmp_path: Path) -> None:
    series = images(tmp_path, "1.2.1")
    archive = FakeWeb(series)

    def answer(asked: Asked) -> Reply:
        return archive.answer(asked) if asked.path == "/series" else multipart(series.files[:2])

    room.web.answer = answer
    line = room.line("dicomweb")
    line.turn()
    assert "lists 3 instances of a series, and sends 2" in line.sentence
    assert room.arrived() == []
    room.web.answer = archive.answer
    line.turn()
    assert line.is_well
    assert len(room.arrived()) == 3


def test_a_series_that_is_cut_off_stops_no_other(room: Room, tmp_path: Path) -> None:
    bad, good = images(tmp_path / "a", "1.2.1"), images(tmp_path / "b", "1.2.2")
    archive = FakeWeb(bad, good)

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/series/1.2.1"):
            reply = multipart(bad.files)
            return Reply(200, reply.body[:-50_000], reply.media, length=len(reply.body))
        return archive.answer(asked)

    room.web.answer = answer
    line = room.line("dicomweb")
    line.turn()
    assert "closes the connection in the middle of a series" in line.sentence
    assert room.arrived() == ["1.2.2.1", "1.2.2.2", "1.2.2.3"]
    for _ in range(MOST_TRIES):
        line.turn()
    assert "1 series that were given up" in line.sentence
    # More instances begin it anew.
    archive.series[0] = images(tmp_path / "c", "1.2.1", 4)
    room.web.answer = archive.answer
    line.turn()
    assert "1.2.1.4" in room.arrived()


@pytest.mark.parametrize(
    "reply",
    [
        multipart([b"no DICOM"] * 3),
        Reply(200, b"<html>", "text/html"),
        Reply(206, b"", "application/dicom"),
        Reply(200, b"", "application/dicom"),
        Reply(200, b"--x\r\n\r\n", 'multipart/related; boundary="x"'),
        Reply(200, b"x" * 100, "application/dicom", {"Content-Encoding": "gzip"}),
        Reply(404),
        Reply(500),
    ],
)
def test_a_bad_answer_is_a_failure_of_one_series(room: Room, tmp_path: Path, reply: Reply) -> None:
    archive = FakeWeb(images(tmp_path, "1.2.1"))
    room.web.answer = lambda asked: archive.answer(asked) if asked.path == "/series" else reply
    line = room.line("dicomweb")
    line.turn()
    assert "1 series could not be fetched" in line.sentence
    assert room.arrived() == []
    assert list(room.folder.iterdir()) == []


def test_broken_rows_are_left_out(room: Room, tmp_path: Path) -> None:
    evil, odd, good = (images(tmp_path / each, f"1.2.{each}") for each in "123")
    evil.facts = {"0020000E": value("UI", "../../evil")}
    odd.facts = {"0020000E": value("UI", "01.2")}
    archive = FakeWeb(good)
    archive.series += [evil, odd]
    room.web.answer = archive.answer
    line = room.line("dicomweb")
    line.turn()
    assert line.is_well, line.sentence
    assert archive.sent == ["1.2.3"]


def test_a_server_that_ignores_the_day_is_asked_for_nothing_old(room: Room, tmp_path: Path) -> None:
    old = images(tmp_path, "1.2.1")
    old.facts = {"00080020": value("DA", "20200101")}
    archive = FakeWeb(old)
    room.web.answer = archive.answer
    room.line("dicomweb").turn()
    assert archive.sent == []


def test_memory_is_forgotten_when_nothing_old_is_looked_for(room: Room) -> None:
    known = Known(room.store, "pacs", room.watch)
    other = Known(room.store, "pacs2", room.watch)
    known.come("1.2.1", "1.9", 3)
    other.come("1.2.1", "1.9", 3)
    Cursors(room.store, room.watch).move("fetch:pacs", "{}")
    room.watch.move(days=8)
    known.forget(2)
    assert known.is_settled("1.2.1", "1.9", 3)
    room.watch.move(days=2)
    known.forget(2)
    assert not known.is_settled("1.2.1", "1.9", 3)
    assert other.is_settled("1.2.1", "1.9", 3)
    assert Cursors(room.store).position("fetch:pacs") == "{}"
