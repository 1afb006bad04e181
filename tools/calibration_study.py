"""How many cases a calibration to readers needs, on simulated readers with a known map.

``python -m tools.calibration_study`` prints the table of docs/how-to/calibrate.md (a minute).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ctiqa.calibration.cases import Cases
from ctiqa.calibration.conformal import half_width, reach
from ctiqa.calibration.effects import case_means, reader_effects, without_bias
from ctiqa.calibration.fit import fit_map
from ctiqa.types import SCORE_RANGE, Floats

Map = Callable[[Floats], Floats]

MAPS: dict[str, Map] = {
    "agree with the model": lambda scores: scores,
    "are stricter by 0.8": lambda scores: scores - 0.8,
    "use less of the scale": lambda scores: 1.2 + 0.55 * scores,
}
"""What readers see, by the open score of the model."""

SIZES = (20, 40, 80)
"""Numbers of cases, one a patient."""

REPEATS = 100
"""Simulated studies for each number of cases."""

READERS, BIAS_SD, READER_SD, MODEL_SD = 3, 0.3, 0.4, 0.25
"""Number of readers, spread of their biases, rest of a single score, error of the model."""

SPAN = (0.5, 5.0)
"""Open scores of the cases: an eighth lies beyond 4."""


@dataclass(frozen=True)
class Study:
    """One simulated study.

    Attributes:
        kept: Whether the model's scores were kept.
        before: Mean distance of the model's scores from the true map, in grades.
        after: That of the calibrated scores.
        width: Half width of the interval.
        covered: Share of the readers' scores of new patients inside their interval.
    """

    kept: bool
    before: float
    after: float
    width: float
    covered: float


def read(rng: np.random.Generator, mapped: Map, bias: Floats, count: int) -> tuple[Floats, Floats]:
    """Open scores of cases [cases], and the readers' scores [readers, cases]."""
    scores = rng.uniform(*SPAN, count)
    seen = np.clip(mapped(scores) + MODEL_SD * rng.standard_normal(count), *SCORE_RANGE)
    noise = READER_SD * rng.standard_normal((len(bias), count))
    return scores, np.clip(seen + bias[:, None] + noise, *SCORE_RANGE)


def study(rng: np.random.Generator, mapped: Map, count: int) -> Study:
    """Calibrate with some cases, and look at new ones."""
    bias = BIAS_SD * rng.standard_normal(READERS)
    scores, given = read(rng, mapped, bias - bias.mean(), count)
    reader, case = (index.ravel() for index in np.indices(given.shape))
    unbiased = without_bias(given.ravel(), reader, reader_effects(case, reader, given.ravel()))
    cases = Cases(scores, np.arange(count), case_means(case, unbiased), np.arange(count))
    fitted = fit_map(cases)
    needed = np.concatenate([reach(cases, fitted.left_out, own) for own in given])
    width = half_width(needed, case)
    new, verdicts = read(rng, mapped, bias - bias.mean(), 500)
    middle = fitted.curve.unclipped(new)
    low, high = (np.clip(middle + side * width, *SCORE_RANGE) for side in (-1, 1))
    truth = np.clip(mapped(new), *SCORE_RANGE)
    return Study(
        kept=fitted.form == "identity",
        before=float(np.abs(np.clip(new, *SCORE_RANGE) - truth).mean()),
        after=float(np.abs(fitted.curve(new) - truth).mean()),
        width=width,
        covered=float(np.mean((low <= verdicts) & (verdicts <= high))),
    )


def row(name: str, found: Sequence[Study]) -> str:
    """A line of the table: means over studies of one kind."""

    def mean(fact: str) -> float:
        return float(np.mean([getattr(each, fact) for each in found]))

    errors = f"{mean('before'):.2f} | {mean('after'):.2f}"
    return f"{name} | {mean('kept'):.0%} | {errors} | ± {mean('width'):.2f} | {mean('covered'):.0%}"


def main() -> None:
    """Print the table."""
    lines = ["the readers | cases | scores kept | error before | error after | interval | covered"]
    lines.append(" | ".join(["---"] * 7))
    for name, mapped in MAPS.items():
        for count in SIZES:
            rng = np.random.default_rng(0)
            found = [study(rng, mapped, count) for _ in range(REPEATS)]
            lines.append(row(f"{name} | {count}", found))
    sys.stdout.write("".join(f"| {line} |\n" for line in lines))


if __name__ == "__main__":
    main()
