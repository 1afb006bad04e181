"""What a card says of a network on patients it has never seen, in grades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.degradations import DEGRADATION, DOSE_AND_VIEWS, with_degradation
from ctiqa.evaluate.manifest_table import share
from ctiqa.evaluate.monotonicity import MOST_RISE, order_along
from ctiqa.evaluate.predictors.predictor import ImageChange, Predictor, score_examples
from ctiqa.evaluate.robustness.check import SCORE, moved, sharper_share
from ctiqa.evaluate.robustness.perturbations import PROPERTIES, SHIFTS
from ctiqa.evaluate.scale import GRADES, Scale
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.metrics.agreement.intervals import agreement_intervals
from ctiqa.types import Floats

STEADY = (
    *("flip left-right", "flip up-down", "quarter turn"),
    *(f"shift {down}, {right} px" for down, right in SHIFTS),
)
"""Perturbations after which the score of a card must stay: whole pixels, only moved."""

FAR_APART = 0.25
"""Difference of two doses, as a share of full dose, that a score must tell apart."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Examples with what a network said of them.

    Attributes:
        examples: The examples.
        score: Score of every example, 0–4 [n].
        spread: Standard deviation over the members [n].
        label: True score of every example in grades, 0–4 [n].
    """

    examples: Examples
    score: Floats
    spread: Floats
    label: Floats

    @property
    def table(self) -> pl.DataFrame:
        """Rows of the manifest with the scores."""
        return self.examples.table.with_columns(pl.Series(SCORE, self.score))


def score_in_grades(
    predictor: Predictor, examples: Examples, scale: Scale, *, change: ImageChange | None = None
) -> Scored:
    """Score examples with a network that gives grades.

    Args:
        predictor: The network.
        examples: Slices in HU.
        scale: Scale of the labels.
        change: Applied to slices of one size before they are scored.
    """
    found = score_examples(predictor, examples, GRADES, change=change)
    label = scale.grades(examples.column("label").astype(np.float64))
    return Scored(examples, found.clipped, found.spread, label)


def agreement_with_intervals(scored: Scored, *, resamples: int = 1000) -> dict[str, Any]:
    """Every figure of agreement with its 95 % patient-clustered interval."""
    patients = scored.examples.column("patient")
    names = agreement(scored.score, scored.label).as_dict()
    rng = np.random.default_rng(0)
    found = agreement_intervals(scored.score, scored.label, patients, rng, resamples=resamples)
    figures = {
        name: {
            "value": round(found[name].value, 4),
            "interval": [round(found[name].low, 4), round(found[name].high, 4)],
        }
        for name in names
    }
    return {"n": len(scored.examples), "patients": len(np.unique(patients)), **figures}


def dose_and_views(scored: Scored) -> Scored:
    """The examples that lack nothing but dose and views: no other filter, no artefact."""
    table = with_degradation(scored.examples.table)
    plain = (table[DEGRADATION] == DOSE_AND_VIEWS).to_numpy()
    examples = Examples(scored.examples.folder, scored.examples.table.filter(plain))
    parts = (each[plain] for each in (scored.score, scored.spread, scored.label))
    return Scored(examples, *parts)


def by_region(scored: Scored) -> dict[str, dict[str, Any]]:
    """Error, mean and histogram of the scores (eight bins of half a grade) for every region."""
    region = scored.examples.column("region")
    result = {}
    for name in sorted(set(region.tolist())):
        here = region == name
        score, label = scored.score[here], scored.label[here]
        result[name] = {
            "n": int(here.sum()),
            "patients": len(np.unique(scored.examples.column("patient")[here])),
            "mae": round(float(np.abs(score - label).mean()), 4),
            "bias": round(float((score - label).mean()), 4),
            "scores": np.histogram(score, 8, (0, 4))[0].tolist(),
            "labels": np.histogram(label, 8, (0, 4))[0].tolist(),
        }
    return result


def held_out_dose_order(ladder: Scored) -> dict[str, float] | None:
    """Does the score follow the dose, slice by slice?

    Returns:
        ``slices``: share of slices whose score nowhere rises by more than the tolerance as the
        dose falls; ``pairs``: share of pairs of doses, at least 25 % of full dose apart, in
        strictly right order or level within the tolerance. ``None`` where no slice has two doses.
    """
    table = ladder.table
    order = order_along(table, "dose", "score", SCORE)
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
    """How much the score moves when nothing that matters does: flips, a quarter turn, shifts."""
    plain = score_in_grades(predictor, examples, scale).score
    result = {}
    for each in PROPERTIES:
        if each.name in STEADY:
            found = moved(
                score_in_grades(predictor, examples, scale, change=each.change).score - plain
            )
            result[each.name] = {
                "within_0.1": round(found.within, 4),
                "largest": round(found.largest, 4),
            }
    return result


def sharper_order(plain: Scored, sharper: Scored) -> float | None:
    """Share of slices whose sharper reconstruction scores no higher than the slice itself."""
    found = sharper_share(pl.concat([plain.table, sharper.table], how="vertical_relaxed"))
    return None if found is None else round(found, 4)
