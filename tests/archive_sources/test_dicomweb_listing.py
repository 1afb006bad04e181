"""What a DICOMweb server lists: series by day, whatever it makes of the query."""

from __future__ import annotations

import json
import pickle
from datetime import date
from threading import Event

import pytest
from tests.archive_sources.dicomweb_server import Asked, FakeServer, Reply, Series, value

from ctiqa.archive.sources.dicomweb import query
from ctiqa.archive.sources.dicomweb.source import DicomwebSource
from ctiqa.archive.unit import Unit
from ctiqa.errors import OutputError, UsageError


def listed(server: FakeServer, **period: date) -> list[Unit]:
    return list(DicomwebSource(server.url, **period).units())


def series_of(units: list[Unit]) -> list[str]:
    return [each.name.rpartition("/")[2] for each in units]


def test_all_series_in_the_order_of_their_days(web: FakeServer) -> None:
    web.series = [
        Series("1.2", "1.2.1", "20260107"),
        Series("1.3", "1.3.1", "20260105"),
        Series("1.4", "1.4.1", "20260106", modality="MR"),
        Series("1.3", "1.3.0", "20260105"),
    ]
    units = listed(web)
    assert series_of(units) == ["1.3.0", "1.3.1", "1.2.1"]
    assert units[0].name == f"{web.url}/studies/1.3/series/1.3.0"
    assert [each.name for each in units[0].entries] == [units[0].name]
    assert pickle.loads(pickle.dumps(units)) == units  # noqa: S301


def test_days_are_asked_for_one_by_one(web: FakeServer) -> None:
    web.series = [Series("1.2", f"1.2.{day}", f"202601{day:02}") for day in range(1, 10)]
    units = listed(web, since=date(2026, 1, 3), until=date(2026, 1, 5))
    assert series_of(units) == ["1.2.3", "1.2.4", "1.2.5"]
    days = {each.first("StudyDate") for each in web.asked}
    assert days == {"20260103", "20260104", "20260105"}


def test_until_alone_is_a_range_without_a_beginning(web: FakeServer) -> None:
    web.series = [Series("1.2", f"1.2.{day}", f"202601{day:02}") for day in range(1, 5)]
    assert series_of(listed(web, until=date(2026, 1, 2))) == ["1.2.1", "1.2.2"]
    assert {each.first("StudyDate") for each in web.asked} == {"-20260102"}


def test_a_server_that_ignores_every_condition(web: FakeServer) -> None:
    web.series = [
        Series("1.2", "1.2.1", "20260101"),
        Series("1.2", "1.2.2", "20260102"),
        Series("1.2", "1.2.3", "20260102", modality="SR"),
    ]
    web.answer = lambda _: Reply(body=json.dumps([each.row() for each in web.series]).encode())
    day = date(2026, 1, 2)
    assert series_of(listed(web, since=day, until=day)) == ["1.2.2"]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(query, "PAGE", 4)
    return 4


@pytest.mark.parametrize("count", [3, 4, 5, 8, 11])
@pytest.mark.parametrize("most", [1, 3, 100])
def test_every_page_is_read_also_if_it_is_smaller(
    web: FakeServer, small_pages: int, count: int, most: int
) -> None:
    """``most`` is how many rows the server sends at once, whatever it is asked for."""
    web.series = [Series("1.2", f"1.2.{number}") for number in range(count)]

    def capped(asked: Asked) -> Reply:
        asked.query["limit"] = [str(min(most, int(asked.first("limit"))))]
        return web.good(asked)

    web.answer = capped
    assert len(set(series_of(listed(web)))) == count


@pytest.mark.parametrize("count", [3, 7])
def test_a_server_that_ignores_limit_and_offset_sends_all_at_once(
    web: FakeServer, small_pages: int, count: int
) -> None:
    web.series = [Series("1.2", f"1.2.{number}") for number in range(count)]
    web.answer = lambda _: Reply(body=json.dumps([each.row() for each in web.series]).encode())
    assert len(listed(web)) == count
    assert len(web.asked) == 2


def test_a_server_that_ignores_the_offset_is_not_believed(
    web: FakeServer, small_pages: int
) -> None:
    web.series = [Series("1.2", f"1.2.{number}") for number in range(9)]

    def first_page(asked: Asked) -> Reply:
        asked.query["offset"] = ["0"]
        return web.good(asked)

    web.answer = first_page
    with pytest.raises(OutputError, match=r"ignores 'offset'.*--since"):
        listed(web)
    assert len(web.asked) == 2


def test_the_stamp_changes_with_the_series(web: FakeServer) -> None:
    web.series = [Series("1.2", "1.2.1")]
    (before,) = listed(web)
    web.series = [Series("1.2", "1.2.1", files=(b"one", b"two", b"three"))]
    (grown,) = listed(web)
    web.series = [Series("1.2", "1.2.1", facts={"00080031": value("TM", "101500")})]
    (later,) = listed(web)
    stamps = {each.entries[0].stamp for each in (before, grown, later)}
    assert len(stamps) == 3
    web.series = [Series("1.2", "1.2.1")]
    assert listed(web) == [before]


def test_a_stamp_holds_no_text_of_the_header(web: FakeServer) -> None:
    web.series = [Series("1.2", "1.2.1", facts={"0008103E": value("LO", "Secret Person")})]
    assert "Secret" not in repr(listed(web))


def test_instances_are_counted_if_the_server_does_not_say_how_many(web: FakeServer) -> None:
    web.series = [Series("1.2", "1.2.1", facts={"00201209": None})]
    (unit,) = listed(web)
    assert "/studies/1.2/series/1.2.1/instances" in web.paths()
    assert unit.entries[0].stamp.startswith("2 ")


def test_a_broken_row_is_one_unit_and_the_rest_goes_on(web: FakeServer) -> None:
    rows = [Series("1.2", "1.2.1").row(), Series("1.2", "../../admin").row(), "text", {"a": None}]
    web.answer = lambda asked: web.page(asked, rows)
    good, broken = listed(web)
    assert good.name.endswith("/series/1.2.1")
    assert broken.entries[0].stamp == ""
    assert "admin" not in broken.name
    assert not any("admin" in path for path in web.paths())


HTML = b"<html><body>Log in</body></html>"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(body=HTML, media="text/html; charset=utf-8"), "DICOM JSON.*text/html.*dicom-web"),
        (Reply(body=b'{"error": "x"}'), "DICOM JSON"),
        (Reply(body=b"[" * 100_000), "DICOM JSON"),
        (Reply(body=b"[1, 2"), "DICOM JSON"),
        (Reply(404, HTML, "text/html"), "status 404.*must be that of the DICOMweb service"),
        (Reply(400, b"no"), "status 400"),
        (Reply(503), "status 503, 4 attempts"),
        (Reply(body=b"[", length=100), "cannot be reached, or closes the connection"),
    ],
)
def test_what_is_no_list_of_series(web: FakeServer, reply: Reply, message: str) -> None:
    web.answer = lambda _: reply
    with pytest.raises(OutputError, match=message):
        listed(web)


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_missing(web: FakeServer, status: int) -> None:
    web.answer = lambda _: Reply(status)
    with pytest.raises(UsageError, match="CTIQA_DICOMWEB_TOKEN"):
        listed(web)
    assert len(web.asked) == 1


@pytest.mark.parametrize("reply", [Reply(204), Reply(body=b""), Reply(body=b"[]")])
def test_nothing_there(web: FakeServer, reply: Reply) -> None:
    web.answer = lambda _: reply
    assert listed(web) == []


def test_an_overloaded_server_is_asked_again(web: FakeServer) -> None:
    web.series = [Series("1.2", "1.2.1")]
    web.answer = lambda asked: Reply(503) if len(web.asked) < 3 else web.good(asked)
    assert len(listed(web)) == 1


def test_a_page_that_was_cut_off_is_asked_for_again(web: FakeServer) -> None:
    web.series = [Series("1.2", "1.2.1")]
    web.answer = lambda asked: (
        Reply(body=b"[", length=9) if len(web.asked) == 1 else web.good(asked)
    )
    assert len(listed(web)) == 1


def test_an_endless_page_is_given_up(web: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MOST_BYTES", 1 << 20)
    web.answer = lambda _: Reply(body=b" " * (1 << 21))
    with pytest.raises(OutputError, match="more than 1 MB"):
        listed(web)


def test_nobody_listens() -> None:
    with pytest.raises(OutputError, match="cannot be reached"):
        list(DicomwebSource("http://127.0.0.1:9/dicom-web").units())


def test_a_silent_server(web: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()
    monkeypatch.setattr("ctiqa.archive.sources.dicomweb.session.TIMEOUT_S", (5.0, 0.05))

    def silent(_: Asked) -> Reply:
        over.wait(20)
        return Reply(204)

    web.answer = silent
    try:
        with pytest.raises(OutputError, match="does not answer in time"):
            listed(web)
    finally:
        over.set()


def test_days_in_the_wrong_order() -> None:
    with pytest.raises(UsageError, match="'since' must not be after 'until'"):
        DicomwebSource("http://127.0.0.1/dicom-web", date(2026, 2, 1), date(2026, 1, 1))
