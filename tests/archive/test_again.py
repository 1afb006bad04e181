"""A second survey reads only what is new or has changed, and takes series as a whole."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from tests.archive.made import Surveyor, opened, touch, uid, write_archive, write_slices

from ctiqa.archive.listing import list_local, stamp_of
from ctiqa.archive.unit import LocalUnit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive")


def test_series_are_stored(survey: Surveyor, root: Path) -> None:
    done = survey(root)
    assert (done.listed, done.stored, done.known, done.unchanged, done.gone) == (6, 3, 0, 0, 0)
    assert done.is_complete
    assert survey.scored == [uid(0), uid(1), uid(2)]
    assert survey.current() == dict.fromkeys(survey.scored, 2)
    (run,) = survey.frame("runs").to_dicts()
    assert (run["kind"], run["scans"], run["engine"]) == ("survey", 3, "onnxruntime")
    assert run["ended"] is not None


def test_a_second_survey_opens_no_file_and_changes_nothing(survey: Surveyor, root: Path) -> None:
    survey(root)
    digest, scans = survey.digest(), survey.frame()
    with opened(root) as files:
        done = survey(root)
    assert files == []
    assert (done.listed, done.unchanged, done.stored, done.known) == (6, 6, 0, 0)
    assert done.is_complete
    assert survey.scored == []
    assert survey.digest() == digest
    assert survey.frame().equals(scans)


def test_the_first_survey_is_seen_by_the_spy(survey: Surveyor, root: Path) -> None:
    with opened(root) as files:
        survey(root)
    assert len(set(files)) == 6


def test_a_new_series(survey: Surveyor, root: Path) -> None:
    survey(root)
    new = write_slices(root / "s0", 9)
    with opened(root) as files:
        done = survey(root)
    assert {Path(file) for file in files} == set(new)
    assert (done.unchanged, done.stored) == (6, 1)
    assert survey.scored == [uid(9)]


def test_a_grown_series_is_scored_anew_as_a_whole(survey: Surveyor, root: Path) -> None:
    survey(root)
    write_slices(root / "other folder", 1, 1, first=2)
    done = survey(root)
    assert survey.scored == [uid(1)]
    assert (done.stored, done.unchanged) == (1, 4)
    assert survey.frame().height == 4
    assert survey.current() == {uid(0): 2, uid(1): 3, uid(2): 2}
    assert survey(root).unchanged == 7


def test_a_series_that_lost_its_uids_is_scored_anew_as_a_whole(
    survey: Surveyor, tmp_path: Path
) -> None:
    """An anonymiser gave every slice a series UID of its own."""
    root = tmp_path / "archive"
    shared: dict[str, Any] = {"StudyInstanceUID": "1.2.3"}
    for index in range(2):
        write_slices(root / "one", index, 1, first=index, **shared)
    for index in range(2):
        write_slices(root / "two", 10 + index, 1, first=index, StudyInstanceUID="1.2.4")
    assert survey(root).stored == 2
    write_slices(root / "one", 2, 1, first=2, **shared)
    done = survey(root)
    assert (done.stored, done.unchanged) == (1, 2)
    assert survey.current() == {uid(0): 3, uid(10): 2}


def test_a_single_slice_does_not_open_its_neighbours(survey: Surveyor, root: Path) -> None:
    survey(root)
    (new,) = write_slices(root / "s0", 9, 1)
    with opened(root) as files:
        survey(root)
    assert {Path(file) for file in files} == {new}


def test_a_changed_slice_is_a_changed_series(survey: Surveyor, root: Path) -> None:
    survey(root)
    write_slices(root / "s1", 1, 1, hu=500.0)
    touch(root / "s1" / "1-000.dcm")
    done = survey(root)
    assert (done.stored, done.known, done.unchanged) == (1, 0, 4)
    assert survey.scored == [uid(1)]
    assert survey.current() == {uid(0): 2, uid(1): 2, uid(2): 2}


def test_a_file_that_now_belongs_to_another_series(survey: Surveyor, root: Path) -> None:
    survey(root)
    (moved,) = write_slices(root / "new", 2, 1, first=2)
    moved.replace(root / "s1" / "1-001.dcm")
    done = survey(root)
    assert (done.stored, done.unchanged) == (2, 2)
    assert survey.current() == {uid(0): 2, uid(1): 1, uid(2): 3}


@pytest.mark.parametrize("seconds", [-1e6, 100.0, 1e8], ids=["back", "forth", "to the future"])
def test_a_touched_file_is_known(survey: Surveyor, root: Path, seconds: float) -> None:
    """Also if the clock was set back, or the file comes from the future."""
    survey(root)
    digest = survey.digest()
    touch(root / "s1" / "1-000.dcm", seconds)
    done = survey(root)
    assert (done.stored, done.known, done.unchanged) == (0, 1, 4)
    assert survey.scored == []
    assert survey.digest() == digest
    with opened(root) as files:
        assert survey(root).unchanged == 6
    assert files == []


def test_a_moved_folder_is_known(survey: Surveyor, root: Path) -> None:
    survey(root)
    digest = survey.digest()
    (root / "s1").rename(root / "elsewhere")
    done = survey(root)
    assert (done.stored, done.known, done.unchanged, done.gone) == (0, 1, 4, 2)
    assert survey.scored == []
    assert survey.digest() == digest
    done = survey(root)
    assert (done.unchanged, done.gone) == (6, 0)


def test_a_removed_series_is_counted_once_and_its_result_stays(
    survey: Surveyor, root: Path
) -> None:
    survey(root)
    digest = survey.digest()
    shutil.rmtree(root / "s2")
    done = survey(root)
    assert (done.listed, done.gone, done.unchanged) == (4, 2, 4)
    assert done.is_complete
    assert survey.digest() == digest
    assert survey(root).gone == 0


def test_a_series_that_comes_back_is_looked_at(survey: Surveyor, root: Path) -> None:
    survey(root)
    (root / "s2").rename(root.parent / "away")
    survey(root)
    (root.parent / "away").rename(root / "s2")
    done = survey(root)
    assert (done.known, done.unchanged, done.gone) == (1, 4, 0)


def test_a_root_within_a_root_loses_nothing(survey: Surveyor, root: Path) -> None:
    survey(root)
    for roots in ((root / "s1",), (root, root / "s1"), (root / "s0", root / "s2"), (root,)):
        done = survey(*roots)
        assert (done.gone, done.unchanged) == (0, done.listed)


def test_another_root_is_not_missed(survey: Surveyor, root: Path, tmp_path: Path) -> None:
    survey(root)
    other = write_archive(tmp_path / "other", 1)
    assert survey(other).gone == 0
    assert survey(root).unchanged == 6


def during(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Do something when the first unit is about to be scored."""
    fetch = LocalUnit.fetch
    waiting = [act]

    def acting(self: LocalUnit, folder: Path) -> Any:
        if waiting:
            waiting.pop()()
        return fetch(self, folder)

    monkeypatch.setattr(LocalUnit, "fetch", acting)


def test_a_series_that_grows_while_it_is_surveyed(
    survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    during(monkeypatch, lambda: write_slices(root / "s0", 0, 1, first=2))
    assert survey(root).stored == 3
    assert survey.current()[uid(0)] == 2
    done = survey(root)
    assert (done.stored, done.unchanged) == (1, 4)
    assert survey.current()[uid(0)] == 3
    assert survey(root).unchanged == 7


def test_a_file_that_is_replaced_between_listing_and_reading(
    survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace() -> None:
        write_slices(root / "s2", 2, 1, hu=500.0)
        touch(root / "s2" / "2-000.dcm")

    during(monkeypatch, replace)
    assert survey(root).stored == 3
    # What was read is what is there now; only its stamp is older, so it is looked at once more.
    done = survey(root)
    assert (done.stored, done.known, done.unchanged) == (0, 1, 4)
    assert survey(root).unchanged == 6


def test_a_file_that_is_copied_while_it_is_surveyed(survey: Surveyor, root: Path) -> None:
    whole = (root / "s1" / "1-001.dcm").read_bytes()
    (root / "s1" / "1-001.dcm").write_bytes(whole[: len(whole) // 2])
    done = survey(root)
    assert done.stored == 3
    assert done.reasons == {"truncated": 1}
    (root / "s1" / "1-001.dcm").write_bytes(whole)
    done = survey(root)
    assert (done.stored, done.unchanged) == (1, 4)
    assert done.is_complete
    assert survey.current()[uid(1)] == 2
    assert survey.reasons() == {}


def after_listing(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Do something when all files are listed, and before any is read."""

    def late(*words: Any) -> Any:
        found = list_local(*words)
        act()
        return found

    monkeypatch.setattr("ctiqa.archive.units.list_local", late)


def test_files_that_vanish_after_they_were_listed(
    survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One before headers are read; the next survey takes the one that came back."""
    away = root.parent / "away.dcm"
    after_listing(monkeypatch, lambda: (root / "s1" / "1-000.dcm").rename(away))
    done = survey(root)
    assert (done.stored, done.reasons) == (3, {"not_fetched": 1})
    assert not done.is_complete
    monkeypatch.undo()
    away.rename(root / "s1" / "1-000.dcm")
    done = survey(root)
    assert (done.stored, done.unchanged) == (1, 4)
    assert survey.current()[uid(1)] == 2
    assert survey.reasons() == {}


def test_a_whole_archive_that_vanishes(
    survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_listing(monkeypatch, lambda: shutil.rmtree(root))
    done = survey(root)
    assert (done.stored, done.reasons) == (0, {"not_fetched": 6})


def test_a_series_that_vanishes_before_it_is_scored(
    survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    during(monkeypatch, lambda: shutil.rmtree(root / "s1"))
    done = survey(root)
    assert (done.stored, done.reasons) == (2, {"no_permission": 2})


def test_the_result_does_not_depend_on_when_files_came(survey: Surveyor, tmp_path: Path) -> None:
    """Surveyed as it grows, file by file, an archive ends with the results of a single survey."""
    whole = write_archive(tmp_path / "whole", 2, 3)
    growing = tmp_path / "growing"
    for file in sorted(whole.rglob("*.dcm"), key=lambda each: each.name[::-1]):
        place = growing / file.relative_to(whole)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)
        survey(growing)
    grown = survey.frame()
    other = Surveyor(str(tmp_path / "other.sqlite"), survey.scorer)
    other(whole)
    kept = ["series_uid", "content", "score", "n_judged"]
    assert grown.filter(grown["current"])[kept].equals(other.frame()[kept])


def test_progress_counts_slices(survey: Surveyor, root: Path) -> None:
    told: list[tuple[str, int, int]] = []
    survey(root, progress=lambda *words: told.append(words))
    assert {stage for stage, *_ in told} >= {"reading", "surveying"}
    steps = [(done, total) for stage, done, total in told if stage == "surveying"]
    assert steps == sorted(steps)
    assert {done for done, _ in steps} == set(range(7))
    assert {total for _, total in steps} == {6}


def test_stamps_differ_by_size_and_time(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"1")
    os.utime(file, (time.time(), 10.0))
    first = stamp_of(file)
    file.write_bytes(b"12")
    os.utime(file, (time.time(), 10.0))
    assert stamp_of(file) != first
    assert stamp_of(tmp_path / "none") == stamp_of(tmp_path) == stamp_of("\0") == ""
