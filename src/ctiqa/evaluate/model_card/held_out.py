"""Scores of a shipped network on a prepared data set, and what they say about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.data.manifest import Examples
from ctiqa.data.sources.simulate import DOSE_LADDER
from ctiqa.evaluate.degradations import DEGRADATION, DOSE_AND_VIEWS, with_degradation
from ctiqa.evaluate.scale import GRADES, Scale
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.metrics.agreement.intervals import agreement_intervals
from ctiqa.score.engines.engine import Engine

Floats = npt.NDArray[np.float64]

ORDER_TOLERANCE = 0.05
"""Rise in score, in grades, that counts as level and not as a wrong order."""

SHIFTS = ((0, 5), (7, 0), (-16, 11))
"""Shifts in pixels (down, right) under which the score must stay."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Examples with what a network said of them.

    Attributes:
        examples: The examples.
        members: Estimates of the head members in grades, not clipped [n, members].
        scale: Scale of the labels.
    """

    examples: Examples
    members: npt.NDArray[np.float32]
    scale: Scale = GRADES

    @property
    def score(self) -> Floats:
        """Score of every example, 0–4 [n]."""
        return np.asarray(np.clip(self.members.mean(axis=1, dtype=np.float64), 0, 4))

    @property
    def spread(self) -> Floats:
        """Standard deviation over the members [n]."""
        return np.asarray(self.members.std(axis=1, dtype=np.float64))

    @property
    def label(self) -> Floats:
        """True score of every example in grades, 0–4 [n]."""
        return self.scale.grades(self.examples.column("label").astype(np.float64))


def score_examples(
    engine: Engine,
    examples: Examples,
    *,
    change: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] | None = None,
    batch: int = 8,
    scale: Scale = GRADES,
) -> Scored:
    """Score every example with the engine that users run.

    Args:
        engine: The network.
        examples: Examples of one matrix size.
        change: Applied to the pixels [n, rows, cols] before scoring (a flip, say).
        batch: Slices at a time.
        scale: Scale of the labels.
    """
    images = examples.images()
    parts = []
    for start in range(0, len(images), batch):
        numbers = range(start, min(start + batch, len(images)))
        hu = np.stack([images[k] for k in numbers]).astype(np.float32)
        parts.append(engine.run(np.ascontiguousarray(change(hu) if change else hu)))
    return Scored(examples, np.concatenate(parts), scale)


def calibrate(scored: Scored, level: float) -> dict[str, float]:
    """Interval rule from validation patients: half width = quantile·√(spread² + floor²).

    Split-conformal prediction with a locally scaled residual: Lei J et al. J Am Stat Assoc
    113(523):1094–1111, 2018. The floor, the median error, keeps agreement among members from
    passing for certainty.
    """
    error = np.abs(scored.score - scored.label)
    floor = float(max(np.median(error), 0.02))
    relative = error / np.hypot(scored.spread, floor)
    n = len(relative)
    rank = min(np.ceil((n + 1) * level) / n, 1.0)
    return {
        "level": level,
        "quantile": round(float(np.quantile(relative, rank)), 4),
        "floor": round(floor, 4),
    }


def coverage(scored: Scored, rule: dict[str, float]) -> float:
    """Share of the labels inside their interval."""
    half = rule["quantile"] * np.hypot(scored.spread, rule["floor"])
    return float(np.mean(np.abs(scored.score - scored.label) <= half))


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
    return replace(scored, examples=examples, members=scored.members[plain])


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


def dose_order(ladder: Scored) -> dict[str, float]:
    """Does the score follow the dose, slice by slice?

    Returns:
        ``slices``: share of slices whose score nowhere rises by more than the tolerance as the
        dose falls; ``pairs``: share of pairs of doses, at least 25 % of full dose apart, in
        strictly right order or level within the tolerance.
    """
    per_slice: dict[str, dict[float, float]] = {}
    facts = zip(
        ladder.examples.column("shard").tolist(),
        ladder.examples.column("dose").tolist(),
        ladder.score.tolist(),
        strict=True,
    )
    for shard, dose, score in facts:
        per_slice.setdefault(shard, {})[dose] = score
    doses = sorted(DOSE_LADDER, reverse=True)
    falling = [
        all(s[b] <= s[a] + ORDER_TOLERANCE for a, b in pairwise(doses)) for s in per_slice.values()
    ]
    pairs = [
        s[b] <= s[a] + ORDER_TOLERANCE
        for s in per_slice.values()
        for a in doses
        for b in doses
        if a - b >= 0.25
    ]
    return {
        "slices": round(float(np.mean(falling)), 4),
        "pairs": round(float(np.mean(pairs)), 4),
        "tolerance": ORDER_TOLERANCE,
        "n_slices": len(per_slice),
    }


def steadiness(engine: Engine, examples: Examples) -> dict[str, dict[str, float]]:
    """How much the score moves when nothing that matters does: flips, a quarter turn, shifts."""
    plain = score_examples(engine, examples).score
    changes: dict[str, Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]] = {
        "flip left-right": lambda hu: hu[:, :, ::-1],
        "flip up-down": lambda hu: hu[:, ::-1],
        "quarter turn": lambda hu: np.rot90(hu, axes=(1, 2)),
    }
    for down, right in SHIFTS:
        changes[f"shift {down}, {right} px"] = shift(down, right)
    result = {}
    for name, change in changes.items():
        moved = np.abs(score_examples(engine, examples, change=change).score - plain)
        result[name] = {
            "within_0.1": round(float(np.mean(moved <= 0.1)), 4),
            "largest": round(float(moved.max()), 4),
        }
    return result


def shift(down: int, right: int) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
    """A change that moves slices by whole pixels; what comes in is air.

    Args:
        down: Rows, negative for up.
        right: Columns, negative for left.

    >>> shift(0, 1)(np.array([[[1.0, 2.0]]], dtype=np.float32)).tolist()
    [[[-1000.0, 1.0]]]
    """

    def move(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        moved = np.full_like(hu, -1000.0)
        rows, cols = hu.shape[1:]
        to_r, to_c = (
            slice(max(down, 0), rows + min(down, 0)),
            slice(max(right, 0), cols + min(right, 0)),
        )
        from_r = slice(max(-down, 0), rows + min(-down, 0))
        from_c = slice(max(-right, 0), cols + min(-right, 0))
        moved[:, to_r, to_c] = hu[:, from_r, from_c]
        return moved

    return move


def sharper_order(plain: Scored, sharper: Scored) -> float:
    """Share of slices whose sharper reconstruction scores no higher than the slice itself."""
    before = dict(zip(plain.examples.column("shard").tolist(), plain.score.tolist(), strict=True))
    after = zip(sharper.examples.column("shard").tolist(), sharper.score.tolist(), strict=True)
    return round(float(np.mean([score <= before[s] for s, score in after])), 4)
