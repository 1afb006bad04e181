"""Order, bounded memory and crashes of the slice stream."""

from __future__ import annotations

import os
import signal
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.io import make

from ctiqa.errors import Reason, UsageError
from ctiqa.io import find_scans, stream_slices
from ctiqa.io.workers import in_order
from ctiqa.types import HuImage, Skipped, Slice, SliceHeader


def headers_of(folder: Path) -> tuple[SliceHeader, ...]:
    (scan,) = find_scans([folder]).scans
    return scan.headers


def double(number: int) -> int:
    return 2 * number


def double_or_die(number: int, victim: int) -> int:
    if number == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def lost(number: int) -> int:
    return -number


@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.JPEG_LS])
def test_two_workers_give_the_same_slices(tmp_path: Path, syntax: str) -> None:
    make.write_series(tmp_path, 9, syntax=syntax)
    headers = headers_of(tmp_path)
    alone, shared = list(stream_slices(headers)), list(stream_slices(headers, jobs=2, ahead=3))
    for header, one, two in zip(headers, alone, shared, strict=True):
        assert isinstance(one, Slice)
        assert isinstance(two, Slice)
        assert one.header == two.header == header
        np.testing.assert_array_equal(one.hu, two.hu)


def test_no_hu_is_rounded_on_its_way_from_a_worker(tmp_path: Path) -> None:
    for number in range(8):
        make.write_ct(
            tmp_path / f"{number}.dcm",
            make.phantom(seed=number),
            syntax=make.JPEG_LS,
            z_mm=5.0 * number,
            RescaleSlope=0.5,
            RescaleIntercept=-1024.25,
        )
    headers = headers_of(tmp_path)
    for alone, shared in zip(stream_slices(headers), stream_slices(headers, jobs=2), strict=True):
        assert isinstance(alone, Slice)
        assert isinstance(shared, Slice)
        assert (alone.hu % 1 != 0).any()
        assert shared.hu.dtype == np.float32
        np.testing.assert_array_equal(shared.hu, alone.hu)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_damaged_slice_is_skipped_in_its_place(tmp_path: Path, jobs: int) -> None:
    paths = make.write_series(tmp_path, 8, syntax=make.JPEG_LS)
    headers = headers_of(tmp_path)
    paths[3].write_bytes(paths[3].read_bytes()[:-3000])
    read = list(stream_slices(headers, jobs=jobs))
    assert [type(each) for each in read] == [*[Slice] * 3, Skipped, *[Slice] * 4]
    skipped = read[3]
    assert isinstance(skipped, Skipped)
    assert (skipped.file, skipped.reason) == (paths[3], Reason.TRUNCATED)


@pytest.mark.parametrize(("name", "jobs", "ahead"), [("jobs", 0, 1), ("ahead", 1, 0)])
def test_impossible_settings(name: str, jobs: int, ahead: int) -> None:
    with pytest.raises(UsageError, match=f"'{name}' must be at least 1, got 0"):
        stream_slices([], jobs=jobs, ahead=ahead)


def test_slices_are_read_one_at_a_time(tmp_path: Path) -> None:
    """However long the series, never more than the last two slices are alive."""
    make.write_series(tmp_path, 2)
    alive: dict[int, weakref.ref[HuImage]] = {}
    for number, each in enumerate(stream_slices(headers_of(tmp_path) * 50)):
        assert isinstance(each, Slice)
        alive[number] = weakref.ref(each.hu)
        assert sum(image() is not None for image in alive.values()) <= 2
    assert len(alive) == 100


def test_workers_draw_only_as_far_as_needed() -> None:
    drawn = 0

    def count() -> Iterator[int]:
        nonlocal drawn
        for number in range(100):
            drawn += 1
            yield number

    results = in_order(double, count(), lost, jobs=2, ahead=4)
    assert [next(results) for _ in range(10)] == [2 * number for number in range(10)]
    assert drawn <= 14
    list(results)
    assert drawn == 100


@pytest.mark.parametrize("victim", [0, 5, 11])
def test_a_crashed_worker_costs_one_item(victim: int) -> None:
    task = partial(double_or_die, victim=victim)
    expected = [2 * number for number in range(12)]
    expected[victim] = -victim
    assert list(in_order(task, range(12), lost, jobs=2, ahead=4)) == expected


def test_without_processes_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no processes left")

    monkeypatch.setattr("ctiqa.io.workers.ProcessPoolExecutor.submit", refuse)
    assert list(in_order(double, range(3), lost, jobs=2, ahead=2)) == [0, 2, 4]
