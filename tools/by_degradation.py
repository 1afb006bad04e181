"""How far models are off for each kind of degradation: the table of ``docs/evaluation.md``.

    python tools/by_degradation.py data/ctiqa-s2 ctiqa-s1 models/ctiqa-s2.onnx

Looks at the test split. An example with several degradations counts for the first of: artefact,
denoising, blur, kernel; what has none of them lacks nothing but dose and views.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.data.manifest import Examples, read_examples
from ctiqa.evaluate.held_out import score_examples
from ctiqa.metrics.agreement import agreement
from ctiqa.score.engine import Engine
from ctiqa.weights import load_model

PLAIN = "dose and views"

KIND = (
    pl.when(pl.col("artefact").is_not_null())
    .then(pl.col("artefact"))
    .when(pl.col("denoise") > 0)
    .then(pl.lit("denoising"))
    .when(pl.col("blur_mm") > 0)
    .then(pl.lit("blur"))
    .when(pl.col("kernel_half_per_mm").is_not_null())
    .then(pl.lit("kernel"))
    .otherwise(pl.lit(PLAIN))
)

Chosen = npt.NDArray[np.bool_]


def main() -> None:
    """Print overall, error and bias of every model, for all examples and each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("model", nargs="+")
    asked = parser.parse_args()
    test = read_examples(asked.data).where(purpose="example", split="test")
    label = test.column("label").astype(np.float64)
    for name in asked.model:
        score = score_examples(Engine(load_model(name), 1), test).score
        sys.stdout.write(f"{name}\n")
        for group, chosen in groups(test):
            error = (score - label)[chosen]
            overall = agreement(score[chosen], label[chosen]).overall
            sys.stdout.write(
                f"  {group:24} {chosen.sum():5} overall {overall:.3f} "
                f"MAE {np.abs(error).mean():.3f} bias {error.mean():+.3f}\n"
            )


def groups(examples: Examples) -> Iterator[tuple[str, Chosen]]:
    """All examples, each kind of degradation, and the regions of those without a filter."""
    kind = examples.table.select(KIND.alias("kind"))["kind"].to_numpy()
    region = examples.column("region")
    yield "all", np.ones(len(kind), dtype=np.bool_)
    for name in sorted(set(kind.tolist())):
        yield name, kind == name
    for name in sorted(set(region.tolist())):
        yield f"{PLAIN}, {name}", (kind == PLAIN) & (region == name)


if __name__ == "__main__":
    main()
