"""Dose curves of all series in files and folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ctiqa.dose_curve.one_series import curve_of_series, reasons
from ctiqa.dose_curve.one_slice import NoCurveError, check_slice, curve_of_slice
from ctiqa.dose_curve.plan import Plan, evenly
from ctiqa.dose_curve.result import DoseCurves, LeftOut, SeriesCurve, SliceCurve
from ctiqa.errors import NothingToDoError, some
from ctiqa.io import ReadOptions, stream_slices
from ctiqa.io.protocol import DEFAULT_OPTIONS
from ctiqa.io.scans import AnyPath
from ctiqa.score.honesty.flags import FILTERED
from ctiqa.score.scorer import Scorer
from ctiqa.score.select import SliceRange
from ctiqa.score.side_by_side import side_by_side
from ctiqa.system.extras import require_extra
from ctiqa.types import Scan, Skipped, Slice, SliceHeader, SliceScore

CANDIDATES = 3
"""Slices looked at for each one sampled, because limbs, heads and air have no score."""

Progress = Callable[[str, int, int], None]
"""Called with the stage (``"reading"``, ``"comparing"``, ``"simulating"``), done and total."""


@dataclass(frozen=True, slots=True)
class Means:
    """How slices are read and scored.

    Attributes:
        scorer: The scorer, whose calls run on one core.
        reading: How files are read.
        jobs: Slices scored in parallel and reader processes, >= 1.
        progress: Called as the work proceeds; ``None`` if nobody watches.
    """

    scorer: Scorer
    reading: ReadOptions = DEFAULT_OPTIONS
    jobs: int = 1
    progress: Progress | None = None

    def judge(self, images: Sequence[Slice]) -> list[SliceScore]:
        """Score slices, in order."""
        return list(side_by_side(self.scorer.score, images, self.jobs))


@dataclass(slots=True)
class _Work:
    """The run as it proceeds."""

    plan: Plan
    means: Means
    total: int
    done: int = 0
    series: list[SeriesCurve] = field(default_factory=list)
    skipped: list[LeftOut] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def take(self, scan: Scan) -> None:
        """Simulate one series, or note why it has no curve."""
        goal = self.done + _sampled(scan, self.plan)
        usable, left_out = _usable(scan, self.plan, self.means)
        if _is_filtered(usable, left_out):
            usable = []
        chosen = [usable[k] for k in evenly(len(usable), self.plan.samples)] if usable else []
        curves: list[SliceCurve] = []
        for image, verdict in chosen:
            try:
                curves.append(self._curve(image, verdict))
            except NoCurveError as error:
                left_out.append(_left_out(scan, image.header, error.reason, error.detail))
            self.tell(self.done + 1)
        self.tell(goal)
        if curves:
            self.series.append(curve_of_series(scan, curves, self.plan, left_out))
            self.left_out += left_out
        else:
            self.skipped.append(_whole(scan, left_out))

    def _curve(self, image: Slice, verdict: SliceScore) -> SliceCurve:
        rule = self.means.scorer.card.noise
        return curve_of_slice(
            image, verdict, self.means.judge, self.plan, number=self.done, rule=rule
        )

    def tell(self, done: int) -> None:
        """Report how many slices are done."""
        self.done = done
        if self.means.progress is not None:
            self.means.progress("simulating", done, self.total)


def dose_curves(
    paths: AnyPath | Sequence[AnyPath],
    plan: Plan,
    means: Means,
    *,
    chosen: SliceRange | None = None,
) -> DoseCurves:
    """Simulate and score all series in files and folders at every dose of a plan.

    Args:
        paths: Files and folders, searched recursively.
        plan: What to simulate.
        means: How slices are read and scored.
        chosen: Range of the slices of each series to sample from; ``None`` is all.

    Raises:
        UsageError: If a path does not exist, or numba is not installed.
        NothingToDoError: If no series has a dose curve.
    """
    require_extra("'ctiqa dose-curve'", "numba")
    scorer = means.scorer
    found = scorer.find(paths, means.reading, slices=chosen, progress=means.progress)
    work = _Work(plan, means, sum(_sampled(scan, plan) for scan in found.scans))
    work.tell(0)
    for scan in found.scans:
        work.take(scan)
    skipped = (*(_file(each) for each in found.skipped), *work.skipped)
    if not work.series:
        listed = some((f"{each.file.name}: {each.detail}" for each in skipped), 3)
        raise NothingToDoError(f"no series has a dose curve ({listed})")
    model = {"name": scorer.card.name, "version": scorer.card.version}
    return DoseCurves(plan, model, tuple(work.series), skipped, tuple(work.left_out))


def _sampled(scan: Scan, plan: Plan) -> int:
    return min(len(scan.headers), plan.samples)


def _usable(
    scan: Scan, plan: Plan, means: Means
) -> tuple[list[tuple[Slice, SliceScore]], list[LeftOut]]:
    """Slices spread over the series of which a curve can be simulated, and the others."""
    headers = [scan.headers[k] for k in evenly(len(scan.headers), CANDIDATES * plan.samples)]
    images: list[Slice] = []
    left_out: list[LeftOut] = []
    for header, item in zip(
        headers, stream_slices(headers, means.reading, jobs=means.jobs), strict=True
    ):
        if isinstance(item, Skipped):
            left_out.append(_left_out(scan, header, item.reason.value, item.detail))
        else:
            images.append(item)
    usable: list[tuple[Slice, SliceScore]] = []
    for image, verdict in zip(images, means.judge(images), strict=True):
        try:
            check_slice(image, verdict)
            usable.append((image, verdict))
        except NoCurveError as error:
            left_out.append(_left_out(scan, image.header, error.reason, error.detail))
    return usable, left_out


def _is_filtered(usable: Sequence[object], left_out: Sequence[LeftOut]) -> bool:
    """Whether a series was filtered: a filter is that of all slices, if recognised in half."""
    filtered = sum(each.reason == FILTERED for each in left_out)
    return filtered > 0 and filtered >= len(usable)


def _file(each: Skipped) -> LeftOut:
    return LeftOut(each.file, None, each.reason.value, each.detail)


def _left_out(scan: Scan, header: SliceHeader, reason: str, detail: str) -> LeftOut:
    source = header.source
    return LeftOut(source.file, source.frame, reason, detail, scan.series_uid)


def _whole(scan: Scan, left_out: Sequence[LeftOut]) -> LeftOut:
    """A series none of whose slices has a curve, under the most frequent reason."""
    reason = Counter(each.reason for each in left_out).most_common(1)[0][0]
    return LeftOut(scan.path, None, reason, reasons(left_out), scan.series_uid)
