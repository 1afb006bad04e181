"""The network alone: slices in memory, scored by every engine one at a time or side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import numpy.typing as npt

from benchmarks.rounds import Comparison, Contestant, in_turn, timed
from benchmarks.series import EXAMPLE
from benchmarks.setting import Section, Setting
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.errors import UsageError
from ctiqa.io import find_scans, read_slice
from ctiqa.score.engines.engine import Engine, choose
from ctiqa.score.engines.protocol import ENGINE_KINDS, EngineKind
from ctiqa.types import HuImage
from ctiqa.weights import Model, load_model

PIXELS = 128 * 512 * 512
"""Pixels of one run, about: small slices are scored more often, so that a run lasts a second."""


def engines(setting: Setting) -> Section:
    """Every engine with one worker and with several, on slices of several sizes, batch 1."""
    model = load_model(setting.model or DEFAULT_MODEL)
    return Section(
        "The network alone: slices in memory, one in a batch",
        "ratio: against the first engine with one worker",
        tuple(_on_side(model, side, setting) for side in setting.sides),
    )


def installed(
    asked: Sequence[str] = ENGINE_KINDS,
) -> tuple[tuple[EngineKind, ...], tuple[str, ...]]:
    """The engines that can be measured here, and why the others cannot."""
    found, missing = [], []
    for name in asked:
        try:
            found.append(choose(name))
        except UsageError as error:
            missing.append(str(error))
    return tuple(found), tuple(missing)


def example_slices() -> list[HuImage]:
    """The slices of the example scan: HU, float32 [rows, cols]."""
    (scan,) = find_scans([EXAMPLE]).scans
    return [read_slice(header).hu for header in scan.headers]


def of_side(hu: HuImage, side: int) -> HuImage:
    """A slice of ``side`` × ``side``: the middle of a larger one, a smaller one repeated.

    >>> of_side(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), 3)[2].tolist()
    [1.0, 2.0, 1.0]
    >>> of_side(np.arange(16, dtype=np.float32).reshape(4, 4), 2)[0].tolist()
    [5.0, 6.0]
    """
    times = [max(1, -(-side // length)) for length in hu.shape]
    tiled = np.tile(hu, times)
    top, left = (
        (length - side) // 2 if times[axis] == 1 else 0 for axis, length in enumerate(tiled.shape)
    )
    return np.ascontiguousarray(tiled[top : top + side, left : left + side])


def run_all(engine: Engine, stacks: Sequence[npt.NDArray[np.float32]], workers: int) -> int:
    """Score stacks [slices, rows, cols], ``workers`` of them at a time; returns how many slices."""
    if workers == 1:
        return sum(len(engine.run(stack)) for stack in stacks)
    with ThreadPoolExecutor(workers) as pool:
        return sum(len(scores) for scores in pool.map(engine.run, stacks))


def _on_side(model: Model, side: int, setting: Setting) -> Comparison:
    shown = [of_side(hu, side)[np.newaxis] for hu in example_slices()]
    count = max(setting.jobs, PIXELS // side**2)
    stacks = [shown[number % len(shown)] for number in range(count)]
    contestants = []
    for engine in setting.engines:
        for workers in sorted({1, setting.jobs}):
            opened = Engine(model, 1, choose(engine), streams=workers)
            work = timed(partial(run_all, opened, stacks, workers))
            contestants.append(Contestant(who(engine, workers), count, work))
    reference = who(setting.engines[0], 1)
    return in_turn(
        f"{side} × {side}", contestants, setting.repeats, reference=reference, tell=setting.tell
    )


def who(engine: str, workers: int) -> str:
    """An engine and its workers, in words.

    >>> who("openvino", 2)
    'openvino, 2 workers'
    """
    return f"{engine}, {workers} worker{'s' if workers > 1 else ''}"
