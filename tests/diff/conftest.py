"""A tiny model, and phantoms at full and half dose that several tests compare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.diff.made import NOISE_HU, phantoms, write_scan
from tests.score.tiny_model import write_model

from ctiqa import Scorer


@pytest.fixture(scope="session")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    return Scorer(write_model(tmp_path_factory.mktemp("model")), jobs=1)


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans") / "full"
    return write_scan(folder, phantoms(6, seed=1), "1.2.1", CTDIvol=10.0)


@pytest.fixture(scope="session")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stack = phantoms(6, NOISE_HU * float(np.sqrt(2)), seed=2)
    return write_scan(tmp_path_factory.mktemp("scans") / "half", stack, "1.2.2", CTDIvol=5.0)
