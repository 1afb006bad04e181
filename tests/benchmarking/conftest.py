"""A tiny model, and one benchmark that several tests look at."""

from __future__ import annotations

import numpy as np
import pytest
from tests.benchmarking.made import Stack, blurred, full_dose, low_dose, truth
from tests.score.tiny_model import write_model

import ctiqa
from ctiqa import Benchmark, Scorer

SPACING_MM = (0.8, 0.8)


@pytest.fixture(scope="session")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    return Scorer(write_model(tmp_path_factory.mktemp("model")), jobs=1)


@pytest.fixture(scope="session")
def found(scorer: Scorer) -> Benchmark:
    """Methods whose verdicts are known."""
    full, low = full_dose(), low_dose()
    methods: dict[str, Stack] = {
        "blur": blurred(low),
        "halfway": np.float32(0.5) * (low + full),
        "truth": truth(),
        "nothing": low.copy(),
        "sharpen": 2 * low - blurred(low, 1.0),
        "brighter": low + 50,
    }
    return ctiqa.benchmark(full, low, methods, spacing_mm=SPACING_MM, scorer=scorer)
