"""Order, bounded memory and crashes of the slice stream."""

from __future__ import annotations

import os
import signal
import weakref
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.io import make

from ctiqa.errors import Reason, RefusedError, UsageError
from ctiqa.io import ReadOptions, find_scans, read_slice, stream, stream_slices
from ctiqa.types import HuImage, Skipped, Slice, SliceHeader


def headers_of(folder: Path) -> tuple[SliceHeader, ...]:
    (scan,) = find_scans([folder]).scans
    return scan.headers


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


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_series_may_be_compressed_in_part(tmp_path: Path, jobs: int) -> None:
    for index in range(6):
        syntax = make.JPEG_LS if index % 3 else make.EXPLICIT
        hu = make.phantom(seed=index)
        make.write_ct(tmp_path / f"{index}.dcm", hu, z_mm=5.0 * index, syntax=syntax)
    headers = headers_of(tmp_path)
    assert [header.source.isolated for header in headers] == [False, True, True] * 2
    for index, found in enumerate(stream_slices(headers, jobs=jobs)):
        assert isinstance(found, Slice)
        np.testing.assert_array_equal(found.hu, make.phantom(seed=index))


def test_a_decoder_that_crashes_costs_its_slice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.write_series(tmp_path, 4, syntax=make.JPEG_LS)
    headers = headers_of(tmp_path)
    monkeypatch.setattr(stream, "_read_packed", partial(crash_on, victim=headers[2].source.file))
    read = list(stream_slices(headers))
    assert [type(each) for each in read] == [Slice, Slice, Skipped, Slice]
    assert read[2] == Skipped(
        headers[2].source.file,
        Reason.CORRUPT,
        "the decoder crashed or took too long on this slice",
    )
    with pytest.raises(RefusedError, match="the decoder crashed") as caught:
        read_slice(headers[2])
    assert caught.value.reason is Reason.CORRUPT


def crash_on(header: SliceHeader, options: ReadOptions, victim: Path) -> object:
    if header.source.file == victim:
        os.kill(os.getpid(), signal.SIGSEGV)
    return stream.read_or_skip(header, options)
