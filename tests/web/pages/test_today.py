"""The first page: what came, what failed, and what is tried again."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import polars as pl
import pytest
from tests.web.pages.made import NOW, Clinic, clock, scan_paths

from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.web.pages.today.days import day_between


def count(text: str, label: str) -> int:
    """A number of the page by its label."""
    found = re.search(rf"<dt>{label}</dt><dd>([\d,]+)</dd>", text)
    assert found, label
    return int(found[1].replace(",", ""))


def of_day(frame: pl.DataFrame, day: date) -> pl.DataFrame:
    """Scans stored on a day in local time."""
    local = [each.astimezone().date() == day for each in frame["stored"]]
    return frame.filter(pl.Series(local))


def test_the_scans_of_the_day_are_counted(clinic: Clinic) -> None:
    text = clinic.get("/")
    scans = of_day(clinic.store.scans(), NOW.astimezone().date())
    assert count(text, "scans stored") == scans.height > 0
    for station, n in scans["station"].drop_nulls().value_counts().iter_rows():
        assert f'<th scope="row">{station}</th><td class="num">{n}</td>' in text


def test_another_day_is_chosen(clinic: Clinic) -> None:
    day = NOW.astimezone().date() - timedelta(1)
    text = clinic.get(f"/?day={day}")
    assert count(text, "scans stored") == of_day(clinic.store.scans(), day).height > 0
    assert f"/?day={day - timedelta(1)}" in text
    # A day that is over does not change.
    assert "data-refresh" not in text
    assert "data-refresh" in clinic.get("/")
    assert "data-refresh" not in clinic.get("/?refresh=off")


def test_a_day_is_one_that_has_begun() -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    today = now.astimezone().date()
    assert day_between(date.max, now).date == today
    assert day_between(today, now).next is None
    assert day_between(date.min, now).previous is None
    day = day_between(date(2026, 11, 25), now)
    assert day.previous == date(2026, 11, 24)
    assert day.next == date(2026, 11, 26)
    assert day.start < day.end <= day_between(today, now).start


def test_queue_and_failures_have_their_reasons(clinic: Clinic) -> None:
    text = clinic.get("/")
    assert count(text, "series received") == 4
    states = {"still arriving": 0, "waiting to be scored": 1, "being scored": 1, "set aside": 1}
    assert {label: count(text, label) for label in states} == states
    assert (count(text, "results to be sent"), count(text, "results given up")) == (1, 1)
    assert "Scoring ended the process 3 times." in text
    assert "1 × only localizers" in text
    assert "The archive refused it." in text
    assert "No connection." in text


def test_what_needs_attention_is_at_the_top(clinic: Clinic) -> None:
    text = clinic.get("/")
    top = text[text.index("What needs attention") : text.index("Received</h2>")]
    assert "sender: PACS is down" in top
    assert "Low-dose lung" in top
    assert "score below 2.5" in top
    assert '<a href="#failed">Queue</a>: 1 series set aside' in top
    assert '<a href="#undelivered">Delivery</a>: 1 result given up' in top
    assert 'id="failed"' in text
    assert 'id="undelivered"' in text


def test_unexplained_outliers_are_one_click_away(own: Clinic) -> None:
    link = re.compile(r'href="(/scans[^"]+)">Outliers</a>: (\d+) unexplained')
    found = link.search(own.get("/"))
    assert found
    listed = own.get(unescape(found[1]))
    n = int(found[2])
    assert re.search(rf">{n} unexplained outliers?<", listed)
    assert len(set(scan_paths(listed))) == n
    first = next(scan_paths(listed))
    assert '<a href="#notes">Explain it</a>' in own.get(first)
    own.post(f"{first}/note", note="a phantom", explained="yes")
    after = link.search(own.get("/"))
    assert int(after[2] if after else 0) == n - 1
    assert first not in own.get(unescape(found[1]))


def test_a_new_installation_says_what_to_do_next(empty: Clinic) -> None:
    text = empty.get("/")
    assert "No scan is stored yet" in text
    assert f"AE title <strong>{empty.config.listen.ae_title}</strong>" in text
    assert f"port <strong>{empty.config.listen.port}</strong>" in text
    # Nobody may send, and nobody elsewhere can, until this is set.
    assert "listen.peers" in text
    assert "listen.host" in text
    assert "No series is set aside." in text
    for path in ("/scans", "/trends"):
        assert "No scan is stored yet." in empty.get(path)


def test_a_day_without_scans_leads_to_the_last_one(own: Clinic) -> None:
    last = own.store.scans()["stored"].max()
    assert isinstance(last, datetime)
    text = own.get("/?day=2000-01-01")
    assert f'href="/?day={last.astimezone().date()}"' in text


def test_the_newest_scan_is_the_first(clinic: Clinic) -> None:
    text = clinic.get("/")
    rows = re.findall(r'<td class="whole" data-label="Scored"><time datetime="([^"]+)"', text)
    moments = [datetime.fromisoformat(each) for each in rows]
    assert moments == sorted(moments, reverse=True)
    assert moments[0] == clinic.store.scans()["stored"].max()
    # Times are local, with their offset from UTC.
    assert all(each.utcoffset() == each.astimezone().utcoffset() for each in moments)


def test_a_series_is_tried_again(own: Clinic) -> None:
    jobs = Jobs(own.store, clock)
    [aside] = jobs.listed("aside")
    to = own.post("/again/series", series=aside.series)
    assert "The series waits to be scored once more." in own.get(to)
    assert jobs.listed("aside") == []
    job = jobs.get(aside.series)
    assert job is not None
    assert job.state == "waiting"
    assert "nothing of this name" in own.post("/again/series", 404, series="1.2.999.77")


def test_a_result_is_sent_again(own: Clinic) -> None:
    deliveries = Deliveries(own.store, clock)
    [failed] = deliveries.listed("failed")
    wrong = {"series": failed.series, "delivery": str(failed.id + 50)}
    own.post("/again/result", 404, **wrong)
    own.post("/again/result", 404, series="1.2.3", delivery=str(failed.id))
    to = own.post("/again/result", series=failed.series, delivery=str(failed.id))
    assert "waits to be sent once more" in own.get(to)
    assert deliveries.listed("failed") == []


@pytest.mark.parametrize("path", ["/again/series", "/again/result"])
def test_forms_of_other_sites_change_nothing(own: Clinic, path: str) -> None:
    [aside] = Jobs(own.store, clock).listed("aside")
    for token in ("", "0" * 64):
        own.post(path, 403, csrf=token, series=aside.series, delivery="1")
    assert Jobs(own.store, clock).listed("aside") == [aside]
    own.post(path, 400, series="")


def test_many_readers_of_a_second_cost_as_much_as_one(
    own: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctiqa.web.context.LATELY_S", 3600.0)
    [aside] = Jobs(own.store, clock).listed("aside")
    assert "1 series set aside" in own.get("/")
    assert Jobs(own.store, clock).try_again(aside.series)
    assert "1 series set aside" in own.get("/")
    # What is changed on the page is seen at once.
    [failed] = Deliveries(own.store, clock).listed("failed")
    own.post("/again/result", series=failed.series, delivery=str(failed.id))
    text = own.get("/")
    assert "set aside, because" not in text
    assert "given up." not in text
