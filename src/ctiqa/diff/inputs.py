"""The two scans to compare: each path must hold one series, or the series must be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ctiqa.errors import NothingToDoError, UsageError, bulleted, some
from ctiqa.io import Found, ReadOptions
from ctiqa.io.protocol import DEFAULT_OPTIONS
from ctiqa.io.scans import AnyPath
from ctiqa.score.report.facts import format_range, number_range, shown_path, texts
from ctiqa.score.scorer import Scorer
from ctiqa.score.select import SliceRange, select
from ctiqa.text.plain_text import clean
from ctiqa.types import Scan, Skipped

Progress = Callable[[str, int, int], None]
"""Called with the stage, done and total."""


@dataclass(frozen=True, slots=True)
class Input:
    """One of the two scans.

    Attributes:
        name: ``"A"`` or ``"B"``.
        scan: The series.
        skipped: Files that were not read, with the reasons.
    """

    name: str
    scan: Scan
    skipped: tuple[Skipped, ...] = ()


def find_input(
    name: str,
    what: AnyPath | Scan,
    scorer: Scorer,
    *,
    series: str | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
    slices: SliceRange | None = None,
    progress: Progress | None = None,
) -> Input:
    """Find one of the two scans.

    Args:
        name: ``"A"`` or ``"B"``.
        what: File, folder or archive of the series, or the series itself.
        scorer: Reads the headers while it loads the network.
        series: UID of the series, or its end; ``None`` if there is only one.
        options: How to read files.
        slices: Range of slices; ``None`` is all.
        progress: Called with ``"reading"``.

    Raises:
        UsageError: If the path does not exist, or does not hold exactly one series that fits.
        NothingToDoError: If it holds no CT slice, or none in the range.
    """
    if isinstance(what, Scan):
        found = Found((what,), ())
    else:
        found = scorer.find(what, options, progress=progress)
    if not found.scans:
        raise NothingToDoError(f"{name} holds no CT slice in HU: {_why(found.skipped)}")
    chosen = _chosen(name, found.scans, series)
    kept, left_out = select([chosen], slices)
    if not kept:
        raise NothingToDoError(f"{name}: {left_out[0].detail}")
    return Input(name, kept[0], found.skipped)


def _chosen(name: str, scans: Sequence[Scan], series: str | None) -> Scan:
    """The only series, or the one whose UID ends as asked."""
    fitting = [scan for scan in scans if scan.series_uid.endswith(series or "")]
    if len(fitting) == 1:
        return fitting[0]
    option = f"--series-{name.lower()}"
    if series is not None and not fitting:
        head = f"'{option}' must be the end of the UID of a series of {name}, got {series!r}:"
        raise UsageError(bulleted(head, [_about(scan) for scan in scans]))
    head = f"{name} holds {len(fitting)} series; choose one by the end of its UID ({option}):"
    raise UsageError(bulleted(head, [_about(scan) for scan in fitting]))


def _about(scan: Scan) -> str:
    """UID, size, kernel, thickness and place of a series."""
    headers = scan.headers
    thickness = number_range(headers, "slice_thickness_mm")
    facts = [
        clean(scan.series_uid),
        f"{len(headers)} slice{'' if len(headers) == 1 else 's'}",
        *texts(headers, "kernel"),
        *([] if thickness is None else [f"{format_range(thickness)} mm"]),
        shown_path(scan.path),
    ]
    return ", ".join(facts)


def _why(skipped: Sequence[Skipped]) -> str:
    return some((f"{clean(each.file.name)}: {clean(each.detail)}" for each in skipped), most=3)
