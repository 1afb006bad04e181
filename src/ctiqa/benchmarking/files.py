"""A benchmark of files and folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ctiqa.benchmarking.cases import Case, find_cases
from ctiqa.benchmarking.match import Rule
from ctiqa.benchmarking.result import Benchmark
from ctiqa.benchmarking.run import WINDOW, Row, Task, run_task
from ctiqa.benchmarking.sets import INPUT, REFERENCE, Progress, check_names, find_sets, method_of
from ctiqa.errors import UsageError
from ctiqa.hu import Window
from ctiqa.io import ReadOptions, read_slice, stream_slices
from ctiqa.io.protocol import DEFAULT_OPTIONS
from ctiqa.io.scans import as_paths
from ctiqa.score.scorer import Scorer


@dataclass(frozen=True, slots=True)
class FilesRequest:
    """Files to compare.

    Attributes:
        reference: File or folder of the reference.
        input: File or folder of the images that the methods were given.
        methods: PATH or NAME=PATH of the output of each method.
        reading: How files are read.
        rule: How to match slices; ``None`` takes the first rule that applies.
        window: Window of the measures of fidelity.
    """

    reference: str
    input: str
    methods: Sequence[str]
    reading: ReadOptions = DEFAULT_OPTIONS
    rule: Rule | None = None
    window: Window = WINDOW


def benchmark_files(
    request: FilesRequest, scorer: Scorer, *, jobs: int = 1, progress: Progress | None = None
) -> Benchmark:
    """Compare the outputs of methods with their input against a reference.

    Args:
        request: The files.
        scorer: Scores the slices.
        jobs: Slices measured in parallel and reader processes, >= 1.
        progress: Called with the stage (``"reading"``, ``"measuring"``), done and total.

    Raises:
        UsageError: If a path does not exist, or two sets share a name or a file.
        DataError: If slices cannot be matched without doubt, or do not fit the reference.
        NothingToDoError: If a set holds no CT slice, or fewer than three can be compared.
    """
    methods = [method_of(text) for text in request.methods]
    if not methods:
        raise UsageError("a benchmark needs at least one method, got none")
    check_names([name for name, _ in methods])
    named = [(REFERENCE, request.reference), (INPUT, request.input), *methods]
    paths = as_paths([path for _, path in named])
    given = [(name, path) for (name, _), path in zip(named, paths, strict=True)]
    sets = find_sets(given, request.reading, jobs=jobs, progress=progress)
    found = find_cases(sets, request.rule)
    task = Task(
        names=[each.name for each in sets],
        cases=found.cases,
        rows=_rows(found.cases, request.reading, jobs),
        read=lambda header: read_slice(header, request.reading).hu,
        scorer=scorer,
        window=request.window,
        left_out=found.left_out,
        rules=found.rules,
    )
    return run_task(task, jobs=jobs, progress=progress)


def _rows(cases: Sequence[Case], options: ReadOptions, jobs: int) -> Iterator[Row]:
    """The pixels of every case, read ahead."""
    headers = [header for case in cases for header in case.headers]
    slices = iter(stream_slices(headers, options, jobs=jobs))
    for case in cases:
        yield tuple(islice(slices, len(case.headers)))
