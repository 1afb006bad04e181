"""Uploads that are scored at the same time, each in a process of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ctiqa.clinic.config import Config
from ctiqa.web.problems import Problem, ProblemError
from ctiqa.web.uploads.receiving import MOST_FILES, receive
from ctiqa.web.uploads.room import Room
from ctiqa.web.uploads.task import REPORT, Outcome, Task

LOG = logging.getLogger("ctiqa.web")

CHILD = "ctiqa.web.uploads.child"
"""Module that scores, in a process of its own."""

SCORE_S = 900.0
"""Longest time that a series is scored, in seconds."""

LOOK_S = 1.0
"""Time between two looks whether the client is still there, in seconds."""

UNPACKED = 4
"""How many times the size of an upload an archive may unpack to."""

BUSY = Problem(
    503,
    "busy",
    "the server must be free: it scores as many uploads as it may",
    "try again in a moment",
    headers={"Retry-After": "30"},
)

DISK_FULL = Problem(
    503,
    "disk_full",
    "the upload cannot be kept while it is scored",
    "free space in the temporary folder of the server",
)

CRASHED = Problem(
    422,
    "crashed",
    "the process that scored the series must not crash or take too long",
    "report it, with a series that may be shared",
)

GONE = Problem(400, "gone", "the client must wait for the answer", "try again")


class Uploads:
    """Scores uploads.

    Args:
        config: The configuration.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._n_running = 0
        self._room: Room | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Take one of the places; call it before the body is read.

        Raises:
            ProblemError: 503 if none is free.
        """
        if self._n_running >= self._config.web.most_uploads:
            raise ProblemError(BUSY)
        self._n_running += 1
        try:
            yield
        finally:
            self._n_running -= 1

    async def report(
        self,
        body: AsyncIterator[bytes],
        content_type: str,
        is_gone: Callable[[], Awaitable[bool]],
    ) -> bytes:
        """The JSON report of the series in a body.

        Args:
            body: Its pieces.
            content_type: Header *Content-Type*.
            is_gone: Whether the client has closed the connection.

        Raises:
            ProblemError: If it is no series that can be scored.
        """
        self._room = self._room or Room()
        with self._room.folder() as folder:
            try:
                name = await receive(body, content_type, folder)
            except OSError as error:
                LOG.error("an upload cannot be kept: %s", error)
                raise ProblemError(DISK_FULL) from None
            await _run(self._task(folder, name), is_gone)
            return _result(folder)

    def close(self) -> None:
        """Remove what is left."""
        if self._room is not None:
            self._room.close()

    def _task(self, folder: Path, name: str) -> Task:
        score = self._config.score
        return Task(
            folder=str(folder),
            name=name,
            most_bytes=UNPACKED * self._config.web.most_upload_megabytes << 20,
            most_files=MOST_FILES,
            model=score.model,
            engine=score.engine,
            calibration=None if score.calibration is None else str(score.calibration),
        )


async def _run(task: Task, is_gone: Callable[[], Awaitable[bool]]) -> None:
    """Run the process until it ends, the time is over, or the client is gone."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        CHILD,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        # Libraries could name files there.
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        if process.stdin is not None:
            process.stdin.write(f"{task.to_json()}\n".encode())
        await _ended(process, is_gone)
    finally:
        # Its readers of compressed files too.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _ended(
    process: asyncio.subprocess.Process, is_gone: Callable[[], Awaitable[bool]]
) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + SCORE_S
    waiting = asyncio.ensure_future(process.wait())
    while not waiting.done():
        await asyncio.wait({waiting}, timeout=LOOK_S)
        if loop.time() > end:
            LOG.error("scoring an upload took longer than %g s", SCORE_S)
            return
        if await is_gone():
            raise ProblemError(GONE)
    if process.returncode:
        LOG.error("the process that scored an upload ended with status %d", process.returncode)


def _result(folder: Path) -> bytes:
    outcome = Outcome.read(folder)
    if outcome is None:
        raise ProblemError(CRASHED)
    if outcome.rule:
        raise ProblemError(
            Problem(
                outcome.status,
                outcome.code,
                outcome.rule,
                outcome.remedy,
                reasons=outcome.reasons or {},
            )
        )
    return (folder / REPORT).read_bytes()
