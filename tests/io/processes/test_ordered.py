"""Work in other processes: in order, bounded, and whatever happens to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import pytest

from ctiqa.errors import ProcessError
from ctiqa.io.processes import apart, in_order
from ctiqa.io.processes import process as process_module
from ctiqa.io.processes.worker_pool import WORKERS

CPU_S = 20.0


def double(number: int) -> int:
    return 2 * number


def double_or_die(number: int, victim: int) -> int:
    if number == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def double_or_spin(number: int, victim: int) -> int:
    while number == victim:
        pass
    return 2 * number


def raise_key(number: int) -> int:
    raise KeyError(number)


def fill_memory(count: int) -> int:
    return len(bytearray(count))


def print_noise(number: int) -> int:
    os.write(1, b"noise")
    print("noise")
    return number


def size_of(file: str) -> int:
    return Path(file).stat().st_size


def no_size(file: str) -> int:
    return -1


def lost(number: int) -> int:
    return -number


def doubled(count: int) -> list[int]:
    return [2 * number for number in range(count)]


def test_results_come_in_order_and_items_are_drawn_only_as_far_as_needed() -> None:
    drawn = 0

    def count() -> Iterator[int]:
        nonlocal drawn
        for number in range(100):
            drawn += 1
            yield number

    results = in_order(double, count(), lost, jobs=2, ahead=4, cpu_s=CPU_S)
    assert [next(results) for _ in range(10)] == doubled(10)
    assert drawn <= 14
    list(results)
    assert drawn == 100


@pytest.mark.parametrize("task", [double_or_die, double_or_spin])
@pytest.mark.parametrize("victim", [0, 5, 11])
def test_a_process_that_dies_or_hangs_costs_one_item(task: object, victim: int) -> None:
    assert callable(task)
    expected = doubled(12)
    expected[victim] = -victim
    work = partial(task, victim=victim)
    assert list(in_order(work, range(12), lost, jobs=2, ahead=4, cpu_s=0.5)) == expected


def test_what_a_task_raises_is_raised_here() -> None:
    with pytest.raises(KeyError, match="3"):
        apart(raise_key, 3, lost, cpu_s=CPU_S)
    assert apart(double, 3, lost, cpu_s=CPU_S) == 6


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
def test_memory_is_limited() -> None:
    with pytest.raises(MemoryError):
        apart(fill_memory, 4 << 30, lost, cpu_s=CPU_S)


def test_what_a_task_prints_disturbs_nothing() -> None:
    assert list(in_order(print_noise, range(5), lost, jobs=2, ahead=2, cpu_s=CPU_S)) == [*range(5)]


def test_relative_paths_start_where_the_caller_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2, 3):
        (tmp_path / str(size)).mkdir()
        monkeypatch.chdir(tmp_path / str(size))
        Path("a").write_bytes(bytes(size))
        assert apart(size_of, "a", no_size, cpu_s=CPU_S) == size


def test_many_threads_share_the_processes() -> None:
    with ThreadPoolExecutor(8) as pool:
        work = partial(apart, double, lost=lost, cpu_s=CPU_S)
        assert list(pool.map(work, range(50))) == doubled(50)


def test_where_no_process_can_be_started_the_sentence_helps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    WORKERS.dismiss()
    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(ProcessError, match="Too many open files; raise the limit"):
        list(in_order(double, range(3), lost, jobs=2, ahead=2, cpu_s=CPU_S))


def test_on_windows_ctrl_c_does_not_reach_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, object] = {}

    def refuse(*_: object, **named: object) -> None:
        said.update(named)
        raise OSError(24, "Too many open files")

    WORKERS.dismiss()
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(ProcessError):
        list(in_order(double, range(1), lost, jobs=1, ahead=1, cpu_s=CPU_S))
    assert said["creationflags"] == 0x200


def test_a_process_that_cannot_load_its_modules_is_nobodys_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    WORKERS.dismiss()
    monkeypatch.setattr(process_module, "get_executable", lambda: "/bin/false")
    with pytest.raises(ProcessError, match="ended while it loaded"):
        list(in_order(double, range(4), lost, jobs=2, ahead=2, cpu_s=CPU_S))
    monkeypatch.undo()
    assert list(in_order(double, range(4), lost, jobs=2, ahead=2, cpu_s=CPU_S)) == doubled(4)


PARENT = """
import sys, time
from ctiqa.io.processes import in_order
from tests.io.processes.test_ordered import double, lost, slow
work = in_order({task}, range(1000), lost, jobs=3, ahead=6, cpu_s=30.0)
next(work)
print("ready", flush=True)
for _ in work:
    time.sleep(0.2)
"""


def slow(number: int) -> int:
    time.sleep(0.3)
    return number


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("task", ["double", "slow"])
def test_nothing_is_left_when_the_caller_is_killed(end: signal.Signals, task: str) -> None:
    root = str(Path(__file__).parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(task=task)],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
    ) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == b"ready\n"
        started = psutil.Process(caller.pid).children(recursive=True)
        assert len(started) == 3
        caller.send_signal(end)
        caller.wait()
        _, alive = psutil.wait_procs(started, timeout=10)
        assert alive == []


DAEMONIC = """
import multiprocessing
from ctiqa.io.processes import apart
from tests.io.processes.test_ordered import double, lost

def work(queue):
    queue.put(apart(double, 21, lost, cpu_s=20.0))

if __name__ == "__main__":
    apart(double, 1, lost, cpu_s=20.0)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=work, args=(queue,), daemon=True)
    child.start()
    print(queue.get(timeout=60), apart(double, 2, lost, cpu_s=20.0))
    child.join(30)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_daemonic_process_that_was_forked_has_processes_of_its_own(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[3])
    script = tmp_path / "daemonic.py"
    script.write_text(DAEMONIC, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert (ran.stdout, ran.stderr) == ("42 4\n", "")
