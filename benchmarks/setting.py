"""What a run of the benchmarks is made with, and what a section of it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Peak
from benchmarks.rounds import Comparison


@dataclass(frozen=True, slots=True)
class Setting:
    """How to measure.

    Attributes:
        folder: Where series are made.
        engines: Installed engines to measure, in order; the first is the portable one.
        jobs: What ``--jobs`` of ctiqa and the competitors' threads are, >= 1.
        model: Name or path of the model; ``None`` is the shipped one.
        starts: Timed cold starts.
        repeats: Timed rounds of everything else.
        slices: Slices of a series.
        compared: Slices that a competitor scores in one run.
        memory_slices: Lengths of the series whose memory is watched.
        sides: Rows and columns of the slices that the engines score alone.
        tell: Told what is being measured.
    """

    folder: Path
    engines: tuple[str, ...]
    jobs: int
    model: str | None = None
    starts: int = 9
    repeats: int = 3
    slices: int = 300
    compared: int = 16
    memory_slices: tuple[int, ...] = (100, 600)
    sides: tuple[int, ...] = (256, 512, 768, 1024)
    tell: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Memory:
    """Most memory that ``ctiqa score`` held.

    Attributes:
        name: On what, for people.
        slices: Slices of the series.
        peak: How much.
    """

    name: str
    slices: int
    peak: Peak


@dataclass(frozen=True, slots=True)
class Section:
    """What was measured for one question.

    Attributes:
        title: The question's subject.
        note: How to read the figures.
        comparisons: Times.
        memory: Memory.
        left_out: What could not be measured, and why.
    """

    title: str
    note: str
    comparisons: tuple[Comparison, ...] = ()
    memory: tuple[Memory, ...] = ()
    left_out: tuple[str, ...] = ()
