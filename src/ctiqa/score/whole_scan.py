"""The score of a scan from those of its slices; pure functions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from statistics import fmean, geometric_mean, median

from ctiqa.cards import NoiseRule
from ctiqa.noise_scale import noise_of_score, score_of_noise
from ctiqa.physics.reserve import GOOD, dose_reserve
from ctiqa.score.domain import NOT_HU, OUTSIDE_TRAINING
from ctiqa.score.examined import is_measured
from ctiqa.score.honesty.flags import scan_flags
from ctiqa.score.verdict import ABSTENTIONS, why_unscored
from ctiqa.types import PatientPhysics, Scan, ScanScore, SliceHeader, SliceScore, Unmeasured

Interval = tuple[float, float]
"""Low and high end."""


def score_scan(
    scan: Scan,
    slices: Sequence[SliceScore],
    noise_rule: NoiseRule | None = None,
    *,
    planned: int | None = None,
) -> ScanScore:
    """The score of a scan: the mean of its slice scores.

    Its interval is the mean of the lower and upper bounds of the slices: errors of neighbouring
    slices are correlated, so averaging does not narrow the interval. So is that of its equivalent
    noise, as geometric means.

    Args:
        scan: The series.
        slices: Scores of the slices that could be read, in z order.
        noise_rule: Accuracy of the equivalent noise; ``None`` if the model does not state it.
        planned: Number of slices that were to be scored, if the run was stopped before the end.
    """
    slices = _of_one_kind(slices, planned or len(scan.headers))
    shares = _quantum_shares(slices)
    known = [
        replace(each, dose_reserve=_reserve(each, share))
        for each, share in zip(slices, shares, strict=True)
    ]
    judged = [each for each in known if each.score is not None]
    judged_shares = [
        share for each, share in zip(known, shares, strict=True) if each.score is not None
    ]
    return ScanScore(
        scan=replace(scan, headers=tuple(each.header for each in slices)),
        score=fmean(each.score for each in judged if each.score is not None) if judged else None,
        interval=_mean_interval([each.interval for each in judged if each.interval is not None]),
        slices=tuple(known),
        flags=(*scan_flags(slices), *(() if judged else ("not_scored",))),
        warnings=scan.warnings + _scan_warnings(scan.headers, slices),
        equivalent_noise_hu=_mean_noise(judged),
        equivalent_noise_interval=_mean_noise_interval(judged),
        physics=_typical([each.physics for each in judged if each.physics is not None]),
        dose_reserve=_typical_reserve(judged, judged_shares),
        dose_reserve_interval=_reserve_interval(judged, judged_shares, noise_rule),
    )


def _of_one_kind(slices: Sequence[SliceScore], count: int) -> Sequence[SliceScore]:
    """Slices without scores if most of the examined ones show no patient.

    Of a long scan only some slices are thoroughly examined, and the others are of the same kind.

    Args:
        slices: Scores of the slices that could be read.
        count: Number of slices that were to be scored.
    """
    examined = [each for index, each in enumerate(slices) if is_measured(index, count)]
    for flag in (NOT_HU, OUTSIDE_TRAINING):
        foreign = [each for each in examined if _shows_no_patient(each, flag)]
        if 2 * len(foreign) > len(examined):
            return [_abstained(each, flag) for each in slices]
    return slices


def _shows_no_patient(verdict: SliceScore, flag: str) -> bool:
    """Whether a slice has no score for this reason; a region that is not scored is a patient."""
    return verdict.score is None and verdict.region is None and flag in verdict.flags


def _abstained(verdict: SliceScore, flag: str) -> SliceScore:
    """The slice without its score."""
    if verdict.score is None:
        return verdict
    return SliceScore(verdict.header, None, None, (*verdict.header.flags, flag))


def _mean_interval(intervals: Sequence[Interval]) -> Interval | None:
    if not intervals:
        return None
    return fmean(low for low, _ in intervals), fmean(high for _, high in intervals)


def _mean_noise(judged: Iterable[SliceScore]) -> float | None:
    """Geometric mean of the equivalent noise, because the score follows its logarithm."""
    known = [each.equivalent_noise_hu for each in judged if each.equivalent_noise_hu is not None]
    return geometric_mean(known) if known else None


def _mean_noise_interval(judged: Iterable[SliceScore]) -> Interval | None:
    known = [each.equivalent_noise_interval for each in judged if each.equivalent_noise_interval]
    if not known:
        return None
    return geometric_mean(low for low, _ in known), geometric_mean(high for _, high in known)


def _typical(measured: Sequence[PatientPhysics]) -> PatientPhysics | None:
    """Median of every value; where no slice has it, the most frequent reason."""
    if not measured:
        return None
    values: dict[str, float] = {}
    missing: dict[str, Unmeasured] = {}
    for name in (each.name for each in fields(PatientPhysics) if each.name != "missing"):
        known = [value for each in measured if (value := getattr(each, name)) is not None]
        if known:
            values[name] = median(known)
        elif reasons := Counter(each.missing[name] for each in measured if name in each.missing):
            missing[name] = reasons.most_common(1)[0][0]
    return PatientPhysics(**values, missing=missing)


def _quantum_shares(slices: Sequence[SliceScore]) -> list[float | None]:
    """Share of quantum noise in the equivalent noise: of a slice, or of the nearest with one."""
    known = {
        index: each.physics.quantum_noise_hu / each.equivalent_noise_hu
        for index, each in enumerate(slices)
        if each.score is not None
        and each.equivalent_noise_hu
        and each.physics is not None
        and each.physics.quantum_noise_hu
    }
    if not known:
        return [None] * len(slices)
    return [known[min(known, key=lambda at: abs(at - index))] for index in range(len(slices))]


def _reserve(verdict: SliceScore, share: float | None, target: float = GOOD) -> float | None:
    """Dose reserve of a slice; infinite if no dose reaches the target, ``None`` if unknown."""
    noise_hu = verdict.equivalent_noise_hu
    if verdict.score is None or not noise_hu or share is None:
        return None
    found = dose_reserve(noise_hu, noise_hu * share, target)
    return math.inf if found is None else found


def _typical_reserve(
    judged: Sequence[SliceScore], shares: Sequence[float | None], target: float = GOOD
) -> float | None:
    """Median dose reserve of the slices that have one."""
    found = [_reserve(each, share, target) for each, share in zip(judged, shares, strict=True)]
    known = [each for each in found if each is not None]
    return median(known) if known else None


def _reserve_interval(
    judged: Sequence[SliceScore], shares: Sequence[float | None], rule: NoiseRule | None
) -> Interval | None:
    """Dose reserve if the equivalent noise at the lower dose is judged too low, or too high.

    There, plain noise is what is wrong, and the ensemble outputs agree.
    """
    if rule is None:
        return None
    wanted, factor = noise_of_score(GOOD), rule.factor()
    targets = (score_of_noise(wanted * factor), score_of_noise(wanted / factor))
    low, high = (_typical_reserve(judged, shares, target) for target in targets)
    return None if low is None or high is None else (low, high)


def _scan_warnings(headers: Sequence[SliceHeader], slices: Sequence[SliceScore]) -> tuple[str, ...]:
    warnings = []
    if unread := len(headers) - len(slices):
        warnings.append(f"{unread} of {len(headers)} slices could not be read")
    reasons = Counter(reason for each in slices if (reason := why_unscored(each)))
    for flag, count in reasons.items():
        warnings.append(f"{count} of {len(slices)} slices not scored: {ABSTENTIONS[flag]}")
    return tuple(warnings)
