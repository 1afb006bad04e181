"""Run the tasks of a data set in parallel; interrupted runs resume at the first open task."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import Any

from ctiqa.data.manifest import SHARDS
from ctiqa.data.task import Task, record_file, write_shard
from ctiqa.errors import DataError, ProcessError
from ctiqa.io.atomic import make_folder
from ctiqa.text.strict_json import read_json

TaskProgress = Callable[[int, int], None]
"""Progress callback with (tasks completed, total tasks)."""


def run_tasks(
    tasks: Sequence[Task], out: Path, *, jobs: int, progress: TaskProgress | None
) -> None:
    """Run all tasks that are not yet complete.

    Args:
        tasks: All tasks of the data set.
        out: Folder of the data set.
        jobs: Worker processes.
        progress: Progress callback.

    Raises:
        DataError: If the folder holds tasks with a different patient split, because the collection
            has changed; no task is run then.
        OutputError: If the folder cannot be created or written to.
        ProcessError: If a worker process was terminated externally.
    """
    shards = out / SHARDS
    make_folder(shards)
    done = [t for t in tasks if record_file(t, shards).exists()]
    _check_finished(done, shards)
    finished = {t.name for t in done}
    todo = [t for t in tasks if t.name not in finished]
    for count, _ in enumerate(_work(todo, shards, jobs), start=len(done) + 1):
        if progress:
            progress(count, len(tasks))


def read_records(task: Task, out: Path) -> list[dict[str, Any]]:
    """The records of a completed task.

    Raises:
        DataError: If the file is damaged.
    """
    return _records(task, out / SHARDS)


def _records(task: Task, shards: Path) -> list[dict[str, Any]]:
    file = record_file(task, shards)
    try:
        return _examples(read_json(file))
    except (OSError, ValueError) as error:
        raise DataError(f"'{file}' is not a list of examples ({error}); remove it") from None


def _examples(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, list) and all(isinstance(each, dict) for each in content):
        return content
    raise ValueError("it must be a JSON list of objects")


def _check_finished(tasks: Sequence[Task], shards: Path) -> None:
    strangers = [t.name for t in tasks if not _fits(t, _records(t, shards))]
    if strangers:
        shown = ", ".join(strangers[:5]) + (", …" if len(strangers) > 5 else "")
        raise DataError(
            f"'{shards}' holds {len(strangers)} slices that are split differently now ({shown}): "
            "the collection has changed; choose another folder or remove this one"
        )


def _fits(task: Task, records: Sequence[dict[str, Any]]) -> bool:
    """Whether records match the task; without tissue there are none, of a noisy slice fewer."""
    places = {(str(r.get("split")), str(r.get("fold"))) for r in records}
    whole = len(records) <= task.examples and places == {(task.place.split, str(task.place.fold))}
    return whole or not records


def _work(tasks: Sequence[Task], shards: Path, jobs: int) -> Iterator[None]:
    if jobs <= 1:
        for task in tasks:
            write_shard(task, shards)
            yield
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        for future in as_completed([pool.submit(write_shard, task, shards) for task in tasks]):
            future.result()
            yield
    except BrokenProcessPool as error:
        raise ProcessError(
            "a process that made examples was ended from outside; free memory or use fewer --jobs, "
            "and call again: what is done is kept"
        ) from error
    finally:
        # After an error or Ctrl-C, slices that have not started are cancelled.
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Limit a worker to one core, and end it when its parent process is killed."""
    if (parent := parent_process()) is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    try:
        import numba  # noqa: PLC0415 - optional
    except ImportError:
        return
    numba.set_num_threads(1)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
