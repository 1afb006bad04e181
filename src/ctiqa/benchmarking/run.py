"""The work of a benchmark: measure every case, check the whole, summarise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ctiqa.benchmarking.alignment import MOST_MISFITS, misfits
from ctiqa.benchmarking.cases import Case, LeftOut
from ctiqa.benchmarking.changes import FEWEST_SLICES
from ctiqa.benchmarking.measuring import Measured, measure_case
from ctiqa.benchmarking.pictures import Read, make_pictures
from ctiqa.benchmarking.result import Benchmark, notes_on, summarize
from ctiqa.benchmarking.sets import Progress, title
from ctiqa.errors import DataError, NothingToDoError, some
from ctiqa.hu import WINDOWS, Window
from ctiqa.score.scorer import Scorer
from ctiqa.score.side_by_side import side_by_side
from ctiqa.text.plain_text import clean
from ctiqa.types import Skipped, Slice

WINDOW = WINDOWS["soft"]
"""Default window of the measures of fidelity."""

Row = Sequence[Slice | Skipped]
"""The pixels of a case, or why they cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What to compare.

    Attributes:
        names: Names of the reference, the input and the methods.
        cases: The slices.
        rows: Their pixels, in order.
        read: Reads one slice again.
        scorer: Scores the slices.
        window: Window of the measures of fidelity.
        left_out: Slices that are not compared for reasons known before.
        rules: How the slices were matched, by name of the set.
    """

    names: Sequence[str]
    cases: Sequence[Case]
    rows: Iterable[Row]
    read: Read
    scorer: Scorer
    window: Window = WINDOW
    left_out: Sequence[LeftOut] = ()
    rules: Mapping[str, str] = field(default_factory=dict)


def run_task(task: Task, *, jobs: int = 1, progress: Progress | None = None) -> Benchmark:
    """Compare methods.

    Args:
        task: What to compare.
        jobs: Slices measured in parallel, >= 1.
        progress: Called with ``"measuring"``.

    Raises:
        DataError: If an image shows something else than the reference, or is the reference.
        NothingToDoError: If fewer than three slices can be compared.
    """
    measured, left_out = _measured(task, jobs, progress)
    left_out = [*task.left_out, *left_out]
    if len(measured) < FEWEST_SLICES:
        raise NothingToDoError(_too_few(measured, left_out))
    check_correspondence(measured, task.names)
    measured = [replace(each, copies=()) for each in measured]
    reference, before, methods = summarize(measured, task.names)
    scans = len({each.case.scan for each in measured})
    patients = len({each.case.patient for each in measured})
    card = task.scorer.card
    return Benchmark(
        reference=reference,
        input=before,
        methods=methods,
        scans=scans,
        patients=patients,
        window=task.window,
        model={"name": card.name, "version": card.version},
        per_mm=all(each.case.spacing_mm is not None for each in measured),
        measured=measured,
        left_out=tuple(left_out),
        rules=dict(task.rules),
        pictures=make_pictures(measured, task.read, task.window),
        notes=notes_on(scans, patients, len(measured)),
    )


def check_correspondence(measured: Sequence[Measured], names: Sequence[str]) -> None:
    """Check that slices are not matched to the wrong slices of the reference.

    Raises:
        DataError: If for most slices of a scan another slice of the reference fits better.
    """
    scans = defaultdict(list)
    for each in measured:
        scans[each.case.scan].append(each.copies)
    for scan, copies in scans.items():
        for k, name in enumerate(names[1:], start=1):
            share = misfits([each[k] for each in copies], [each[0] for each in copies])
            if share >= MOST_MISFITS:
                raise DataError(
                    f"slices of {title(name)} are matched to the wrong slices of the reference: "
                    f"for {share:.0%} of scan {clean(scan)} another slice fits better; check "
                    "their order, names and positions"
                )


def _measured(
    task: Task, jobs: int, progress: Progress | None
) -> tuple[list[Measured], list[LeftOut]]:
    measured: list[Measured] = []
    left_out: list[LeftOut] = []
    work = partial(_measure, task)
    pairs = zip(task.cases, task.rows, strict=True)
    for done, found in enumerate(side_by_side(work, pairs, jobs), start=1):
        if isinstance(found, Measured):
            measured.append(found)
        else:
            left_out += found
        if progress is not None:
            progress("measuring", done, len(task.cases))
    return measured, left_out


def _measure(task: Task, pair: tuple[Case, Row]) -> Measured | list[LeftOut]:
    case, row = pair
    return measure_case(case, row, task.names, task.window, task.scorer.score)


def _too_few(measured: Sequence[Measured], left_out: Sequence[LeftOut]) -> str:
    groups = defaultdict(list)
    for each in left_out:
        groups[each.name, each.reason].append(each)
    reasons = [_why(group) for group in sorted(groups.values(), key=len, reverse=True)]
    why = f" ({some(reasons, 3)})" if reasons else ""
    return (
        f"a benchmark needs at least {FEWEST_SLICES} slices that all sets have, got "
        f"{len(measured)}{why}; for single images use ctiqa.metrics"
    )


def _why(group: Sequence[LeftOut]) -> str:
    """Why slices of one set are not compared, with the first as an example."""
    first = group[0]
    example = f"{clean(first.file.name)}: {clean(first.detail)}"
    return f"{len(group)} × {title(first.name)} {first.reason}, such as {example}"
