"""Along the list of changes of an Orthanc, nothing is missed and nothing comes twice."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event

import pytest
from tests.archive_sources.dicomweb_server import Asked, Reply
from tests.clinic.conftest import START
from tests.clinic.fetching.archives import (
    NOW,
    TEXT_SR,
    FakeOrthanc,
    Stored,
    as_json,
    images,
    orthanc_id,
    reports,
)
from tests.clinic.fetching.conftest import Room

from ctiqa.clinic.fetching import changes, orthanc
from ctiqa.clinic.fetching.known import MOST_TRIES
from ctiqa.clinic.records.cursors import Cursors
from ctiqa.clinic.records.jobs import Jobs


def test_images_and_dose_reports_come_and_nothing_else(room: Room, tmp_path: Path) -> None:
    first, dose = images(tmp_path / "a", "1.2.1"), reports("1.2.5")
    report, scanned = reports("1.2.6", sop_class=TEXT_SR), images(tmp_path / "b", "1.2.7")
    scanned.modality = "PT"
    archive = FakeOrthanc(first, dose, report, scanned)
    room.web.answer = archive.answer
    line = room.line()
    line.turn()
    assert line.is_well, line.sentence
    assert room.arrived() == ["1.2.1.1", "1.2.1.2", "1.2.1.3", "1.2.5.1"]
    files = {file.stem: file.read_bytes() for _, file in room.spool.arrived()}
    assert files["1.2.1.2"] == first.files[1]
    assert (line.counts["series"], line.counts["instances"]) == (3, 4)


def test_a_second_look_fetches_nothing_also_after_retention(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc(images(tmp_path, "1.2.1"), reports("1.2.5"))
    room.web.answer = archive.answer
    room.line().turn()
    n_sent = len(archive.sent)
    room.take_away()
    for each in archive.series.values():
        archive.tell(each)
    Cursors(room.store).move("fetch:pacs", '{"since": 0, "oldest": ""}')
    room.line().turn()
    assert (n_sent, len(archive.sent)) == (4, 4)
    assert room.arrived() == []


def test_what_came_by_another_way_is_not_fetched(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc(images(tmp_path, "1.2.1"))
    room.web.answer = archive.answer
    Jobs(room.store, room.watch).arrived("1.2.1", 3, source="CT1", at=START)
    room.line().turn()
    assert archive.sent == []


def test_only_missing_instances_of_a_series_are_fetched(room: Room, tmp_path: Path) -> None:
    series = images(tmp_path, "1.2.1", 4)
    archive = FakeOrthanc(series)
    room.web.answer = archive.answer
    Jobs(room.store, room.watch).arrived("1.2.1", 2, source="CT1", at=START)
    (room.spool.series / "1.2.1").mkdir()
    (room.spool.series / "1.2.1" / "1.2.1.1.dcm").write_bytes(series.files[0])
    (room.spool.incoming / "CT1").mkdir()
    (room.spool.incoming / "CT1" / "1.2.1.2.dcm").write_bytes(series.files[1])
    room.line().turn()
    assert archive.sent == ["1.2.1.3", "1.2.1.4"]


def test_a_series_that_grows_is_completed(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc(images(tmp_path, "1.2.1", 2))
    room.web.answer = archive.answer
    room.line().turn()
    archive.add(images(tmp_path, "1.2.1", 3))
    room.line().turn()
    assert archive.sent == ["1.2.1.1", "1.2.1.2", "1.2.1.3"]


def test_a_series_that_still_arrives_is_waited_for(room: Room, tmp_path: Path) -> None:
    series = images(tmp_path, "1.2.1")
    series.is_stable = False
    archive = FakeOrthanc()
    archive.add(series, "NewSeries")
    room.web.answer = archive.answer
    for _ in range(MOST_TRIES + 1):
        room.line().turn()
    assert archive.sent == []
    # Orthanc was started again, and never says that the series is complete.
    series.is_stable = True
    room.line().turn()
    assert len(archive.sent) == 3


def test_only_the_last_days_are_looked_at_first(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc()
    archive.add(images(tmp_path, "1.2.1"), date="20261122T110000")
    archive.add(images(tmp_path, "1.2.2"), date="20261125T110000")
    room.web.answer = archive.answer
    room.line().turn()
    assert room.arrived() == ["1.2.2.1", "1.2.2.2", "1.2.2.3"]


def test_interrupted_in_the_middle_the_rest_comes_later(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc(images(tmp_path / "a", "1.2.1"), images(tmp_path / "b", "1.2.2"))
    archive.page = 4

    def cut(asked: Asked) -> Reply:
        reply = archive.answer(asked)
        if len(archive.sent) == 4:
            room.stop.set()
        return reply

    room.web.answer = cut
    room.line().run()
    room.stop = Event()
    arrived = room.arrived()
    assert "1.2.1.3" in arrived
    assert "1.2.2.3" not in arrived
    room.web.answer = archive.answer
    line = room.line()
    line.turn()
    assert len(room.arrived()) == 6
    assert len(archive.sent) <= 7
    assert list(room.spool.tmp.iterdir()) == []


def test_an_archive_that_was_set_up_anew_is_followed_from_its_beginning(
    room: Room, tmp_path: Path
) -> None:
    room.web.answer = FakeOrthanc(images(tmp_path / "a", "1.2.1", 6)).answer
    room.line().turn()
    new = FakeOrthanc(images(tmp_path / "b", "1.2.2"))
    room.web.answer = new.answer
    line = room.line()
    line.turn()
    assert "set up anew" in line.sentence
    assert len(new.sent) == 3
    # The new list may have become longer than the old one was.
    other = FakeOrthanc()
    other.add(images(tmp_path / "c", "1.2.3", 9), date="20261126T113000")
    room.web.answer = other.answer
    line = room.line()
    line.turn()
    assert "set up anew" in line.sentence
    assert len(other.sent) == 9


def test_one_bad_series_stops_no_other_and_is_given_up(room: Room, tmp_path: Path) -> None:
    bad = images(tmp_path / "a", "1.2.1")
    archive = FakeOrthanc(bad, images(tmp_path / "b", "1.2.2"))

    def answer(asked: Asked) -> Reply:
        if asked.path == f"/instances/{orthanc_id('1.2.1.2')}/file":
            return Reply(500)
        return archive.answer(asked)

    room.web.answer = answer
    line = room.line()
    line.turn()
    assert not line.is_well
    assert "1 series could not be fetched" in line.sentence
    assert [each for each in room.arrived() if each.startswith("1.2.2")] == [
        "1.2.2.1",
        "1.2.2.2",
        "1.2.2.3",
    ]
    for _ in range(MOST_TRIES - 1):
        line.turn()
    assert "for the last time" in line.sentence
    n_asked = len(room.web.asked)
    line.turn()
    assert "but for 1 series that were given up" in line.sentence
    assert "file" not in "".join(room.web.paths()[n_asked:])


def test_an_archive_that_fails_for_every_series_loses_none(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc(*(images(tmp_path / str(n), f"1.2.{n}", 1) for n in range(1, 5)))

    def answer(asked: Asked) -> Reply:
        return archive.answer(asked) if asked.path == "/changes" else Reply(500)

    room.web.answer = answer
    line = room.line()
    for _ in range(2 * MOST_TRIES):
        line.turn()
    assert "4 series could not be fetched" in line.sentence
    room.web.answer = archive.answer
    line.turn()
    assert line.is_well, line.sentence
    assert len(room.arrived()) == 4


def test_a_series_in_two_studies_comes_whole(room: Room, tmp_path: Path) -> None:
    whole = images(tmp_path, "1.2.1", 4)
    first = Stored(whole.uid, whole.files[:2], study="8")
    archive = FakeOrthanc(first, Stored(whole.uid, whole.files[2:]))
    room.web.answer = archive.answer
    Jobs(room.store, room.watch).arrived("1.2.1", 2, source="CT1", at=START)
    (room.spool.series / "1.2.1").mkdir()
    for index, data in enumerate(whole.files[:2], 1):
        (room.spool.series / "1.2.1" / f"1.2.1.{index}.dcm").write_bytes(data)
    room.line().turn()
    assert archive.sent == ["1.2.1.3", "1.2.1.4"]
    room.line().turn()
    assert len(archive.sent) == 2


def test_series_that_are_gone_are_no_failure(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc(images(tmp_path, "1.2.1"))
    archive.series.clear()
    room.web.answer = archive.answer
    line = room.line()
    line.turn()
    assert line.is_well, line.sentence


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"<html>",
        b'{"Changes": [], "Done": false}',
        b'{"Changes": [{"Seq": "x"}], "Done": true, "Last": 3}',
        b'{"Changes": [3], "Done": true, "Last": 3}',
        b'{"Changes": [], "Done": true, "Last": NaN}',
        b"[" * 100_000,
    ],
)
def test_garbage_moves_nothing(room: Room, content: bytes) -> None:
    room.web.answer = lambda _: Reply(body=content)
    line = room.line()
    line.turn()
    assert not line.is_well
    assert "correct 'url' in [[fetch]]" in line.sentence
    assert Cursors(room.store).position("fetch:pacs") is None


def test_a_list_that_goes_backwards_is_left(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc(images(tmp_path, "1.2.1"))
    room.web.answer = archive.answer
    room.line().turn()
    before = Cursors(room.store).position("fetch:pacs")

    def answer(asked: Asked) -> Reply:
        if asked.first("limit") != str(changes.PAGE):
            return archive.answer(asked)
        return as_json({"Changes": archive.changes, "Done": False, "Last": 9})

    room.web.answer = answer
    line = room.line()
    line.turn()
    assert "goes backwards" in line.sentence
    assert Cursors(room.store).position("fetch:pacs") == before


def test_a_file_of_another_series_is_not_kept(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc(images(tmp_path / "a", "1.2.1"))
    other = images(tmp_path / "b", "1.2.9").files[0]

    def answer(asked: Asked) -> Reply:
        is_file = asked.path.endswith("/file")
        return Reply(body=other) if is_file else archive.answer(asked)

    room.web.answer = answer
    line = room.line()
    line.turn()
    assert "an image of another series" in line.sentence
    assert room.arrived() == []


def test_large_and_endless_files_are_cut_off(room: Room, tmp_path: Path) -> None:
    archive = FakeOrthanc(images(tmp_path, "1.2.1"))
    room.web.answer = archive.answer
    line = room.line(most_bytes=10_000)
    line.turn()
    assert "sends more than 0 MB" in line.sentence
    assert room.arrived() == []
    assert list(room.spool.tmp.iterdir()) == []


def test_a_list_without_end_is_left_for_the_next_look(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orthanc, "MOST_PAGES", 3)
    row = {"ChangeType": "NewInstance", "Date": NOW, "ID": "x"}

    def answer(asked: Asked) -> Reply:
        number = int(asked.first("since", "99")) + 1
        return as_json({"Changes": [{**row, "Seq": number}], "Done": False, "Last": number})

    room.web.answer = answer
    room.line().turn()
    assert json.loads(Cursors(room.store).position("fetch:pacs") or "")["since"] == 3


def test_too_many_instances_are_refused(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_INSTANCES", 2)
    room.web.answer = FakeOrthanc(images(tmp_path, "1.2.1")).answer
    line = room.line()
    line.turn()
    assert "too many instances" in line.sentence
