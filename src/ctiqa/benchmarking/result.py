"""The result of a benchmark."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ctiqa.benchmarking.cases import LeftOut
from ctiqa.benchmarking.changes import Change, draw_slices, paired_change
from ctiqa.benchmarking.measures import MEASURES
from ctiqa.benchmarking.measuring import Measured
from ctiqa.benchmarking.pictures import Pictured
from ctiqa.benchmarking.verdict import Verdict, judge
from ctiqa.hu import Window
from ctiqa.types import Floats

FEW_PATIENTS = 20
"""With fewer patients the intervals are rough."""


@dataclass(frozen=True, slots=True)
class Images:
    """What was measured of one set of images.

    Attributes:
        name: ``"reference"``, ``"input"`` or the name of a method.
        means: Mean of each measure over the slices that have it, by key; measures that no slice
            has are left out.
        findings: Number of slices with each finding of the model.
    """

    name: str
    means: Mapping[str, float]
    findings: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Method(Images):
    """One method.

    Attributes:
        changes: Difference of each measure to the input; ``None`` if there is no interval.
        verdict: The verdict.
    """

    changes: Mapping[str, Change | None]
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark:
    """Methods compared with their input against a reference.

    Attributes:
        reference: Measures of the reference.
        input: Measures of the input.
        methods: Measures, differences and verdict of every method, in the given order.
        scans: Number of scans.
        patients: Number of patients, which are resampled if there are several.
        window: Window of the measures of fidelity.
        model: Name and version of the model that scored.
        per_mm: Whether frequencies are in cycles per mm; otherwise in cycles per pixel.
        measured: Measures of every slice.
        left_out: Slices that are not compared.
        rules: How the slices were matched, by name of the set.
        pictures: Crops of some slices.
        notes: Remarks on the intervals.
    """

    reference: Images
    input: Images
    methods: tuple[Method, ...]
    scans: int
    patients: int
    window: Window
    model: Mapping[str, str]
    per_mm: bool
    measured: Sequence[Measured] = field(repr=False)
    left_out: tuple[LeftOut, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[Pictured, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the reference, the input and the methods."""
        return (self.reference.name, self.input.name, *(each.name for each in self.methods))

    def __str__(self) -> str:
        """The table of all measures, and the verdicts."""
        from ctiqa.benchmarking.as_text import benchmark_as_text  # noqa: PLC0415 - imports this module

        return benchmark_as_text(self)

    def write(self, folder: str | os.PathLike[str], *, command: str = "") -> None:
        """Write ``benchmark.json``, ``slices.csv`` and ``index.html``.

        Args:
            folder: Folder, created if necessary. The write of each file is atomic.
            command: Command that was run, to be recorded.

        Raises:
            UsageError: If it is a file.
            OutputError: If something cannot be written.
        """
        from ctiqa.benchmarking.outputs import write_benchmark  # noqa: PLC0415 - imports this module

        write_benchmark(self, Path(folder), command)


def summarize(
    measured: Sequence[Measured], names: Sequence[str]
) -> tuple[Images, Images, tuple[Method, ...]]:
    """Means, differences and verdicts of all sets of images.

    Args:
        measured: Measures of every slice, at least two.
        names: Names of the reference, the input and the methods.
    """
    columns = [_columns(measured, k) for k in range(len(names))]
    found = [_found(measured, k) for k in range(len(names))]
    draws = draw_slices([each.case.patient for each in measured])
    reference, before = (Images(names[k], _means(columns[k]), found[k]) for k in (0, 1))
    methods = []
    for k in range(2, len(names)):
        changes = {
            key: paired_change(values, columns[1][key], draws) for key, values in columns[k].items()
        }
        methods.append(Method(names[k], _means(columns[k]), found[k], changes, judge(changes)))
    return reference, before, tuple(methods)


def notes_on(scans: int, patients: int, slices: int) -> tuple[str, ...]:
    """Remarks on the intervals."""
    if patients == 1:
        return (
            f"{slices} slices of one patient: the intervals are over parts of this patient and do "
            "not show how other patients would fare",
        )
    notes = []
    if patients < FEW_PATIENTS:
        notes.append(f"{patients} patients: with fewer than {FEW_PATIENTS} intervals are rough")
    if scans > patients:
        notes.append(f"{scans} scans of {patients} patients: scans of one study count as one")
    return tuple(notes)


def _columns(measured: Sequence[Measured], k: int) -> dict[str, Floats]:
    return {
        measure.key: np.array([each.values[k].get(measure.key, np.nan) for each in measured])
        for measure in MEASURES
    }


def _means(columns: Mapping[str, Floats]) -> dict[str, float]:
    known = {key: values[np.isfinite(values)] for key, values in columns.items()}
    return {key: float(values.mean()) for key, values in known.items() if values.size}


def _found(measured: Sequence[Measured], k: int) -> dict[str, int]:
    counts = Counter(finding for each in measured for finding in each.findings[k])
    return dict(counts.most_common())
