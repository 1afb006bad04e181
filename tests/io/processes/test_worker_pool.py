"""The pool of worker processes."""

from __future__ import annotations

import time

from ctiqa.io.processes.worker_pool import WorkerPool

CPU_S = 20.0


def double(number: int) -> int:
    return 2 * number


def test_a_process_that_died_while_it_waited_is_replaced() -> None:
    pool = WorkerPool()
    pool.start_workers(1)
    with pool.acquire() as process:
        assert process.call(double, 1, CPU_S) == 2
        first = process
    first.kill()
    time.sleep(0.2)
    with pool.acquire() as process:
        assert process is not first
        assert process.call(double, 2, CPU_S) == 4
    pool.dismiss()
