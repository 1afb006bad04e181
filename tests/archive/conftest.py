"""A quick model, and a surveyor that writes down what it scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.archive.made import Surveyor
from tests.score.tiny_model import write_model

from ctiqa.io import Found
from ctiqa.score.report.report import Report
from ctiqa.score.scorer import Scorer


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a quick model."""
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def scorer(model: Path) -> Scorer:
    return Scorer(model, jobs=1)


@pytest.fixture
def survey(tmp_path: Path, scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> Surveyor:
    """Surveys into a new store."""
    found = Surveyor(str(tmp_path / "ct.sqlite"), scorer)
    score = Scorer.score_found

    def spy(self: Scorer, given: Found, *words: Any, **more: Any) -> Report:
        found.scored.extend(scan.series_uid for scan in given.scans)
        return score(self, given, *words, **more)

    monkeypatch.setattr(Scorer, "score_found", spy)
    return found
