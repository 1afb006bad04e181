"""Whole processes of ``ctiqa score``, from start to exit: cold start, files, scaling, memory.

Each round of ctiqa ends with a run of pydicom alone over the same files (one process, reading and
decoding, nothing else). Files are in the cache of the system. Memory is watched in runs of its
own, so that watching costs no time in the others.
"""

from __future__ import annotations

import sys
from functools import partial
from itertools import product
from pathlib import Path

from benchmarks.process import peak_memory, wall_time, wall_time_together
from benchmarks.rounds import Comparison, Contestant, in_turn
from benchmarks.series import EXAMPLE, FORMS, CannotStoreError, series
from benchmarks.setting import Memory, Section, Setting

PYDICOM = "pydicom alone"

SCALED_FORM = "uncompressed"
"""What scaling is measured on: reading costs least, so what scales is scoring."""


def score_command(path: Path, jobs: int, model: str | None, engine: str) -> list[str]:
    """The command that is measured."""
    program = str(Path(sys.executable).with_name("ctiqa"))
    chosen = [] if model is None else ["--model", model]
    return [program, "score", str(path), "--jobs", str(jobs), "--engine", engine, *chosen]


def read_command(path: Path) -> list[str]:
    """What ctiqa is compared to: the same files, read and decoded by pydicom."""
    return [sys.executable, "-m", "benchmarks.reading", str(path)]


def cold_start(setting: Setting) -> Section:
    """One slice, each time by a new process."""
    one = min(EXAMPLE.glob("*.dcm"))
    return Section(
        "Cold start: one slice, from the start of the process to its end",
        f"ratio: against {PYDICOM}",
        (_against_pydicom("one slice", one, 1, setting.starts, setting),),
    )


def files(setting: Setting) -> Section:
    """A series in every form that can be written, by every engine."""
    compared, left_out = [], []
    for form in FORMS:
        try:
            path = series(setting.folder, form, setting.slices)
        except CannotStoreError as error:
            left_out.append(f"{form}: {error}")
            continue
        compared.append(_against_pydicom(form, path, setting.slices, setting.repeats, setting))
    return Section(
        f"From DICOM files: {setting.slices} slices, --jobs {setting.jobs}",
        f"ratio: against {PYDICOM}, one process that reads and decodes",
        tuple(compared),
        left_out=tuple(left_out),
    )


def scaling(setting: Setting) -> Section:
    """One and several jobs, one process and two at the same time, by every engine."""
    path = series(setting.folder, SCALED_FORM, setting.slices)
    return Section(
        f"Scaling: {setting.slices} slices, {SCALED_FORM}",
        "ratio: against one process with --jobs 1; of two processes all slices count",
        tuple(_scaled(path, engine, setting) for engine in setting.engines),
    )


def memory(setting: Setting) -> Section:
    """Series of several lengths in every form, by every engine."""
    found, left_out = [], []
    for form, slices in product(FORMS, setting.memory_slices):
        try:
            path = series(setting.folder, form, slices)
        except CannotStoreError as error:
            left_out.append(f"{form}, {slices} slices: {error}")
            continue
        for engine in setting.engines:
            setting.tell(f"memory: {form}, {slices} slices, {engine}")
            command = score_command(path, setting.jobs, setting.model, engine)
            found.append(Memory(f"{form}, {engine}", slices, peak_memory(command)))
    return Section(
        f"Peak memory of all processes together, --jobs {setting.jobs}",
        "RSS counts shared memory once for each process, PSS once in all",
        memory=tuple(found),
        left_out=tuple(left_out),
    )


def _against_pydicom(
    name: str, path: Path, slices: int, rounds: int, setting: Setting
) -> Comparison:
    commands = {
        f"ctiqa, {engine}": score_command(path, setting.jobs, setting.model, engine)
        for engine in setting.engines
    }
    commands[PYDICOM] = read_command(path)
    contestants = [
        Contestant(who, slices, partial(wall_time, command)) for who, command in commands.items()
    ]
    return in_turn(name, contestants, rounds, reference=PYDICOM, tell=setting.tell)


def _scaled(path: Path, engine: str, setting: Setting) -> Comparison:
    contestants = []
    for processes, jobs in product((1, 2), sorted({1, setting.jobs})):
        command = score_command(path, jobs, setting.model, engine)
        contestants.append(
            Contestant(
                ways(processes, jobs),
                processes * setting.slices,
                partial(wall_time_together, [command] * processes),
            )
        )
    return in_turn(engine, contestants, setting.repeats, reference=ways(1, 1), tell=setting.tell)


def ways(processes: int, jobs: int) -> str:
    """How work is spread, in words.

    >>> ways(1, 2), ways(2, 1)
    ('one process, --jobs 2', 'two processes, --jobs 1 each')
    """
    return f"one process, --jobs {jobs}" if processes == 1 else f"two processes, --jobs {jobs} each"
