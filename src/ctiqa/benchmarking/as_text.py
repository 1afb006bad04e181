"""A benchmark as plain text: one table, then the verdict on every method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import wrap

from ctiqa.benchmarking.measures import MEASURES, Measure, number
from ctiqa.benchmarking.result import Benchmark, Images, Method
from ctiqa.text.plain_text import clean

IN_FILES = "noise_peak_per_mm"
"""A measure of the files that is in no table."""

WIDTH = 100
"""Longest line of a verdict, in characters."""

WIDEST_NAME = 24
"""Longest name in a table, in characters."""

ABSENT = "–"
"""Stands for a value that does not exist."""


def benchmark_as_text(benchmark: Benchmark) -> str:
    """The table of all measures, the verdicts, and what to keep in mind."""
    lines = [
        headline(benchmark),
        "",
        *_table(benchmark),
        *(line for method in benchmark.methods for line in _verdict(method, benchmark)),
    ]
    remarks = [f"Note: {note}" for note in (*benchmark.notes, *left_out_lines(benchmark))]
    return "\n".join([*lines, *(["", *remarks] if remarks else [])])


def headline(benchmark: Benchmark) -> str:
    """What was compared, in one line."""
    window = benchmark.window
    scans = f"{benchmark.scans} scan{'' if benchmark.scans == 1 else 's'}"
    return (
        f"{len(benchmark.measured)} slices of {scans}; means over slices; window "
        f"{window.width_hu:g}/{window.level_hu:g} HU; model {clean(benchmark.model['name'])} "
        f"{clean(benchmark.model['version'])}"
    )


def unit_of(measure: Measure, *, per_mm: bool) -> str:
    """The unit of a measure; frequencies are per pixel if the spacing is unknown."""
    return "/pixel" if measure.unit == "/mm" and not per_mm else measure.unit


def shown_value(images: Images, measure: Measure) -> str:
    """The mean of a measure, or a dash."""
    value = images.means.get(measure.key)
    return ABSENT if value is None else number(value, measure)


def columns(benchmark: Benchmark) -> tuple[Measure, ...]:
    """Measures in tables: those that some images have."""
    known = {key for images in all_images(benchmark) for key in images.means}
    return tuple(each for each in MEASURES if each.key in known and each.key != IN_FILES)


def all_images(benchmark: Benchmark) -> tuple[Images, ...]:
    """The reference, the input and the methods."""
    return (benchmark.reference, benchmark.input, *benchmark.methods)


def findings_of(images: Images, slices: int) -> str:
    """Findings with their numbers of slices, e.g. ``"blurred in 9 of 10 slices"``."""
    return ", ".join(
        f"{clean(name)} in {count} of {slices} slices" for name, count in images.findings.items()
    )


def left_out_lines(benchmark: Benchmark) -> Iterator[str]:
    """How many slices are not compared, by set and reason."""
    groups = Counter((each.name, each.reason) for each in benchmark.left_out)
    for (name, reason), count in groups.items():
        slices = f"{count} slice{'' if count == 1 else 's'}"
        yield f"{slices} not compared: {clean(name)}, {reason.replace('_', ' ')}"


def _table(benchmark: Benchmark) -> list[str]:
    measures = columns(benchmark)
    heads = ["", *(measure.title for measure in measures)]
    units = ["", *(unit_of(measure, per_mm=benchmark.per_mm) for measure in measures)]
    rows = [
        [clean(each.name, WIDEST_NAME), *(shown_value(each, measure) for measure in measures)]
        for each in all_images(benchmark)
    ]
    return _aligned([*_stacked(heads), units, *rows])


def _stacked(heads: Sequence[str]) -> list[list[str]]:
    """Headings of two words in two lines, the last word below.

    >>> _stacked(["", "edge loss", "PSNR"])
    [['', 'edge', ''], ['', 'loss', 'PSNR']]
    """
    split = [head.rpartition(" ") for head in heads]
    return [[first for first, _, _ in split], [last for _, _, last in split]]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of equal width: names to the left, numbers to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _verdict(method: Method, benchmark: Benchmark) -> list[str]:
    lines = ["", f"{clean(method.name)}: {method.verdict.text}"]
    if method.verdict.rests_on:
        lines += _wrapped(", ".join(method.verdict.rests_on))
    if found := findings_of(method, len(benchmark.measured)):
        lines += _wrapped(f"ctiqa finds: {found}")
    return lines


def _wrapped(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
