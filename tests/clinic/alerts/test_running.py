"""The alerter as it runs in the service."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from tests.clinic.alerts.conftest import Clinic, happenings, webhook
from tests.clinic.sending.peers import Request, Site, site

from ctiqa.clinic.alerts import run_alerter, teller
from ctiqa.clinic.alerts.channels.webhook import send_webhook
from ctiqa.clinic.records.alerts import Alerts
from ctiqa.clinic.records.clock import utc_now
from ctiqa.clinic.records.health import Health


def wait_for(what: Callable[[], Any]) -> None:
    """Until something is true; fails after a minute."""
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_it_looks_again_and_again_and_ends(clinic: Clinic, hook: Site) -> None:
    clinic.watch.time = utc_now()
    clinic.all_well()
    clinic.channels = (webhook(hook.url),)
    clinic.settings = {"every_seconds": 1}
    stop = Event()
    thread = Thread(target=run_alerter, args=(clinic.config(), stop), kwargs={"grace_s": 0.0})
    thread.start()
    try:
        wait_for(lambda: "alerter" in {each.part for each in Health(clinic.store).signs()})
        clinic.say("keeper", "the disk fails", is_well=False)
        wait_for(lambda: hook.requests)
        clinic.say("keeper")
        wait_for(lambda: len(hook.requests) == 2)
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert happenings(hook) == [[("new", "part:keeper")], [("ended", "part:keeper")]]


def test_after_a_start_nobody_is_called_silent_at_once(clinic: Clinic, hook: Site) -> None:
    clinic.channels = (webhook(hook.url),)
    stop = Event()
    thread = Thread(target=run_alerter, args=(clinic.config(), stop))
    thread.start()
    wait_for(lambda: "alerter" in {each.part for each in Health(clinic.store).signs()})
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert hook.requests == []
    assert Alerts(clinic.store).current() == []


def test_a_channel_that_hangs_holds_up_no_other(
    clinic: Clinic, hook: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teller, "MOST_WAIT_S", 0.5)
    go_on = Event()

    def late(request: Request) -> tuple[int, dict[str, str], bytes]:
        go_on.wait(60)
        return 200, {}, b""

    with site() as slow:
        slow.answer = late
        clinic.channels = webhook(slow.url, "slow"), webhook(hook.url)
        alerter = clinic.alerter()
        clinic.say("keeper", "the disk fails", is_well=False)
        clinic.turn(alerter)
        wait_for(lambda: hook.requests)
        clinic.say("keeper")
        clinic.turn(alerter)
        wait_for(lambda: len(hook.requests) == 2)
        assert len(slow.requests) == 1
        go_on.set()
        wait_for(lambda: not alerter._teller.is_busy())
        clinic.turn(alerter)
        wait_for(lambda: len(slow.requests) == 2)
    assert happenings(hook) == [[("new", "part:keeper")], [("ended", "part:keeper")]]
    assert happenings(slow) == happenings(hook)


def test_what_nobody_expects_costs_one_channel_only(
    clinic: Clinic, hook: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(channel: Any, message: Any) -> None:
        if channel.name == "broken":
            raise KeyError("Planted^Zachary")
        send_webhook(channel, message)

    monkeypatch.setattr(teller, "send_webhook", broken)
    clinic.channels = webhook(hook.url, "broken"), webhook(hook.url)
    clinic.say("keeper", "the disk fails", is_well=False)
    clinic.turn()
    assert len(hook.requests) == 1
    errors = Alerts(clinic.store).errors()
    assert errors == {"broken": "ctiqa cannot send it (KeyError)"}
