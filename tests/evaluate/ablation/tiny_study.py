"""A tiny recipe, and results of variants that nobody trained."""

from __future__ import annotations

from typing import Any

from tests.data.collection import RECIPE as DATA

from ctiqa.evaluate.ablation.published import PUBLISHED_METRICS
from ctiqa.evaluate.ablation.results import VariantResult

VALUES: dict[str, Any] = {
    "name": "tiny",
    "members": 2,
    "data": {
        "train_examples": DATA.train_examples,
        "held_out_examples": DATA.held_out_examples,
        "folds": DATA.folds,
        "test_share": DATA.test_share,
    },
    "network": {"stem": [8, 8, 8, 8, 16], "blocks": 1, "heads": 2, "outputs": 2},
    "teacher": {"steps": 2, "batch": 4, "validate_every": 2},
    "student": {"steps": 2, "batch": 4, "validate_every": 2, "distil_weight": 0.5},
}


def result(variant: str, seed: int, overall: float) -> VariantResult:
    """A result with this ``overall``."""
    metrics = dict.fromkeys(PUBLISHED_METRICS, 0.5) | {"overall": overall}
    clipped = metrics | {"overall": overall + 0.013}
    return VariantResult(variant, seed, metrics, clipped, (overall - 0.1, overall + 0.1), None, 1.5)
