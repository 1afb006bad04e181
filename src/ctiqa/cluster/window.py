"""A sliding window of submitted tasks, so that the scheduler stays small whatever the archive."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event

from ctiqa.cluster.books import Say, silent
from ctiqa.cluster.engines.libraries import Future, library
from ctiqa.cluster.engines.opening import Running
from ctiqa.cluster.tasks import Done, Task, UnitError, run_task
from ctiqa.errors import CtiqaError, OutputError, ProcessError
from ctiqa.text.plain_text import clean

LEAST = 64
"""Tasks that are submitted at once, at least."""

PER_WORKER = 3
"""Tasks per worker that are submitted at once."""

RETRIES = 2
"""How often a task that raises an error is tried again, by another worker if possible."""

POLL_S = 0.2
"""How often a stop is looked for, in seconds."""

COUNT_S = 5.0
"""How often workers are counted, in seconds."""

GATHER_S = 60.0
"""How long the answer of a task may take, in seconds; its worker may have died meanwhile."""

Died = Callable[[Task, str], None]
"""Called with a task that cannot be done, and what happened."""


class Window:
    """Runs tasks on a cluster.

    Args:
        workers: The workers.
        tasks: The tasks.
        stop: Once it is set, no further task is submitted, and none is waited for.
        say: Told when there are no workers, or none any more.
    """

    def __init__(
        self, workers: Running, tasks: Iterator[Task], stop: Event, say: Say = silent
    ) -> None:
        self._client = workers.client
        self._keep = workers.keep
        self._tasks = tasks
        self._stop = stop
        self._say = say
        self._again: deque[Task] = deque()
        self._running: dict[str, tuple[Task, Future]] = {}
        self._finished: SimpleQueue[str] = SimpleQueue()
        self._submitted = 0
        self._size = LEAST
        self._counted = 0.0
        self._is_alone = False

    def again(self, task: Task) -> None:
        """Try a task after those that are running."""
        self._again.append(task)

    def results(self, died: Died) -> Iterator[tuple[Task, Done]]:
        """Run all tasks.

        Args:
            died: Called with tasks whose worker died, or on which an unexpected error was raised.

        Yields:
            Every task that was done, in any order.

        Raises:
            CtiqaError: If a task has failed for a reason that others would fail for, too.
            OutputError: If the scheduler is gone.
        """
        try:
            while not self._stop.is_set():
                self._fill()
                if not self._running:
                    return
                with suppress(Empty):
                    name = self._finished.get(timeout=POLL_S)
                    yield from self._taken(name, died)
        finally:
            self._drop()

    def _fill(self) -> None:
        self._measure()
        while len(self._running) < self._size and not self._stop.is_set():
            task = self._again.popleft() if self._again else next(self._tasks, None)
            if task is None:
                return
            self._submit(task)

    def _measure(self) -> None:
        """Let the window grow with the cluster, and the cluster keep its size."""
        now = time.monotonic()
        if now - self._counted > COUNT_S:
            self._counted = now
            self._keep()
            count = len(self._client.nthreads())
            if not count and not self._is_alone:
                self._say("No worker is there; the survey goes on as soon as one has started.")
            self._is_alone = not count
            self._size = max(LEAST, PER_WORKER * count)

    def _submit(self, task: Task) -> None:
        # The number tells a second try from the first one, which dask may still remember.
        name = f"ctiqa-{task.key}-{self._submitted}"
        self._submitted += 1
        future = self._client.submit(run_task, task, key=name, retries=RETRIES, pure=False)
        self._running[name] = task, future
        future.add_done_callback(lambda _future: self._finished.put(name))

    def _taken(self, name: str, died: Died) -> Iterator[tuple[Task, Done]]:
        """What has become of a task."""
        task, future = self._running.pop(name)
        answer = _answer(future)
        future.release()
        if isinstance(answer, Done):
            yield task, answer
        elif answer is None:
            self.again(task)
        else:
            died(task, _why(answer))

    def _drop(self) -> None:
        """Forget what is running; what a worker has begun it may finish, and its part counts."""
        futures = [future for _, future in self._running.values()]
        self._running.clear()
        if futures:
            with suppress(Exception):
                self._client.cancel(futures, force=True)


def _answer(future: Future) -> Done | BaseException | None:
    """The answer of a task or its error; ``None`` if the answer was lost with its worker."""
    if future.status == "error":
        found: BaseException = future.exception(timeout=GATHER_S)
        return found
    if future.status == "cancelled":
        raise OutputError(
            "the connection to the scheduler is lost; start it again, then repeat the command: "
            "what is done stays done"
        )
    if future.status != "finished":
        return None
    try:
        answer: Done = future.result(timeout=GATHER_S)
    except TimeoutError:
        return None
    return answer


def _why(error: BaseException) -> str:
    """What happened to one task; what would happen to every task is raised."""
    if isinstance(error, UnitError):
        return str(error)
    if isinstance(error, library("distributed").KilledWorker):
        return "the worker died"
    if isinstance(error, CtiqaError):
        raise error
    raise ProcessError(
        f"a worker cannot run tasks: {type(error).__name__}: {clean(str(error), 200)}; install "
        "the same version of ctiqa, with the same extras, on all computers"
    ) from None
