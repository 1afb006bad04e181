"""Where the measures that a simulated label is made of agree, and where they do not.

    python tools/label_study.py data/ctiqa-s3

No radiologist has read these slices, so a measure can only be held against the others. Each measure
is put on the scale of the labels by the monotone curve that fits other patients (five folds of
patients), then compared with the mean of the other four, kind of degradation by kind. A measure
that needs a curve of its own for every patient, or departs from the others where nothing but dose
is lacking, is worth less.
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
    """Print mean distance (and bias) of every measure from the mean of the other four."""
    parser = argparse.ArgumentParser(description=__doc__)
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
    """Grades by one measure alone, each patient's by the curve of other patients."""
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


def distance(grades: Floats, measure: int) -> Floats:
    """How far one measure is from the mean of the others [examples]."""
    return np.asarray(grades[measure] - np.delete(grades, measure, axis=0).mean(axis=0))


if __name__ == "__main__":
    main()
