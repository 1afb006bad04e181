"""Accuracy of what a network answers besides the score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.degradations import DEGRADATION, DOSE_AND_VIEWS, with_degradation
from ctiqa.evaluate.manifest_table import share
from ctiqa.evaluate.predictors.predictor import ExampleProgress, same_size_batches
from ctiqa.score.engines.protocol import Answers, ImageBatch
from ctiqa.types import SCORE_RANGE
from ctiqa.weights import ModelCard

FEWEST = 20
"""Fewest examples with and without a finding, for which its AUC is reported."""


@dataclass(frozen=True, slots=True)
class NoiseEstimates:
    """Agreement of the estimated with the true equivalent noise.

    Attributes:
        n: Number of examples.
        median_error: Median of the relative error.
        srocc: Spearman correlation.
    """

    n: int
    median_error: float
    srocc: float


def answers_to(
    answer: Callable[[ImageBatch], Answers],
    examples: Examples,
    progress: ExampleProgress | None = None,
) -> Answers:
    """Answers of a network to examples, in batches of one size, without the maps.

    Args:
        answer: From slices [n, rows, cols] to answers.
        examples: Slices in HU, at least one.
        progress: Called with (examples done, examples in all).
    """
    parts: list[Answers] = []
    done = 0
    for hu in same_size_batches(examples):
        parts.append(answer(np.ascontiguousarray(hu)))
        done += len(hu)
        if progress:
            progress(done, len(examples))
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in Answers._fields
        # Maps of slices of different sizes cannot be joined, and are not needed here.
        if name != "log_noise_hu" and getattr(parts[0], name) is not None
    }
    return Answers(**joined)


def noise_estimates(answers: Answers, examples: Examples) -> dict[str, NoiseEstimates]:
    """Agreement in equivalent noise: all, dose and views alone, below and at the top of the scale.

    Returns:
        Nothing if the network does not estimate it, or the examples do not know it.
    """
    if answers.log_equivalent_noise_hu is None or "total_noise_hu" not in examples.table.columns:
        return {}
    found = np.exp(answers.log_equivalent_noise_hu.astype(np.float64))
    true = examples.column("total_noise_hu").astype(np.float64)
    table = with_degradation(examples.table)
    saturated = examples.column("raw").astype(np.float64) >= SCORE_RANGE[1]
    parts = {"all": np.ones(len(true), bool), "not saturated": ~saturated, "saturated": saturated}
    if DEGRADATION in table.columns:
        parts[DOSE_AND_VIEWS] = (table[DEGRADATION] == DOSE_AND_VIEWS).to_numpy()
    return {
        name: NoiseEstimates(
            n=int(inside.sum()),
            median_error=float(np.median(np.abs(found[inside] / true[inside] - 1))),
            srocc=float(stats.spearmanr(found[inside], true[inside]).statistic),
        )
        for name, inside in parts.items()
        if inside.sum() >= FEWEST
    }


def findings_auc(
    answers: Answers, examples: Examples, names: Sequence[str]
) -> dict[str, float | None]:
    """Area under the ROC curve of every finding; ``None`` if too few examples have or lack it."""
    true = examples.findings(names)
    if answers.findings is None or true is None:
        return {}
    return {name: _auc(answers.findings[:, k], true[:, k]) for k, name in enumerate(names)}


def _auc(score: npt.NDArray[np.float32], true: npt.NDArray[np.float32]) -> float | None:
    """Probability that an example with the finding ranks above one without (Mann and Whitney)."""
    present, absent = score[true == 1], score[true == 0]
    if min(len(present), len(absent)) < FEWEST:
        return None
    above = stats.mannwhitneyu(present, absent).statistic
    return float(above / (len(present) * len(absent)))


def region_accuracy(
    answers: Answers, examples: Examples, names: Sequence[str]
) -> dict[str, tuple[int, float]]:
    """Slices and share with a right region, by what they show; ``all`` comes first."""
    right = examples.regions(names)
    if answers.regions is None or right is None:
        return {}
    known = right.sum(axis=1) > 0
    said = answers.regions.argmax(axis=1)
    hit = right[np.arange(len(said)), said] > 0
    shown = np.array(["/".join(np.array(names)[row > 0]) for row in right])
    groups = {"all": known, **{name: shown == name for name in sorted(set(shown[known]))}}
    return {name: (int(m.sum()), float(hit[m].mean())) for name, m in groups.items()}


def judged_examples(answers: Answers, card: ModelCard) -> npt.NDArray[np.bool_]:
    """Whether the model scores each example, or abstains because of the region it sees [n]."""
    if answers.regions is None:
        return np.ones(len(answers.scores), dtype=bool)
    return np.isin(np.array(card.regions)[answers.regions.argmax(axis=1)], card.judged)


def answer_facts(answers: Answers, examples: Examples, card: ModelCard) -> dict[str, Any]:
    """All of it, for a file; nothing for a model that answers with scores alone.

    Args:
        answers: What the model answered.
        examples: The examples it was given.
        card: Card of the model.
    """
    if not (card.findings or card.regions):
        return {}
    noise = noise_estimates(answers, examples)
    judged = judged_examples(answers, card)
    return {
        "judged": {"n": int(judged.sum()), "of": len(judged)},
        **_abstention(judged, examples, card),
        "equivalent_noise": {name: _rounded(asdict(each)) for name, each in noise.items()},
        "findings_auc": _rounded(findings_auc(answers, examples, card.findings)),
        "regions": {
            name: {"n": n, "right": round(share, 4)}
            for name, (n, share) in region_accuracy(answers, examples, card.regions).items()
        },
    }


def _abstention(
    judged: npt.NDArray[np.bool_], examples: Examples, card: ModelCard
) -> dict[str, Any]:
    """How often the model abstains where it should and where it should not, if that is known."""
    shown = examples.regions(card.regions)
    if shown is None or not card.judged:
        return {}
    known = shown.sum(axis=1) > 0
    scorable = shown[:, np.isin(card.regions, card.judged)].sum(axis=1) > 0
    groups = {"should_abstain": known & ~scorable, "should_score": known & scorable}
    return {
        name: {"n": int(rows.sum()), "abstained": round(share(~judged[rows]), 4)}
        for name, rows in groups.items()
    }


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()}
