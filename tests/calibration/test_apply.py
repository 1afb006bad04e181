from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tests.calibration.made import slice_score
from tests.calibration.test_file import FACTS
from tests.score.made import phantom, write_series
from tests.score.tiny_model import network, write_model

from ctiqa.calibration.apply import OUTSIDE, calibrated
from ctiqa.calibration.file import Calibration, calibration_from
from ctiqa.errors import UsageError
from ctiqa.score import Scorer
from ctiqa.types import ScanScore

MINE = calibration_from(FACTS)


def tiny() -> Calibration:
    """A calibration of the tiny model."""
    digest = hashlib.sha256(network()).hexdigest()
    return calibration_from(FACTS | {"model": {"name": "tiny", "version": "1.0", "sha256": digest}})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


def test_score_and_interval_are_mapped() -> None:
    found = calibrated(slice_score(2.0, "a"), MINE)
    assert found.score == pytest.approx(2.25)
    assert found.interval == pytest.approx((1.65, 2.85))
    assert found.flags == ()
    assert found.equivalent_noise_hu == slice_score(2.0, "a").equivalent_noise_hu


def test_beyond_the_scale_the_equivalent_noise_tells() -> None:
    above = calibrated(slice_score(4.4, "a"), MINE)
    assert slice_score(4.4, "a").score == 4.0
    assert above.score == pytest.approx(3.75)
    far = calibrated(slice_score(7.0, "a"), MINE)
    assert (far.score, far.interval) == (4.0, (4.0, 4.0))


def test_scores_unlike_those_of_the_cases_are_flagged() -> None:
    flags = [calibrated(slice_score(x, "a"), MINE).flags for x in (0.1, 3.9, 4.1)]
    assert flags == [(), (), (OUTSIDE,)]


def test_no_score_stays_none() -> None:
    air = slice_score(None, "a")
    assert calibrated(air, MINE) is air


def test_a_scan_has_the_mean_of_its_mapped_slices(model: Path, tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", 3)
    plain = Scorer(model, jobs=1).score(folder)
    mapped = Scorer(model, jobs=1, calibration=tiny()).score(folder)
    assert isinstance(plain, ScanScore)
    scores = [1 + 0.625 * each.score for each in plain.slices if each.score is not None]
    assert [each.score for each in mapped.slices] == pytest.approx(scores)
    assert mapped.score == pytest.approx(np.mean(scores))
    assert mapped.interval == pytest.approx((np.mean(scores) - 0.6, np.mean(scores) + 0.6))


def test_arrays_are_mapped_as_well(model: Path, tmp_path: Path) -> None:
    tiny().write(tmp_path / "c.json")
    plain = Scorer(model, jobs=1).score(phantom()).score
    assert plain is not None
    found = Scorer(model, jobs=1, calibration=tmp_path / "c.json").score(phantom())
    assert found.score == pytest.approx(1 + 0.625 * plain)


def test_another_model_is_refused(model: Path) -> None:
    with pytest.raises(UsageError, match=r"made for the model that scores, 'tiny'.*got 'mine'"):
        Scorer(model, calibration=MINE)
