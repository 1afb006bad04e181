"""Who is connected: limits, so that no sender can keep others out."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from ctiqa.clinic.receiving.protocol.connection import Connection

MOST_WAITING = 32
"""Connections without an association; a further one takes the place of one of these."""


@dataclass(eq=False, slots=True)
class Guest:
    """Somebody who is connected.

    Attributes:
        connection: The connection.
        address: IP address of the sender.
        caller: Its AE title; empty until it has an association.
    """

    connection: Connection
    address: str
    caller: str = ""


class Seats:
    """Connections and associations, limited in number.

    Args:
        most: Associations at once.
        keep_one_free: Whether the last seat is not for a caller that has all others, because
            several callers are expected.
    """

    def __init__(self, most: int, *, keep_one_free: bool) -> None:
        self._most = most
        self._most_of_caller = max(1, most - 1) if keep_one_free else most
        self._lock = threading.Lock()
        self._guests: list[Guest] = []

    def enter(self, guest: Guest) -> None:
        """Somebody has connected. If too many wait, one who has waited long is let go."""
        with self._lock:
            waiting = [each for each in self._guests if not each.caller]
            if len(waiting) >= MOST_WAITING:
                self._dismissed(waiting).connection.interrupt()
            self._guests.append(guest)

    def sit(self, guest: Guest, caller: str) -> bool:
        """Whether there is a seat for an association; it is taken."""
        with self._lock:
            taken = Counter(each.caller for each in self._guests if each.caller)
            is_free = taken.total() < self._most and taken[caller] < self._most_of_caller
            if is_free:
                guest.caller = caller
            return is_free

    def leave(self, guest: Guest) -> None:
        """Somebody has gone."""
        with self._lock:
            if guest in self._guests:
                self._guests.remove(guest)

    def interrupt_all(self) -> None:
        """End all connections; answers that are being given are given."""
        with self._lock:
            for each in self._guests:
                each.connection.interrupt()

    @property
    def n_associations(self) -> int:
        """Number of associations."""
        with self._lock:
            return sum(bool(each.caller) for each in self._guests)

    def _dismissed(self, waiting: list[Guest]) -> Guest:
        """The oldest of the address from which most wait."""
        address, _ = Counter(each.address for each in waiting).most_common(1)[0]
        oldest = next(each for each in waiting if each.address == address)
        self._guests.remove(oldest)
        return oldest
