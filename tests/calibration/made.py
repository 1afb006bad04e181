"""Simulated cases and readers: a model's scores, a known map, known biases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ctiqa.noise_scale import noise_of_score
from ctiqa.types import Floats, Results, Scan, ScanScore, SliceHeader, SliceScore, SliceSource

DIGEST = "ab" * 32
"""Digest of the simulated model."""

MODEL = {"name": "simulated", "version": "1", "sha256": DIGEST}

Map = Callable[[Floats], Floats]

Row = dict[str, object]


def slice_score(open_score: float | None, name: str, frame: int = 0) -> SliceScore:
    """A slice of a model that estimates equivalent noise as well."""
    source = SliceSource(Path(name), frame, instance_uid=f"1.2.{name}.{frame}")
    header = SliceHeader(source, 256, 256)
    if open_score is None:
        return SliceScore(header, None, None, ("air",))
    score = min(max(open_score, 0.0), 4.0)
    noise_hu = noise_of_score(open_score)
    return SliceScore(header, score, (score, score), equivalent_noise_hu=noise_hu)


def results(open_scores: Sequence[Sequence[float | None]], **model: object) -> Results:
    """One scan for each list of scores of slices, in the files /d/000.nii, /d/001.nii, …"""
    scans = []
    for k, scores in enumerate(open_scores):
        name = f"/d/{k:03}.nii"
        slices = tuple(slice_score(each, name, frame) for frame, each in enumerate(scores))
        scan = Scan(f"1.3.{k}", Path(name), tuple(each.header for each in slices))
        scans.append(ScanScore(scan, None, None, slices))
    return Results(MODEL | model, tuple(scans), ())


@dataclass(frozen=True)
class Simulated:
    """Cases of one slice each, and what readers say of them."""

    open_scores: Floats
    rows: list[Row]

    @property
    def results(self) -> Results:
        return results([[score] for score in self.open_scores.tolist()])

    @property
    def table(self) -> Floats:
        """[readers, cases]"""
        count = len({row["reader"] for row in self.rows})
        scores = [row["score"] for row in self.rows]
        return np.array(scores, dtype=np.float64).reshape(-1, count).T


def simulate(
    rng: np.random.Generator,
    count: int,
    mapped: Map,
    *,
    bias: Sequence[float] = (0.4, 0.0, -0.4),
    model_sd: float = 0.2,
    reader_sd: float = 0.3,
    span: tuple[float, float] = (0.5, 3.5),
    patients: int | None = None,
) -> Simulated:
    """Cases spread over a span of model scores, each read by every reader.

    Args:
        rng: Random generator.
        count: Number of cases.
        mapped: The true map from model scores to what readers see.
        bias: Bias of each reader in grades.
        model_sd: Error of the model in grades.
        reader_sd: What is left of a reader's single score.
        span: Lowest and highest score of the model, on the open scale.
        patients: Number of patients, who have as many cases each; ``None`` for one a case.
    """
    open_scores = rng.uniform(*span, count)
    seen = np.clip(mapped(open_scores) + model_sd * rng.standard_normal(count), 0, 4)
    rows: list[Row] = []
    for k in range(count):
        for r, own in enumerate(bias):
            score = float(np.clip(seen[k] + own + reader_sd * rng.standard_normal(), 0, 4))
            rows.append({"id": f"1.3.{k}", "score": score, "reader": f"R{r}"})
            if patients:
                rows[-1]["patient"] = f"P{k % patients}"
    return Simulated(open_scores, rows)


def flatter(scores: Floats) -> Floats:
    """Readers who use less of the scale than the model."""
    return np.asarray(0.8 + 0.6 * scores)


def same(scores: Floats) -> Floats:
    """Readers who agree with the model."""
    return np.clip(scores, 0, 4)
