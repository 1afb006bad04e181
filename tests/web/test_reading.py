"""Scans in memory: what is read again, when, and what each viewer sees."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import delete, insert, update
from tests.clinic.conftest import Watch, address, postgres
from tests.web.made import put_scans, scan_row

from ctiqa.clinic.records.jobs import Jobs, JobState
from ctiqa.errors import OutputError
from ctiqa.store import open_store
from ctiqa.store.database.clinic_tables import doses
from ctiqa.store.database.tables import scans as table
from ctiqa.store.store import Store
from ctiqa.store.where import parse_conditions
from ctiqa.web.problems import ProblemError
from ctiqa.web.reading.courses import MOST_KEPT, Courses
from ctiqa.web.reading.door import StoreDoor
from ctiqa.web.reading.queue import Queue
from ctiqa.web.reading.scans import MOST_VIEWS, Scans
from ctiqa.web.reading.table import Table, read_table, scan_name
from ctiqa.web.reading.view import ScanView
from ctiqa.web.security.viewer import Viewer

__all__ = ["address", "postgres"]  # fixtures

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def filled(address: str) -> Iterator[Store]:
    """A store of both kinds, with three scans of CT1 and two of CT2."""
    with open_store(address) as store:
        put_scans(store, [{}, {}, {"station": "CT2"}, {"station": "CT2b"}, {"protocol": "Thorax"}])
        yield store


@cache
def view_of(n: int) -> ScanView:
    """The view of a new store with some scans."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder, "a.sqlite")) as store:
        put_scans(store, [{}] * n)
        return ScanView(read_table(store).frame, 0, NOW)


def who(*where: str) -> Viewer:
    """A viewer with conditions."""
    return Viewer("x", "reader", parse_conditions(where), "")


def add(store: Store, number: int, **facts: object) -> None:
    """Store one more scan."""
    with store.writing() as connection:
        connection.execute(insert(table).values({**scan_row(number), **facts}))


def same(left: Table, right: Table) -> bool:
    """Whether two tables hold the same rows in the same order."""
    return left.frame.equals(right.frame.select(left.frame.columns))


def test_reading_what_is_new_gives_what_reading_all_gives(filled: Store) -> None:
    before = read_table(filled)
    assert read_table(filled, before) is before
    add(filled, 6)
    add(filled, 7, series_uid="1.2.826.0.1.1", content="f" * 64)
    after = read_table(filled, before)
    assert after.version == before.version + 1
    assert same(after, read_table(filled))
    assert after.frame["id"].to_list() == [7, 6, 5, 4, 3, 2, 1]
    current = dict(after.frame.select("id", "current").iter_rows())
    assert not current[1]
    assert current[7]


def test_scans_that_appear_out_of_order_or_are_removed(filled: Store) -> None:
    add(filled, 9)
    before = read_table(filled)
    add(filled, 7)
    after = read_table(filled, before)
    assert same(after, read_table(filled))
    with filled.writing() as connection:
        connection.execute(delete(table).where(table.c.id == 2))
    assert same(read_table(filled, after), read_table(filled))


def test_a_dose_that_comes_later(filled: Store) -> None:
    before = read_table(filled)
    with filled.writing() as connection:
        connection.execute(update(table).where(table.c.id == 2).values(ctdivol_mgy=7.5))
        row = {"event": "1.2", "study": "s", "received": NOW}
        connection.execute(insert(doses).values(row))
    after = read_table(filled, before)
    assert same(after, read_table(filled))
    assert 7.5 in after.frame["ctdivol_mgy"].to_list()


def test_names_of_scans_do_not_depend_on_the_database(filled: Store) -> None:
    frame = read_table(filled).frame
    row = frame.row(0, named=True)
    keys = ("series_uid", "content", "model_digest", "options_digest")
    assert row["scan"] == scan_name(tuple(row[key] for key in keys))
    assert frame["scan"].n_unique() == frame.height


def made(store: Store, watch: Watch) -> Scans:
    """Scans without threads."""
    return Scans(lambda: store, Courses(None, lambda: store.dates, watch), watch)


def test_each_viewer_has_a_view(filled: Store, clock: Watch) -> None:
    scans = made(filled, clock)
    assert scans.of(who()).frame.height == 5
    theirs = scans.of(who("station=CT2*"))
    assert theirs.frame["station"].to_list() == ["CT2b", "CT2"]
    other = scans.of(who()).frame["scan"][0]
    assert theirs.one(other) is None
    assert scans.of(who()).one(other) is not None


def test_a_new_scan_is_seen_after_a_refresh(filled: Store, clock: Watch) -> None:
    scans = made(filled, clock)
    before = scans.of(who("station=CT1"))
    add(filled, 6)
    assert scans.of(who("station=CT1")).frame.height == before.frame.height
    scans.refresh()
    after = scans.of(who("station=CT1"))
    assert after.frame.height == before.frame.height + 1
    assert after.version > before.version


def test_the_number_of_views_is_bounded(filled: Store, clock: Watch) -> None:
    scans = made(filled, clock)
    for number in range(MOST_VIEWS + 5):
        scans.of(who(f"kvp={number}"))
    assert len(scans._views) == MOST_VIEWS


def test_without_database_nothing_old_is_shown(filled: Store, clock: Watch) -> None:
    is_down = False

    def store() -> Store:
        if is_down:
            raise OutputError("down")
        return filled

    scans = Scans(store, Courses(None, lambda: "day", clock), clock)
    assert scans.of(who()).frame.height == 5
    is_down = True
    scans.refresh()
    with pytest.raises(OutputError, match="down"):
        scans.of(who())
    is_down = False
    scans.refresh()
    assert scans.of(who()).frame.height == 5


def test_trends_follow_the_scans(filled: Store, clock: Watch, tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text("[[limits]]\nleast_score = 3\n")
    courses = Courses(limits, lambda: "day", clock)
    scans = Scans(lambda: filled, courses, clock)
    state = scans.trends_of(who("station=CT2*"))
    assert state.trends is not None
    assert state.trends.n == 2
    assert state.limits is not None
    assert sum(each.n_broken for each in state.limits.violations) == 2
    assert scans.trends_of(who("station=CT2*")) is state
    add(filled, 6, station="CT2")
    scans.refresh()
    newer = scans.trends_of(who("station=CT2*")).trends
    assert newer is not None
    assert newer.n == 3


def test_limits_that_cannot_be_read_are_a_sentence(
    filled: Store, clock: Watch, tmp_path: Path
) -> None:
    courses = Courses(tmp_path / "none.toml", lambda: "day", clock)
    state = Scans(lambda: filled, courses, clock).trends_of(who())
    assert state.trends is None
    assert state.failure is not None
    assert "none.toml" in state.failure


def test_the_number_of_trends_is_bounded(filled: Store, clock: Watch) -> None:
    scans = made(filled, clock)
    for number in range(MOST_KEPT + 3):
        scans.trends_of(who(f"kvp={number}"))
    assert len(scans._courses._entries) == MOST_KEPT


def test_the_door_opens_when_the_database_is_there(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def opener() -> Store:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OutputError("down")
        return filled

    door = StoreDoor(opener)
    for _ in range(3):
        with pytest.raises(OutputError, match="down"):
            door.store()
    assert tries == 1
    monkeypatch.setattr("ctiqa.web.reading.door.AGAIN_S", 0.0)
    assert door.store() is filled
    assert door.store() is filled
    assert tries == 2


def test_weeks_are_months_where_the_store_keeps_no_days(filled: Store, clock: Watch) -> None:
    courses = Courses(None, lambda: "month", clock)
    state = Scans(lambda: filled, courses, clock).trends_of(who())
    assert state.trends is not None
    assert state.trends.every == "month"
    assert state.computed == clock.time


def test_rows_are_read_in_portions(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_table(filled)
    for portion in (1, 2, 5):
        monkeypatch.setattr("ctiqa.web.reading.table.PORTION", portion)
        assert same(read_table(filled), whole)


def test_nobody_waits_while_the_scans_are_read_for_the_first_time(
    filled: Store, clock: Watch
) -> None:
    may_open = Event()

    def store() -> Store:
        may_open.wait(60)
        return filled

    scans = Scans(store, Courses(None, lambda: "day", clock), clock)
    scans.start()
    try:
        with pytest.raises(ProblemError) as raised:
            scans.of(who())
        assert raised.value.problem.status == 503
        assert "Retry-After" in raised.value.problem.headers
        assert not scans.wait(0)
        may_open.set()
        assert scans.wait(60)
        assert scans.of(who()).frame.height == 5
    finally:
        may_open.set()
        scans.close()


def test_the_queue_is_that_of_the_scans_of_a_viewer(filled: Store, clock: Watch) -> None:
    jobs = Jobs(filled, clock)
    for number in (1, 3, 99):
        jobs.arrived(f"1.2.826.0.1.{number}", 5, source="CT", at=clock())
        jobs.close_quiet(clock())
    jobs.set_aside("1.2.826.0.1.3", reason="crashed", detail="why")
    scans, start = made(filled, clock), clock() - timedelta(hours=1)
    whole = Queue(filled, scans.of(who()), is_whole=True)
    theirs = Queue(filled, scans.of(who("station=CT2*")), is_whole=False)
    states: tuple[JobState, ...] = ("waiting", "aside")
    assert whole.job_counts(states) == {"waiting": 2, "aside": 1}
    assert theirs.job_counts(states) == {"waiting": 0, "aside": 1}
    end = clock() + timedelta(hours=1)
    assert (whole.received(start, end), theirs.received(start, end)) == (3, 1)
    assert whole.received(start, start) == 0
    assert theirs.has("1.2.826.0.1.3")
    assert not theirs.has("1.2.826.0.1.1")
    assert whole.has("1.2.826.0.1.99")


def test_reasons_why_nothing_has_a_score_are_counted(filled: Store, clock: Watch) -> None:
    jobs = Jobs(filled, clock)
    for number in (1, 3):
        jobs.arrived(f"1.2.826.0.1.{number}", 5, source="CT", at=clock())
        jobs.close_quiet(clock())
        job = jobs.lease("scorer-1", timedelta(minutes=1), most_tries=3)
        assert job is not None
        jobs.finish(job, [], reason="no_scan", detail="only localizers")
    scans = made(filled, clock)
    times = clock() - timedelta(hours=1), clock() + timedelta(hours=1)
    whole = Queue(filled, scans.of(who()), is_whole=True)
    theirs = Queue(filled, scans.of(who("station=CT2*")), is_whole=False)
    assert whole.unscored(*times) == {"only localizers": 2}
    assert theirs.unscored(*times) == {"only localizers": 1}
