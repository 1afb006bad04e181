"""Performance of a network on held-out patients for its model card, in grades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.data.manifest import SHOWS, Examples
from ctiqa.evaluate.degradations import DEGRADATION, DOSE_AND_VIEWS, with_degradation
from ctiqa.evaluate.manifest_table import share
from ctiqa.evaluate.monotonicity import MOST_RISE, monotonicity_along
from ctiqa.evaluate.predictors.predictor import (
    ImageChange,
    Predictor,
    score_examples,
    scored_outputs,
)
from ctiqa.evaluate.robustness.check import score_change, sharper_share
from ctiqa.evaluate.robustness.perturbations import PERTURBATIONS, SHIFTS
from ctiqa.evaluate.scale import GRADES, Scale
from ctiqa.evaluate.scored import SCORE, ScoredExamples
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.metrics.agreement.intervals import agreement_intervals

STEADY = (
    *("flip left-right", "flip up-down", "quarter turn"),
    *(f"shift {down}, {right} px" for down, right in SHIFTS),
)
"""Perturbations under which the score must stay: pixels are only moved."""

FAR_APART = 0.25
"""Difference of two doses, as a share of full dose, that a score must rank correctly."""


def score_in_grades(
    predictor: Predictor, examples: Examples, scale: Scale, *, change: ImageChange | None = None
) -> ScoredExamples:
    """Score examples with a network that gives grades; scores are clipped, labels converted.

    Args:
        predictor: The network.
        examples: Slices in HU.
        scale: Scale of the labels.
        change: Applied to each batch of slices before it is scored.
    """
    found = score_examples(predictor, examples, GRADES, change=change)
    return _graded(found, scale)


def in_grades(
    predictor: Predictor, examples: Examples, scale: Scale, outputs: npt.NDArray[np.float32]
) -> ScoredExamples:
    """The same of outputs that the network has given, by every member [examples, members]."""
    return _graded(scored_outputs(predictor, examples, GRADES, outputs), scale)


def _graded(found: ScoredExamples, scale: Scale) -> ScoredExamples:
    return replace(found.clipped, label=scale.grades(found.label))


def of_regions(examples: Examples, judged: Sequence[str]) -> Examples:
    """Examples that show one of the regions, and those whose region is not known.

    All of them if there are no regions to choose from.
    """
    if not judged or SHOWS not in examples.table.columns:
        return examples
    shown = [set(str(words or "").split("/")) for words in examples.table[SHOWS]]
    kept = [shows == {""} or not shows.isdisjoint(judged) for shows in shown]
    return Examples(examples.folder, examples.table.filter(kept))


def agreement_with_intervals(scored: ScoredExamples, *, resamples: int = 1000) -> dict[str, Any]:
    """The published metrics with their patient-clustered 95 % intervals."""
    names = agreement(scored.score, scored.label).as_dict()
    rng = np.random.default_rng(0)
    found = agreement_intervals(
        scored.score, scored.label, scored.patient, rng, resamples=resamples
    )
    estimates = {
        name: {
            "value": round(found[name].value, 4),
            "interval": [round(found[name].low, 4), round(found[name].high, 4)],
        }
        for name in names
    }
    return {"n": len(scored), "patients": scored.patients, **estimates}


def dose_and_views(scored: ScoredExamples) -> ScoredExamples:
    """The examples degraded by dose and views alone: no other filter, no artefact."""
    table = with_degradation(scored.examples.table)
    return scored.where((table[DEGRADATION] == DOSE_AND_VIEWS).to_numpy())


def by_region(scored: ScoredExamples) -> dict[str, dict[str, Any]]:
    """Error, mean and histogram of the scores (eight bins of half a grade) for every region."""
    region = scored.examples.column("region")
    result = {}
    for name in sorted(set(region.tolist())):
        part = scored.where(region == name)
        score, label = part.score, part.label
        result[name] = {
            "n": len(part),
            "patients": part.patients,
            "mae": round(float(np.abs(score - label).mean()), 4),
            "bias": round(float((score - label).mean()), 4),
            "scores": np.histogram(score, 8, (0, 4))[0].tolist(),
            "labels": np.histogram(label, 8, (0, 4))[0].tolist(),
        }
    return result


def dose_monotonicity(ladder: ScoredExamples) -> dict[str, float] | None:
    """Monotonicity of the score with the dose, slice by slice.

    Returns:
        ``slices``: share of slices whose score never rises by more than the tolerance as the dose
        falls; ``pairs``: share of dose pairs, at least 25 % of full dose apart, that are ranked
        correctly or equal within the tolerance. ``None`` if no slice has two doses.
    """
    table = ladder.graded_table
    order = monotonicity_along(table, "dose", "score", SCORE)
    if order is None:
        return None
    pairs = table.join(table, on="shard", suffix="_lower").filter(
        pl.col("dose") - pl.col("dose_lower") >= FAR_APART
    )
    right = (pairs[f"{SCORE}_lower"] <= pairs[SCORE] + MOST_RISE).to_numpy()
    return {
        "slices": round(1 - order.risen / order.slices, 4),
        "pairs": round(share(right), 4),
        "tolerance": MOST_RISE,
        "n_slices": order.slices,
    }


def steadiness(
    predictor: Predictor, examples: Examples, scale: Scale
) -> dict[str, dict[str, float]]:
    """Change of the score under flips, a quarter turn and shifts, which must not matter."""
    plain = score_in_grades(predictor, examples, scale).score
    result = {}
    for each in PERTURBATIONS:
        if each.name in STEADY:
            found = score_change(
                score_in_grades(predictor, examples, scale, change=each.change).score - plain
            )
            result[each.name] = {
                "within_0.1": round(found.within, 4),
                "largest": round(found.largest, 4),
            }
    return result


def sharper_order(plain: ScoredExamples, sharper: ScoredExamples) -> float | None:
    """Share of slices whose sharper reconstruction scores no higher than the slice itself."""
    tables = [plain.graded_table, sharper.graded_table]
    found = sharper_share(pl.concat(tables, how="vertical_relaxed"))
    return None if found is None else round(found, 4)
