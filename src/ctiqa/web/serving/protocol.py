"""HTTP of a connection: requests must come, and answers be read, in time; floods make room."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""Longest time for the head of a request, in seconds; also from the connection to the first one."""

UNREAD_S = 30.0
"""Longest time in which a client reads nothing of its answer, in seconds."""

RESERVE = 128
"""So many of the connections that are allowed are kept for those that come."""


class TimedProtocol(H11Protocol):
    """Closes connections that hold a place without sending a request or reading an answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._began = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request; if too many wait, one that has waited long is let go."""
        self._make_room()
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Handle data; the time begins with the first byte of a head, and not again with others."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """The next request may have begun already."""
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            self._watch()

    def pause_writing(self) -> None:
        """The client does not read its answer."""
        super().pause_writing()
        self._unread_timer = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._stop_waiting_for_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_watching()
        self._stop_waiting_for_reader()
        super().connection_lost(exc)

    @property
    def is_waiting(self) -> bool:
        """Whether the server waits for the rest of a request."""
        is_unread = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        return is_unread and not self.transport.is_closing()

    def _make_room(self) -> None:
        """Let go the oldest waiting connection of the address from which most wait."""
        others = cast("set[TimedProtocol]", self.connections)
        if len(others) < (self.config.limit_concurrency or len(others) + RESERVE + 1) - RESERVE:
            return
        waiting = [each for each in others if each.is_waiting]
        if waiting:
            address, _ = Counter(map(_address, waiting)).most_common(1)[0]
            alike = [each for each in waiting if _address(each) == address]
            min(alike, key=lambda each: each._began).transport.abort()

    def _watch(self) -> None:
        # The other side is idle until it has sent a whole head.
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._stop_watching()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self._close_idle)

    def _stop_watching(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_waiting_for_reader(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _close_idle(self) -> None:
        self._head_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


def _address(protocol: TimedProtocol) -> str:
    return protocol.client[0] if protocol.client else ""
