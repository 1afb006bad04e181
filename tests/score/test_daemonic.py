"""Compressed scans are read wherever a program runs: in daemons, forks and nested processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import pytest

EXAMPLE = Path(str(files("ctiqa").joinpath("assets/example")))
"""Ten slices, compressed without loss."""

METHODS = multiprocessing.get_all_start_methods()


def score(jobs: int) -> tuple[float | None, int]:
    """Score the example scan; runs in processes of its own."""
    os.environ["CTIQA_ENGINE"] = "onnxruntime"
    from ctiqa import Scorer

    scan = Scorer(jobs=jobs).score(EXAMPLE)
    return scan.score and round(scan.score, 2), len(scan.slices)


def score_as_a_pool_would(jobs: int) -> tuple[float | None, int]:
    """As a worker of Celery or a scheduler, which is a daemon itself."""
    assert multiprocessing.current_process().daemon
    return score(jobs)


@pytest.fixture(scope="module")
def expected() -> tuple[float | None, int]:
    return score(1)


@pytest.mark.parametrize("method", METHODS)
def test_in_a_daemon(method: str, expected: tuple[float | None, int]) -> None:
    """Daemonic processes may have no children of multiprocessing's own."""
    context = multiprocessing.get_context("spawn" if method == "fork" else method)
    with context.Pool(1) as pool:
        assert pool.map_async(score_as_a_pool_would, [1, 2]).get(120) == [expected, expected]


@pytest.mark.skipif("fork" not in METHODS, reason="needs fork")
def test_in_a_process_forked_off_one_that_has_read(expected: tuple[float | None, int]) -> None:
    """As Celery does before its workers begin; the script forks while it has one thread."""
    code = (
        "import multiprocessing, sys\n"
        "from pathlib import Path\n"
        "from ctiqa.io import find_scans, stream_slices\n"
        "def read(path):\n"
        "    (scan,) = find_scans([Path(path)], jobs=2).scans\n"
        "    return sum(hasattr(s, 'hu') for s in stream_slices(scan.headers, jobs=2))\n"
        "first = read(sys.argv[1])\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    print(first, pool.map_async(read, [sys.argv[1]] * 2).get(60), read(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, EXAMPLE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "10 [10, 10] 10\n", done.stderr


def test_in_a_pool_of_processes(expected: tuple[float | None, int]) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(score, 2).result(120) == expected


def test_in_threads_at_once(expected: tuple[float | None, int]) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(score, [1, 2, 1, 2])) == [expected] * 4
