"""The results for one target: those that are due are sent, and what became of them is recorded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Protocol

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.sending import DicomTarget, Target
from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.deliveries import Deliveries, Delivery
from ctiqa.clinic.sending.answer import Answer, Parcel
from ctiqa.clinic.sending.dicom import DicomSender
from ctiqa.clinic.sending.parcels import parcel_of
from ctiqa.clinic.sending.pauses import LEAST_FACTOR, is_to_give_up, pause
from ctiqa.clinic.sending.stow import StowSender

BATCH = 100
"""Number of results on one association."""


class TargetSender(Protocol):
    """Sends results to one target."""

    def send(self, parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, Answer]]:
        """Send some results; yields those that were tried, each with the answer."""
        ...

    def end(self) -> None:
        """Give up what is in hand, because the program ends; called by another thread."""
        ...


def sender_of(target: Target, config: Config) -> TargetSender:
    """How results are sent to a target."""
    if isinstance(target, DicomTarget):
        return DicomSender(target, target.calling or config.listen.ae_title)
    return StowSender(target)


class TargetLine:
    """The results for one target.

    Args:
        target: The target.
        out: Folder of the results.
        deliveries: What is to be sent.
        sender: Sends it.
        now: The clock.
        jitter: Share of a pause that is waited, drawn anew for each turn.
    """

    def __init__(
        self,
        target: Target,
        out: Path,
        deliveries: Deliveries,
        sender: TargetSender,
        *,
        now: Clock = utc_now,
        jitter: Callable[[], float] = lambda: random.uniform(LEAST_FACTOR, 1.0),
    ) -> None:
        self._target = target
        self._out = out
        self._deliveries = deliveries
        self._sender = sender
        self._now = now
        self._jitter = jitter

    def turn(self, stop: Event) -> int:
        """Send what is due, until nothing is.

        If the target cannot be reached, all results that are due share this failure, and the
        random part of the pause: they are tried again together, with one connection.

        Args:
            stop: Ends the turn after the result in hand.

        Returns:
            Number of tries.

        Raises:
            OutputError: If the database cannot be reached. What was sent and not recorded is sent
                again, which changes nothing in the archive.
        """
        factor, tries = self._jitter(), 0
        down: Answer | None = None
        while not stop.is_set() and (due := self._due()):
            for delivery, answer in self._tried(due, down):
                self._record(delivery, answer, factor)
                down = answer if answer.is_of_target else down
                tries += 1
                if stop.is_set():
                    break
        return tries

    def end(self) -> None:
        """Give up what is in hand, because the program ends."""
        self._sender.end()

    def _due(self) -> list[Delivery]:
        return self._deliveries.due(BATCH, target=self._target.name)

    def _tried(
        self, due: Sequence[Delivery], down: Answer | None
    ) -> Iterator[tuple[Delivery, Answer]]:
        """Try some results; once the target is down, the answer is the same for all."""
        if down is not None:
            yield from ((each, down) for each in due)
            return
        parcels = []
        for delivery in due:
            found = parcel_of(delivery, self._out)
            if isinstance(found, Answer):
                yield delivery, found
            else:
                parcels.append(found)
        if parcels:
            yield from ((parcel.delivery, answer) for parcel, answer in self._sender.send(parcels))

    def _record(self, delivery: Delivery, answer: Answer, factor: float) -> None:
        now = self._now()
        if answer.verdict == "sent":
            self._deliveries.sent(delivery)
        elif answer.verdict == "never":
            self._deliveries.failed(delivery, answer.sentence)
        elif is_to_give_up(delivery, now, self._target.give_up_hours):
            hours = self._target.give_up_hours
            self._deliveries.failed(
                delivery,
                f"given up after {hours:g} h and {delivery.tries + 1} tries: {answer.sentence}",
            )
        else:
            next_try = now + pause(delivery.tries + 1) * factor
            self._deliveries.postponed(delivery, answer.sentence, next_try)
