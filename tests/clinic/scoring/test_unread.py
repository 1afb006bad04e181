"""Images that could not be read this time are no reason to score the rest for good."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.clinic.keeping.made import names
from tests.clinic.scoring.conftest import Office, wait_for

from ctiqa.clinic.records.jobs import Job
from ctiqa.clinic.scoring import work
from ctiqa.errors import Reason
from ctiqa.io.find import _crashed
from ctiqa.score.scorer import Scorer
from ctiqa.types import Skipped


def skipping(monkeypatch: pytest.MonkeyPatch, times: int, why: Any) -> list[int]:
    """Let the first results skip a file; counts the tries."""
    tries: list[int] = []
    found = Scorer.find

    def find(scorer: Scorer, *words: Any, **more: Any) -> Any:
        tries.append(1)
        result = found(scorer, *words, **more)
        if len(tries) > times:
            return result
        return type(result)(result.scans, (*result.skipped, why))

    monkeypatch.setattr(Scorer, "find", find)
    return tries


def only_job(office: Office) -> Job:
    """The job of the only series."""
    job = office.jobs.get("1.2.3")
    assert job is not None
    return job


def test_an_image_whose_reader_was_killed_is_read_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = skipping(monkeypatch, 1, _crashed(Path("a.dcm")))
    office.receive("1.2.3", 2)
    office.run_all()
    assert len(tries) == 2
    assert only_job(office).state == "done"
    assert len(office.store.scans()) == 1


def test_an_image_that_ends_every_reader_is_skipped_at_last(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = skipping(monkeypatch, 100, _crashed(Path("a.dcm")))
    office.receive("1.2.3", 2)
    office.run_all()
    assert len(tries) == 3
    assert only_job(office).state == "done"
    assert len(office.store.scans()) == 1


def test_a_series_that_the_disk_does_not_read_is_set_aside(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = Skipped(Path("a.dcm"), Reason.NO_PERMISSION, "the path cannot be opened: I/O error")
    skipping(monkeypatch, 100, why)
    office.receive("1.2.3", 2)
    office.run(lambda: only_job(office).tries == 3 and only_job(office).state == "waiting")
    office.keep()
    assert only_job(office).state == "aside"
    assert len(office.store.scans()) == 0


def test_without_its_spool_nothing_is_called_gone(office: Office) -> None:
    office.receive("1.2.3", 1)
    away = office.spool.root.rename(office.folder / "away")
    with office.scorer():
        wait_for(lambda: not only_job(office).tries)
        for _ in range(20):
            assert only_job(office).state == "waiting"
        away.rename(office.spool.root)
        wait_for(lambda: only_job(office).state == "done")
    assert only_job(office).reason is None
    assert names(office.spool.series / "1.2.3") == ["1.2.3.1.dcm"]


def test_a_spool_that_goes_away_during_scoring_costs_no_try(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.receive("1.2.3", 1)
    scored = work.score_folder
    away = office.folder / "away"

    def unmounted(folder: Path, *words: Any) -> Any:
        if not away.exists():
            shutil.copytree(office.spool.root, away)
            office.spool.root.rename(office.folder / "gone")
        return scored(folder, *words)

    monkeypatch.setattr("ctiqa.clinic.scoring.desk.score_folder", unmounted)
    with office.scorer():
        wait_for(lambda: away.exists() and only_job(office).state == "waiting")
        assert only_job(office).tries == 0
        away.rename(office.spool.root)
        wait_for(lambda: only_job(office).state == "done")
    assert only_job(office).reason is None
