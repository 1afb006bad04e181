"""A benchmark of arrays, for :func:`ctiqa.benchmark`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ctiqa.arrays import AnyArray
from ctiqa.benchmarking.cases import Case
from ctiqa.benchmarking.result import Benchmark
from ctiqa.benchmarking.run import WINDOW, Task, run_task
from ctiqa.benchmarking.sets import INPUT, REFERENCE, Progress, check_names, title
from ctiqa.errors import UsageError
from ctiqa.hu import Window
from ctiqa.score.arrays import slices_from_array
from ctiqa.score.scorer import Scorer
from ctiqa.types import Slice

Stacks = Mapping[str, Sequence[Slice]]


def benchmark(
    reference: AnyArray,
    low: AnyArray,
    methods: Mapping[str, AnyArray],
    *,
    spacing_mm: tuple[float, float] | None = None,
    patients: Sequence[object] | npt.NDArray[np.generic] | None = None,
    window: Window = WINDOW,
    scorer: Scorer | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Benchmark:
    """Compare the outputs of denoisers with their input against a reference.

    Every method is measured on every slice: fidelity to the reference (PSNR, SSIM, VIF, GMSD), edge
    loss, noise level and texture, and the score, equivalent noise and findings of the model. The
    differences to the input are paired, with 95 % intervals, and lead to a verdict by fixed rules:
    better; smoother, not better; worse; no difference shown; or a contradiction. As ``ctiqa
    benchmark`` does for files.

    Args:
        reference: The images to be reached, in HU, [slices, rows, cols].
        low: What the methods were given, in HU, same shape.
        methods: Output of each method in HU, same shape, by name.
        spacing_mm: Pixel spacing (row, column); without it frequencies are per pixel.
        patients: Patient of each slice [slices], in order; ``None`` for a single patient.
        window: Window of the measures of fidelity.
        scorer: Scores the slices; ``None`` takes the default model.
        jobs: Slices measured in parallel, >= 1.
        progress: Called with ``"measuring"``, done and total.

    Returns:
        Measures, differences and verdicts; print it for a table, or write it to a folder.

    Raises:
        UsageError: If an array is not in HU, the shapes differ, there is no method, or its name
            is not allowed.
        DataError: If an image does not show what the reference shows, or is identical to it.
        NothingToDoError: If fewer than three slices can be compared.
    """
    check_names([*methods])
    if not methods:
        raise UsageError("'methods' must hold at least one method, got none")
    given = {REFERENCE: reference, INPUT: low, **methods}
    stacks = {name: _slices(name, array) for name, array in given.items()}
    _check_shapes(stacks)
    cases = _cases(stacks, spacing_mm, patients)
    pixels = {each.header.source: each.hu for stack in stacks.values() for each in stack}
    task = Task(
        names=[*stacks],
        cases=cases,
        rows=zip(*stacks.values(), strict=True),
        read=lambda header: pixels[header.source],
        scorer=scorer or Scorer(jobs=1),
        window=window,
    )
    return run_task(task, jobs=jobs, progress=progress)


def _slices(name: str, array: AnyArray) -> tuple[Slice, ...]:
    """The slices of an array, each with the name of its set as its file."""
    try:
        slices = slices_from_array(array)
    except UsageError as error:
        raise UsageError(f"{title(name)}: {error}") from None
    return tuple(
        replace(
            each,
            header=replace(each.header, source=replace(each.header.source, file=Path(name))),
        )
        for each in slices
    )


def _check_shapes(stacks: Stacks) -> None:
    shapes = {name: (len(stack), *stack[0].hu.shape) for name, stack in stacks.items()}
    wanted = shapes[REFERENCE]
    for name, shape in shapes.items():
        if shape != wanted:
            raise UsageError(
                f"{title(name)} must have the shape of the reference, {wanted}, got {shape}"
            )


def _cases(
    stacks: Stacks,
    spacing_mm: tuple[float, float] | None,
    patients: Sequence[object] | npt.NDArray[np.generic] | None,
) -> list[Case]:
    rows = list(zip(*stacks.values(), strict=True))
    names = ["0"] * len(rows) if patients is None else [str(each) for each in patients]
    if len(names) != len(rows):
        raise UsageError(
            f"'patients' must name the patient of each of {len(rows)} slices, got {len(names)}"
        )
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return [
        Case(
            scan=name,
            patient=numbers[name],
            headers=tuple(replace(each.header, spacing_mm=spacing_mm) for each in row),
        )
        for name, row in zip(names, rows, strict=True)
    ]
