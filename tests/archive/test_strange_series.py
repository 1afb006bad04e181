"""A series on which the program itself fails costs that series alone, and not every survey."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.archive.made import Surveyor, uid, write_archive

from ctiqa.score.report.report import Report
from ctiqa.score.scorer import Scorer
from ctiqa.store import open_store


def failing_on(number: int, error: Exception) -> Callable[..., Report]:
    """``Scorer.score_found`` that raises an error on one series."""
    score = Scorer.score_found

    def score_found(self: Scorer, found: Any, *words: Any, **options: Any) -> Report:
        if found.scans[0].series_uid == uid(number):
            raise error
        return score(self, found, *words, **options)

    return score_found


def test_the_rest_goes_on_and_the_series_is_not_tried_again(
    survey: Surveyor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_archive(tmp_path / "archive", 3)
    with monkeypatch.context() as patch:
        patch.setattr(Scorer, "score_found", failing_on(1, ZeroDivisionError("of Zaphodova")))
        totals = survey(root)
    assert totals.stored == 2
    assert totals.reasons == {"crashed": 2}
    (detail,) = totals.usual_details("crashed")
    assert "ZeroDivisionError" in detail
    assert "Zaphodova" not in str(totals.details)
    with open_store(survey.address) as store:
        assert store.scans()["series_uid"].to_list() == [uid(0), uid(2)]
        assert store.skipped()["reason"].to_list() == ["crashed", "crashed"]
    assert survey(root).unchanged == 6
    monkeypatch.setattr("ctiqa.archive.seen.__version__", "another")
    monkeypatch.setattr("ctiqa.archive.unit_marks.__version__", "another")
    assert survey(root).stored == 1
    with open_store(survey.address) as store:
        assert store.skipped().height == 0


@pytest.mark.parametrize("error", [MemoryError(), OSError("disk"), ImportError("library")])
def test_a_fault_of_the_computer_ends_the_survey(
    survey: Surveyor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    root = write_archive(tmp_path / "archive", 2)
    monkeypatch.setattr(Scorer, "score_found", failing_on(0, error))
    with pytest.raises(type(error)):
        survey(root)
