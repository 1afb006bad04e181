"""A tiny model for all tests of scoring."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.score.tiny_model import write_model

from ctiqa.score import Scorer


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def scorer(model: Path) -> Scorer:
    return Scorer(model, jobs=1)
