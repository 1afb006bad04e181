"""An archive that is down for an hour: nothing is lost, and the pauses are as documented."""

from __future__ import annotations

from threading import Event

import pytest
from tests.clinic.conftest import START, Watch
from tests.clinic.sending.conftest import Outbox, OutboxOf, closed_port, dicom
from tests.clinic.sending.peers import archive

from ctiqa.clinic.config import Config
from ctiqa.clinic.records.deliveries import Deliveries, Delivery
from ctiqa.clinic.sending.line import TargetLine, sender_of
from ctiqa.clinic.sending.pauses import is_to_give_up, pause
from ctiqa.clinic.sending.running import REMOVED, Sender
from ctiqa.store import open_store
from ctiqa.store.store import Store


def test_an_hour_and_a_restart(
    store: Store, address: str, outbox_of: OutboxOf, watch: Watch
) -> None:
    outbox = outbox_of(store)
    outbox.put("1.2.1", "1.2.2")
    port = closed_port()
    tried_at = []
    while watch() <= START.replace(hour=13):
        if outbox.turn(dicom(port)):
            tried_at.append((watch() - START).seconds)
        watch.move(seconds=10)
    assert tried_at == [0, 30, 90, 210, 450, 930, 1890]
    assert outbox.states() == [("waiting", 7)] * 2
    # A sender that is started anew knows when to go on.
    with open_store(address) as again, archive(port=port) as pacs:
        restarted = outbox_of(again)
        assert restarted.turn(dicom(port)) == 0
        watch.move(seconds=3810 - 3610)
        assert restarted.turn(dicom(port)) == 2
        assert pacs.uids == ["1.2.1", "1.2.2"]
    assert outbox.states() == [("sent", 8)] * 2


def test_many_results_cost_one_connection_while_the_target_is_down(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ctiqa.clinic.sending import line

    monkeypatch.setattr(line, "BATCH", 2)
    outbox.put(*(f"1.2.{n}" for n in range(1, 6)))
    with archive(callers=["OTHER"]) as pacs:
        assert outbox.turn(dicom(pacs.port)) == 5
        assert pacs.n_associations == 1
    assert outbox.states() == [("waiting", 1)] * 5
    with archive() as pacs:
        outbox.watch.move(seconds=30)
        assert outbox.turn(dicom(pacs.port)) == 5
        # As many as fit into the batches.
        assert pacs.n_associations == 3


def test_a_result_is_given_up_in_the_end(outbox: Outbox) -> None:
    outbox.put("1.2.1")
    target = dicom(closed_port(), give_up_hours=2)
    for _ in range(30):
        outbox.turn(target)
        outbox.watch.move(minutes=30)
    [(state, tries)] = outbox.states()
    assert (state, tries) == ("failed", 8)
    assert outbox.error().startswith("given up after 2 h and 8 tries: nothing listens")
    [given_up] = outbox.deliveries.listed("failed")
    assert outbox.deliveries.try_again(given_up.id)
    with archive() as pacs:
        assert outbox.turn(dicom(pacs.port)) == 1
    assert outbox.states() == [("sent", 1)]


def test_one_failure_after_a_holiday_gives_nothing_up(outbox: Outbox) -> None:
    outbox.put("1.2.1")
    outbox.watch.move(days=21)
    outbox.turn(dicom(closed_port()))
    assert outbox.states() == [("waiting", 1)]
    waiting = outbox.deliveries.listed("waiting")[0]
    assert not is_to_give_up(waiting, outbox.watch(), 168)


def test_a_clock_that_jumps_keeps_no_result_for_ever(outbox: Outbox) -> None:
    port = closed_port()
    outbox.put("1.2.1")
    outbox.turn(dicom(port))
    outbox.watch.move(days=-400)
    assert outbox.turn(dicom(port)) == 1
    outbox.watch.move(days=800)
    assert outbox.turn(dicom(port)) == 1
    assert outbox.states() == [("waiting", 3)]


def test_the_random_part_shortens_a_pause(outbox: Outbox) -> None:
    outbox.put("1.2.1", "1.2.2")
    target = dicom(closed_port())
    sender = sender_of(target, Config())
    line = TargetLine(target, outbox.folder, outbox.deliveries, sender, now=outbox.watch)
    pauses = set()
    for _ in range(5):
        line.turn(Event())
        due = {each.next_try for each in outbox.deliveries.listed("waiting")}
        # Together, so that one connection is enough.
        assert len(due) == 1
        tries = outbox.states()[0][1]
        share = (due.pop() - outbox.watch()) / pause(tries)
        assert 0.8 <= share <= 1.0
        pauses.add(share)
        outbox.watch.move(hours=1)
    assert len(pauses) > 1


def test_a_file_that_is_gone_or_damaged(outbox: Outbox) -> None:
    outbox.folder.mkdir()
    outbox.promise("gone.dcm")
    outbox.promise("../elsewhere.dcm")
    (outbox.folder / "text.dcm").write_text("no DICOM")
    outbox.promise("text.dcm")
    outbox.put("1.2.1")
    with archive() as pacs:
        outbox.turn(dicom(pacs.port))
    assert [state for state, _ in outbox.states()] == ["failed"] * 3 + ["sent"]
    errors = {each.file: each.error or "" for each in outbox.deliveries.listed("failed")}
    assert "no longer in the spool" in errors["gone.dcm"]
    assert "damaged" in errors["text.dcm"]


def test_a_target_that_was_removed(outbox: Outbox) -> None:
    outbox.put("1.2.1", target="old")
    outbox.put("1.2.2")
    sender = Sender(Config(send=(dicom(104),)), outbox.store, outbox.watch)
    sender.tell()
    assert outbox.states() == [("failed", 0), ("waiting", 0)]
    assert outbox.deliveries.listed("failed")[0].error == REMOVED


def test_stop_ends_a_turn_after_the_result_in_hand(outbox: Outbox) -> None:
    outbox.put("1.2.1", "1.2.2")
    stop = Event()

    class Stopping(Deliveries):
        def sent(self, delivery: Delivery) -> None:
            super().sent(delivery)
            stop.set()

    with archive() as pacs:
        outbox.deliveries = Stopping(outbox.store, outbox.watch)
        assert outbox.line(dicom(pacs.port)).turn(stop) == 1
    assert outbox.states() == [("sent", 1), ("waiting", 0)]
