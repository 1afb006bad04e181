"""What is wrong is found: limits, parts, series, results, the disk."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.clinic.alerts.conftest import Clinic, bodies, happenings, webhook
from tests.clinic.conftest import Watch
from tests.clinic.sending.peers import Site
from tests.trends.made import one_chart
from tests.trends_output.stored import store_of

from ctiqa.clinic.alerts.limits import LimitWatch, broken_limits
from ctiqa.clinic.alerts.queue import disk_findings
from ctiqa.clinic.config import Config
from ctiqa.clinic.config.listening import Score, Spool
from ctiqa.clinic.records.alerts import Alerts, Finding
from ctiqa.clinic.records.deliveries import Deliveries, NewDelivery, add_deliveries
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.clinic.records.notes import Notes
from ctiqa.errors import DataError
from ctiqa.store.store import Store
from ctiqa.trends.limits import limits_from


@pytest.fixture
def scanned(address: str) -> Store:
    """A store with the scans of one protocol, of both kinds."""
    return store_of(one_chart(5), address)


def worst(store: Store, count: int) -> tuple[float, list[tuple[str, str]]]:
    """A limit that the worst scans break, and their names."""
    scans: pl.DataFrame = store.scans().sort("score")
    low, high = scans["score"][count - 1], scans["score"][count]
    assert low < high
    names = list(scans.head(count).select("series_uid", "content").iter_rows())
    return (low + high) / 2, names


def test_explained_scans_alert_no_more(scanned: Store) -> None:
    with scanned as store:
        least, names = worst(store, 3)
        limits = limits_from({"limits": [{"name": "quality", "least_score": least}]})
        [violation] = broken_limits(store, limits)
        assert violation.n_broken == 3
        notes = Notes(store)
        notes.write(names[0], "metal", author="me", is_explained=True)
        [violation] = broken_limits(store, limits)
        assert (violation.n_broken, violation.n) == (2, store.scans().height - 1)
        assert f"in 2 of {violation.n} scans" in violation.sentence
        for name in names[1:]:
            notes.write(name, "arms down", author="me", is_explained=True)
        assert broken_limits(store, limits) == ()
        notes.write(names[1], "not so", author="me", is_explained=False)
        [violation] = broken_limits(store, limits)
        assert violation.series == (names[1][0],)


def test_limits_are_checked_when_something_has_changed(scanned: Store, tmp_path: Path) -> None:
    with scanned as store:
        least, [name] = worst(store, 1)
        file = tmp_path / "limits.toml"
        file.write_text(f'[[limits]]\nname = "quality"\nleast_score = {least}\n')
        watch = LimitWatch(store, file)
        [found] = watch.findings()
        assert watch.findings() == [found]
        assert watch.n_checks == 1
        assert found.sentence.startswith("quality: Abdomen · CT1 · Br40: score below")
        assert found.facts["scanner"] == "CT1"
        assert found.facts["n_broken"] == 1
        Notes(store).write(name, "metal", author="me", is_explained=True)
        assert watch.findings() == []
        file.write_text('[[limits]]\nname = "quality"\nleast_score = 4.0\n')
        [other] = watch.findings()
        assert watch.n_checks == 3
        # The same limit of the same scans, so the same alert.
        assert other.key == found.key


def test_a_limits_file_that_breaks_ends_nothing(clinic: Clinic, hook: Site) -> None:
    file = clinic.folder / "limits.toml"
    file.write_text("[[limits]]\nleast_score = 9\n")
    clinic.channels = (webhook(hook.url),)
    clinic.settings = {"limits": str(file)}
    Alerts(clinic.store, clinic.watch).saw([Finding("limit", "old", "old is wrong")], [])
    clinic.turn()
    assert happenings(hook) == [[("new", "limit:old"), ("new", "limits-file:")]]
    assert "'least_score' must be a number from 0 to 4" in bodies(hook)[0]["text"]
    file.write_text("[[limits]]\nleast_score = 1\n")
    clinic.turn()
    assert happenings(hook)[1:] == [[("ended", "limit:old"), ("ended", "limits-file:")]]


def test_a_limits_file_that_is_gone(clinic: Clinic) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        LimitWatch(clinic.store, clinic.folder / "none.toml").findings()


def test_parts_that_are_ill_silent_or_missing(clinic: Clinic, hook: Site) -> None:
    clinic.channels = (webhook(hook.url),)
    alerter = clinic.alerter(score=Score(workers=2))
    clinic.turn(alerter)
    assert happenings(hook) == [[("new", "part:scorer-2")]]
    assert "scorer-2 has never given a sign of life" in bodies(hook)[0]["text"]
    clinic.watch.move(seconds=91)
    clinic.say("keeper")
    clinic.say("receiver", "no port is free", is_well=False)
    clinic.say("scorer-2")
    clinic.turn(alerter)
    [message] = bodies(hook)[1:]
    assert {each["key"]: each["sentence"] for each in message["alerts"]} == {
        "part:receiver": "receiver has a problem: no port is free",
        "part:scorer-1": "scorer-1 has said nothing since 2026-11-26 12:00 UTC; see whether it "
        "runs, its log, and whether all clocks are right",
        "part:scorer-2": "scorer-2 has never given a sign of life; see whether it runs, and its "
        "log",
    }


def test_a_worker_that_is_no_longer_configured_may_be_silent(clinic: Clinic, hook: Site) -> None:
    clinic.channels = (webhook(hook.url),)
    clinic.say("scorer-5")
    clinic.watch.move(hours=1)
    clinic.all_well()
    clinic.turn()
    assert hook.requests == []


def test_series_set_aside_are_told_for_a_day(clinic: Clinic, hook: Site) -> None:
    clinic.channels = (webhook(hook.url),)
    jobs = Jobs(clinic.store, clinic.watch)
    for series in ("1.2", "1.3"):
        jobs.arrived(series, 3, source="PACS", at=clinic.watch())
        assert jobs.set_aside(series, reason="crashed", detail="the decoder ended")
    clinic.turn()
    [message] = bodies(hook)
    assert message["alerts"][0]["key"] == "aside:crashed"
    assert "2 series were set aside within a day" in message["text"]
    assert "1.2" not in message["text"]
    clinic.watch.move(hours=25)
    clinic.all_well()
    clinic.turn()
    assert happenings(hook)[1:] == [[("ended", "aside:crashed")]]


def test_results_that_were_given_up(clinic: Clinic, hook: Site) -> None:
    clinic.channels = (webhook(hook.url),)
    deliveries = Deliveries(clinic.store, clinic.watch)
    with clinic.store.writing() as connection:
        new = [NewDelivery("pacs", "sr", "a.dcm")]
        add_deliveries(connection, "1.2", new, clinic.watch())
    [delivery] = deliveries.due()
    deliveries.failed(delivery, "it does not take this kind of object")
    clinic.turn()
    [message] = bodies(hook)
    assert message["alerts"][0]["sentence"] == (
        "1 result was not delivered to 'pacs' and given up within a day; the last: it does not "
        "take this kind of object"
    )
    assert deliveries.try_again(delivery.id)
    clinic.turn()
    assert happenings(hook)[1:] == [[("ended", "delivery:pacs")]]


def test_the_disk(tmp_path: Path) -> None:
    fine = Config(spool=Spool(folder=tmp_path, reserve_gigabytes=0))
    assert disk_findings(fine) == []
    [full] = disk_findings(Config(spool=Spool(folder=tmp_path, reserve_gigabytes=999_999)))
    assert "less than 999999 GB are free" in full.sentence
    [gone] = disk_findings(Config(spool=Spool(folder=tmp_path / "none", reserve_gigabytes=0)))
    assert "cannot be looked at" in gone.sentence


def test_a_store_without_scans_breaks_nothing(store: Store, watch: Watch) -> None:
    limits = limits_from({"limits": [{"least_score": 4}]})
    assert broken_limits(store, limits) == ()
