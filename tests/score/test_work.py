"""A run can be asked to end, and accounts for what it did not come to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from tests.score.made import header, image, phantom, verdict, write_series

from ctiqa.errors import Reason
from ctiqa.score import Scorer
from ctiqa.score.examined import is_measured
from ctiqa.score.work import Work
from ctiqa.types import Scan, Skipped


def stopped_after(scorer: Scorer, folder: Path, count: int) -> tuple[list[int], list[str]]:
    """Slices of each scan, and the details of what was stopped."""
    stop = Event()

    def watch(stage: str, done: int, _total: int) -> None:
        if stage == "scoring" and done == count:
            stop.set()

    report = scorer.score_paths([folder], progress=watch, stop=stop)
    left = [each for each in report.skipped if each.reason is Reason.STOPPED]
    return [len(scan.slices) for scan in report.scans], [each.detail for each in left]


def test_the_slices_in_work_are_the_last(scorer: Scorer, tmp_path: Path) -> None:
    for number in range(3):
        uid = f"1.2.{number}"
        first_hu = 100.0 * number
        write_series(tmp_path / str(number), 4, first_hu=first_hu, SeriesInstanceUID=uid)
    done, left = stopped_after(scorer, tmp_path, 5)
    assert done == [4, 1]
    assert left == ["stopped by the user before it was scored"] * 7


def test_a_volume_is_one_file_that_was_not_scored_to_its_end(
    scorer: Scorer, tmp_path: Path
) -> None:
    volume = np.stack([phantom(10.0 * index) for index in range(9)]).astype(np.int16)
    np.savez(tmp_path / "a.npz", hu=volume)
    assert stopped_after(scorer, tmp_path, 3) == (
        [3],
        ["stopped by the user after 3 of 9 slices"],
    )


def test_stopped_before_it_began(scorer: Scorer, tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    report = scorer.score_paths([write_series(tmp_path, 3)], stop=stop)
    assert report.scans == ()
    assert [each.reason for each in report.skipped] == [Reason.STOPPED] * 3


def test_a_scan_that_was_done_says_nothing_of_it(scorer: Scorer, tmp_path: Path) -> None:
    assert stopped_after(scorer, write_series(tmp_path, 3), 3) == ([3], [])


def test_without_a_stop_an_interrupt_passes(scorer: Scorer, tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, _total: int) -> None:
        if stage == "scoring" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scorer.score_paths([write_series(tmp_path, 4)], progress=interrupt)


def test_slices_that_cannot_be_read_are_no_slices_that_were_not_reached() -> None:
    stop = Event()
    scan = Scan("1", Path("scan"), tuple(header(index) for index in range(4)))
    work = Work([scan], stop, lambda _: None)
    refused = Skipped(Path("scan/000.dcm"), Reason.CORRUPT, "damaged")
    feed = work.feed([(0, refused), (0, image(1)), (0, image(2)), (0, image(3))])
    next(feed)
    work.take(0, verdict(2.0, 1))
    stop.set()
    assert list(feed) == []
    (found,) = work.verdicts()
    assert found.warnings == (
        "stopped by the user: 1 of 4 slices scored",
        "1 of 2 slices could not be read",
    )
    assert work.skipped == [refused]
    assert [each.file.name for each in work.not_reached()] == ["002.dcm", "003.dcm"]


def test_a_stopped_scan_is_judged_by_the_slices_that_were_examined() -> None:
    """Not by those that would be, were it as short as the part that was reached."""
    headers = tuple(header(k) for k in range(100))
    work = Work([Scan("1", Path("scan"), headers)], Event(), lambda _: None)
    list(work.feed((0, replace(image(k), header=headers[k])) for k in range(20)))
    for k in range(20):
        foreign = replace(verdict(None, k), flags=("not_hu",))
        work.take(0, foreign if is_measured(k, 100) else verdict(3.0, k))
    (scan,) = work.verdicts()
    assert len(scan.slices) == 20
    assert scan.score is None
    assert "not_hu" in scan.flags
