"""Another model, calibration or option scores everything anew; each has its current results."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.archive.made import Surveyor, write_archive
from tests.calibration.test_apply import tiny
from tests.score.tiny_model import network, write_model

from ctiqa.io import ReadOptions
from ctiqa.score.scorer import Scorer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive", 2)


def test_another_model(survey: Surveyor, root: Path, tmp_path: Path) -> None:
    survey(root)
    other = Scorer(
        write_model(tmp_path / "other", "other", network=network((1.0, 1.1, 1.2))), jobs=1
    )
    done = survey(root, scorer=other)
    assert (done.stored, done.unchanged) == (2, 0)
    scans = survey.frame()
    assert scans["current"].to_list() == [True] * 4
    assert scans["scored_by"].n_unique() == 2
    for scorer in (other, survey.scorer):
        assert survey(root, scorer=scorer).unchanged == 4


def test_other_options(survey: Surveyor, root: Path) -> None:
    survey(root)
    options = ReadOptions(tiff_hu=True)
    assert survey(root, options=options).stored == 2
    assert survey.frame()["options_digest"].n_unique() == 2
    assert survey(root, options=options).unchanged == 4
    assert survey(root).unchanged == 4


def test_a_calibration(survey: Surveyor, root: Path, model: Path) -> None:
    survey(root)
    calibrated = Scorer(model, jobs=1, calibration=tiny())
    assert survey(root, scorer=calibrated).stored == 2
    assert survey.frame()["scored_by"].n_unique() == 2
    assert survey(root, scorer=calibrated).unchanged == 4
