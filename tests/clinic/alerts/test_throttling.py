"""Alerts are sent once, repeated seldom, and ended; no message is repeated after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event

import pytest
from tests.clinic.alerts.conftest import Clinic, bodies, happenings, webhook
from tests.clinic.conftest import Watch
from tests.clinic.sending.peers import Site, site

from ctiqa.clinic.records.alerts import Alerts, Finding
from ctiqa.store.store import Store

AGAIN = timedelta(hours=24)


@pytest.fixture
def alerts(store: Store, watch: Watch) -> Alerts:
    return Alerts(store, watch)


def finding(name: str, kind: str = "limit") -> Finding:
    return Finding(kind, name, f"{name} is wrong; mend it", {"n": 3})


def said(alerts: Alerts, channel: str = "hook") -> list[tuple[str, str]]:
    """What a channel has to say, which it then says."""
    news = alerts.news(channel, AGAIN)
    if news:
        alerts.told(channel, news)
    return [(each.happening, each.alert.key) for each in news]


def test_an_alert_lives(alerts: Alerts, watch: Watch) -> None:
    alerts.saw([finding("a")], ["limit"])
    assert said(alerts) == [("new", "limit:a")]
    assert said(alerts) == []
    watch.move(hours=23)
    alerts.saw([finding("a")], ["limit"])
    assert said(alerts) == []
    watch.move(hours=1)
    assert said(alerts) == [("lasting", "limit:a")]
    [alert] = alerts.current()
    assert (alert.n_seen, alert.facts["n"], alert.kind) == (2, 3, "limit")
    assert alert.last_sent == watch()
    assert alert.last_seen == watch() - timedelta(hours=1)
    alerts.saw([], ["limit"])
    assert alerts.current() == []
    assert said(alerts) == [("ended", "limit:a")]
    assert said(alerts) == []
    alerts.forget(["hook"])
    alerts.saw([finding("a")], ["limit"])
    assert said(alerts) == [("new", "limit:a")]


def test_what_could_not_be_looked_at_has_not_ended(alerts: Alerts) -> None:
    alerts.saw([finding("a"), finding("b", "disk")], ["limit", "disk"])
    said(alerts)
    alerts.saw([], ["disk"])
    assert said(alerts) == [("ended", "disk:b")]
    assert [each.key for each in alerts.current()] == ["limit:a"]


def test_what_nobody_was_told_of_needs_no_end(alerts: Alerts) -> None:
    alerts.saw([finding("a")], ["limit"])
    alerts.saw([], ["limit"])
    assert said(alerts) == []


def test_each_channel_has_its_own_state(alerts: Alerts) -> None:
    alerts.saw([finding("a")], ["limit"])
    assert said(alerts, "mail") == [("new", "limit:a")]
    alerts.not_told("hook", "nothing listens")
    assert alerts.errors() == {"hook": "nothing listens"}
    assert said(alerts, "mail") == []
    assert said(alerts, "hook") == [("new", "limit:a")]
    assert alerts.errors() == {}
    alerts.saw([], ["limit"])
    assert said(alerts, "mail") == [("ended", "limit:a")]
    alerts.forget(["mail", "hook"])
    assert said(alerts, "hook") == [("ended", "limit:a")]


def test_a_channel_that_was_removed_keeps_nothing(alerts: Alerts) -> None:
    alerts.saw([finding("a")], ["limit"])
    said(alerts, "old")
    alerts.not_told("old", "it refuses")
    alerts.saw([], ["limit"])
    alerts.forget(["hook"])
    assert alerts.errors() == {}
    assert said(alerts, "old") == []


def test_what_comes_back_before_its_end_was_told(alerts: Alerts, watch: Watch) -> None:
    alerts.saw([finding("a")], ["limit"])
    said(alerts)
    alerts.saw([], ["limit"])
    watch.move(minutes=5)
    alerts.saw([finding("a")], ["limit"])
    assert said(alerts) == []
    assert alerts.current()[0].first_seen == watch()


def test_a_clock_that_is_set_back_silences_nothing(alerts: Alerts, watch: Watch) -> None:
    alerts.saw([finding("a")], ["limit"])
    said(alerts)
    watch.move(days=-300)
    assert said(alerts) == [("lasting", "limit:a")]


def test_messages_of_an_hour(alerts: Alerts, watch: Watch) -> None:
    for number in range(3):
        assert alerts.has_room("hook", 3)
        alerts.saw([finding(str(number))], [])
        said(alerts)
        watch.move(minutes=10)
    assert not alerts.has_room("hook", 3)
    assert alerts.has_room("mail", 3)
    watch.move(minutes=30)
    assert alerts.has_room("hook", 3)


def test_one_message_lists_many_and_counts_the_rest(clinic: Clinic, hook: Site) -> None:
    clinic.channels = (webhook(hook.url),)
    Alerts(clinic.store, clinic.watch).saw([finding(f"{n:02}") for n in range(50)], [])
    alerter = clinic.alerter()
    found = Alerts(clinic.store, clinic.watch)
    alerter._teller.tell(Event())
    [body] = bodies(hook)
    assert (len(body["alerts"]), body["n_more"]) == (20, 30)
    assert "and 30 more" in body["text"]
    assert found.news("hook", AGAIN) == []


def test_what_did_not_fit_into_the_hour_comes_in_the_next(clinic: Clinic, hook: Site) -> None:
    clinic.channels = (webhook(hook.url),)
    clinic.settings = {"most_per_hour": 1}
    clinic.say("keeper", "the disk fails", is_well=False)
    clinic.turn()
    clinic.say("receiver", "no port", is_well=False)
    clinic.turn()
    clinic.say("scorer-1", "no model", is_well=False)
    clinic.turn()
    assert happenings(hook) == [[("new", "part:keeper")]]
    clinic.watch.move(hours=1)
    for part in ("keeper", "receiver", "scorer-1"):
        clinic.say(part, "still so", is_well=False)
    clinic.turn()
    assert happenings(hook)[1:] == [[("new", "part:receiver"), ("new", "part:scorer-1")]]


def test_a_restart_repeats_nothing(clinic: Clinic, hook: Site) -> None:
    clinic.channels = (webhook(hook.url),)
    clinic.say("keeper", "the disk fails", is_well=False)
    for _ in range(3):
        clinic.turn(clinic.alerter())
    assert happenings(hook) == [[("new", "part:keeper")]]
    clinic.say("keeper")
    clinic.turn(clinic.alerter())
    assert happenings(hook)[1:] == [[("ended", "part:keeper")]]
    assert Alerts(clinic.store).current() == []


@pytest.fixture
def broken() -> Iterator[Site]:
    """A server that fails."""
    with site() as found:
        found.answer = lambda request: (500, {}, b"")
        yield found


def test_a_channel_that_fails_is_retried_and_shown(
    clinic: Clinic, hook: Site, broken: Site
) -> None:
    from ctiqa.clinic.records.health import Health

    clinic.channels = webhook(broken.url, "broken"), webhook(hook.url)
    clinic.say("keeper", "the disk fails", is_well=False)
    alerter = clinic.alerter()
    clinic.turn(alerter)
    clinic.turn(alerter)
    assert len(broken.requests) == 2
    assert len(hook.requests) == 1
    sign = next(each for each in Health(clinic.store).signs() if each.part == "alerter")
    assert not sign.is_well
    assert sign.sentence == (
        "1 thing is wrong; 'broken' cannot send alerts: it fails or is overloaded; see its log "
        "(HTTP status 500)"
    )
    broken.answer = lambda request: (204, {}, b"")
    clinic.turn(alerter)
    clinic.turn(alerter)
    assert len(broken.requests) == 3
    sign = next(each for each in Health(clinic.store).signs() if each.part == "alerter")
    assert sign.is_well
