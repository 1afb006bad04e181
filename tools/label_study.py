"""Agreement among the metrics that make up a simulated label, by kind of degradation.

    python tools/label_study.py data/ctiqa-s4

No radiologist has read these slices, so a metric can only be compared with the others. Each metric
is mapped to the scale of the labels by a monotone curve fitted on other patients (five folds of
patients), then compared with the mean of the other four. A metric that needs its own curve for
every patient, or deviates from the others where only the dose is reduced, is worth less.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from ctiqa.data.manifest import Examples, read_examples
from ctiqa.evaluate.degradations import DEGRADATION, with_degradation
from ctiqa.evaluate.label_audit.parts import LABEL_PARTS

FOLDS = 5

Floats = npt.NDArray[np.float64]


def main() -> None:
    """Print the mean distance (and bias) of every metric from the mean of the other four."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    examples = read_examples(parser.parse_args().data).where(purpose="example")
    kind = np.array(with_degradation(examples.table)[DEGRADATION].to_list())
    grades = np.stack([mapped(examples, column) for column in LABEL_PARTS])
    sys.stdout.write("| | examples | " + " | ".join(LABEL_PARTS.values()) + " |\n")
    for name in ("all", *sorted(set(kind.tolist()))):
        chosen = np.ones(len(kind), dtype=np.bool_) if name == "all" else kind == name
        off = [distance(grades[:, chosen], k) for k in range(len(grades))]
        cells = [f"{np.abs(each).mean():.2f} ({each.mean():+.2f})" for each in off]
        sys.stdout.write(f"| {name} | {chosen.sum()} | " + " | ".join(cells) + " |\n")


def mapped(examples: Examples, column: str) -> Floats:
    """Grades from one metric alone, mapped by a curve fitted on other patients."""
    loss = examples.column(column).astype(np.float64)
    label = examples.column("label").astype(np.float64)
    _, patient = np.unique(examples.column("patient"), return_inverse=True)
    grades = np.empty_like(loss)
    for fold in range(FOLDS):
        out = patient % FOLDS == fold
        order = np.argsort(loss[~out])
        curve = isotonic_regression(label[~out][order], increasing=False).x
        grades[out] = np.interp(loss[out], loss[~out][order], curve)
    return grades


def distance(grades: Floats, metric: int) -> Floats:
    """Difference of one metric from the mean of the others [examples]."""
    return np.asarray(grades[metric] - np.delete(grades, metric, axis=0).mean(axis=0))


if __name__ == "__main__":
    main()
