"""What to keep in mind about a score: fixed codes, from the verdict and the physical measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from ctiqa.cards import ModelCard
from ctiqa.noise_scale import EXCELLENT_NOISE_HU, noise_of_score
from ctiqa.physics.patient.filtered import is_too_quiet
from ctiqa.score.domain import OUTSIDE_TRAINING
from ctiqa.types import PatientPhysics, SliceScore, Unmeasured

FILTERED, SHARP_KERNEL, SATURATED = "filtered", "sharp_kernel", "saturated"
CONTRADICTION, ARTEFACT = "contradiction", "artefact:"
"""Codes; the kind of an artefact follows the colon."""

SMOOTHED = frozenset({"blurred", "denoised"})
"""Findings of lost detail, and of removed noise."""

NO_ARTEFACTS = SMOOTHED | {"sharp kernel"}
"""Findings that come from reconstruction and processing; all others are artefacts."""

TOP_SCORE = 3.95
"""Scores from here do not tell better from worse; the equivalent noise does."""

SMOOTH_RATIO = 2.0
"""Equivalent over quantum noise from which a smooth slice has lost more than its noise shows."""

LEAST_RATIO = 0.75
"""Equivalent over quantum noise: nothing can be better than its own noise. The least of 189 slices
was 0.81."""

MOST_RATIO = 2.5
"""Equivalent over measured noise that needs an explanation."""


def honesty_flags(
    verdict: SliceScore,
    physics: PatientPhysics | None,
    card: ModelCard,
    *,
    filtered: bool = False,
) -> tuple[str, ...]:
    """Flags of one slice, from what a model answers and what was measured.

    * ``filtered``: the noise has the texture of a filter; or is less than any dose explains; or
      the model finds the slice smooth, and judges it far worse than its noise alone.
    * ``sharp_kernel``: the model finds the noise of a sharp kernel.
    * ``artefact:KIND`` for each artefact that the model finds.
    * ``saturated``: the score is at the top of the scale.
    * ``contradiction``: the score is better than the measured noise allows; or far worse, and no
      finding says why.
    * ``outside_training``: the slice shows what the model was not trained to score.

    An older model has no findings, regions or equivalent noise: then the noise that its score
    stands for is compared.

    Args:
        verdict: The score, before calibration to readers.
        physics: Measures of the slice; ``None`` if it was not measured.
        card: Card of the model.
        filtered: Whether :func:`ctiqa.physics.patient.filtered.is_filtered` says so.

    Returns:
        Codes, each once; for a slice without a score only ``outside_training``.

    >>> from pathlib import Path
    >>> from ctiqa.catalog import DEFAULT_MODEL
    >>> from ctiqa.types import SliceHeader, SliceSource
    >>> from ctiqa.weights import load_model
    >>> header = SliceHeader(SliceSource(Path("scan.nii")), rows=512, cols=512)
    >>> metal = SliceScore(header, 4.0, None, findings=("metal",))
    >>> honesty_flags(metal, None, load_model(DEFAULT_MODEL).card)
    ('artefact:metal', 'saturated')
    """
    if verdict.score is None:
        unknown = verdict.region is not None and verdict.region not in card.judged
        return (OUTSIDE_TRAINING,) if unknown else ()
    smooth = filtered or _is_smooth(verdict, physics)
    return tuple(_flags(verdict, physics, smooth=smooth))


def scan_flags(slices: Sequence[SliceScore]) -> tuple[str, ...]:
    """Flags of a scan, from those of its slices.

    A kernel and a filter are those of the whole reconstruction, and one slice in fifty may be
    mistaken: ``filtered``, ``sharp_kernel`` and ``contradiction`` are flags of the scan if half of
    the slices have them, of those that were measured if there are any. ``saturated`` goes by the
    mean score. All other flags are those of any slice.

    Args:
        slices: Scores of the slices, with their flags.

    Returns:
        Codes, each once, in the order of their first slice.

    >>> from pathlib import Path
    >>> from ctiqa.types import SliceHeader, SliceSource
    >>> header = SliceHeader(SliceSource(Path("scan.nii")), rows=512, cols=512)
    >>> flags = [("filtered", "saturated"), ("filtered",), ()]
    >>> scan_flags([SliceScore(header, 3.9, None, each) for each in flags])
    ('filtered',)
    """
    scored = [each for each in slices if each.score is not None]
    measured = [each for each in scored if each.physics is not None] or scored
    held = {flag: _is_usual(flag, measured) for flag in (FILTERED, SHARP_KERNEL, CONTRADICTION)}
    held[SATURATED] = _mean_score(scored) >= TOP_SCORE
    found = dict.fromkeys(flag for each in slices for flag in each.flags)
    return tuple(flag for flag in found if held.get(flag, True))


def _flags(verdict: SliceScore, physics: PatientPhysics | None, *, smooth: bool) -> Iterator[str]:
    if smooth:
        yield FILTERED
    if "sharp kernel" in verdict.findings:
        yield SHARP_KERNEL
    artefacts = [name for name in verdict.findings if name not in NO_ARTEFACTS]
    for name in artefacts:
        yield ARTEFACT + name.replace(" ", "_")
    if verdict.score is not None and verdict.score >= TOP_SCORE:
        yield SATURATED
    explained = smooth or bool(artefacts) or not SMOOTHED.isdisjoint(verdict.findings)
    if physics is not None and _disagree(verdict, physics, explained=explained):
        yield CONTRADICTION


def _is_smooth(verdict: SliceScore, physics: PatientPhysics | None) -> bool:
    """Whether a slice is smoother than its noise and its quality allow."""
    quantum = None if physics is None else physics.quantum_noise_hu
    if physics is not None and _is_quiet(physics):
        return True
    equivalent = verdict.equivalent_noise_hu
    if SMOOTHED.isdisjoint(verdict.findings) or equivalent is None:
        return False
    return equivalent > max(EXCELLENT_NOISE_HU, SMOOTH_RATIO * (quantum or 0.0))


def _is_quiet(physics: PatientPhysics) -> bool:
    """Whether there is less noise than any dose explains, or none."""
    if physics.quantum_noise_hu is None:
        return physics.missing.get("quantum_noise_hu") is Unmeasured.NO_NOISE
    return is_too_quiet(physics.quantum_noise_hu, physics.water_equivalent_diameter_mm)


def _disagree(verdict: SliceScore, physics: PatientPhysics, *, explained: bool) -> bool:
    """Whether the noise that a score stands for is not that of the slice."""
    quantum = physics.quantum_noise_hu
    if quantum is None or verdict.score is None:
        return False
    known = verdict.equivalent_noise_hu
    implied = noise_of_score(verdict.score) if known is None else known
    low, high = verdict.interval or (verdict.score, verdict.score)
    # At the ends of the scale a score only bounds the noise.
    if verdict.score > 0 and implied * max(_step(low, verdict.score), 1 / LEAST_RATIO) < quantum:
        return True
    if explained or (known is None and not 0 < verdict.score < TOP_SCORE):
        return False
    least = implied / max(_step(verdict.score, high), MOST_RATIO)
    return least > max(quantum, physics.noise_hu or 0.0, EXCELLENT_NOISE_HU / MOST_RATIO)


def _step(worse: float, better: float) -> float:
    """Factor between the noise of two scores."""
    return noise_of_score(worse) / noise_of_score(better)


def _is_usual(flag: str, slices: Sequence[SliceScore]) -> bool:
    return bool(slices) and 2 * sum(flag in each.flags for each in slices) >= len(slices)


def _mean_score(scored: Sequence[SliceScore]) -> float:
    known = [each.score for each in scored if each.score is not None]
    return fmean(known) if known else 0.0
