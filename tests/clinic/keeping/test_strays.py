"""What lies in the spool and was not put there by ctiqa stops nothing, nor does one bad file."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.clinic.keeping.conftest import Room
from tests.clinic.keeping.made import config, leased, names, receive

from ctiqa.clinic.keeping import keeper as keeping
from ctiqa.clinic.keeping import looking
from ctiqa.clinic.records.deliveries import Deliveries, NewDelivery
from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.files import open_file

LONG_AGO = (0, 0)


def litter(folder: Path) -> None:
    """A file, a folder, a pipe, and links to nothing, to a folder and to itself."""
    (folder / "notes.txt").write_text("stray")
    (folder / "x.dcm").mkdir()
    (folder / "x.dcm" / "y.dcm").write_text("stray")
    os.mkfifo(folder / "pipe.dcm")
    (folder / "nothing.dcm").symlink_to(folder / "gone")
    (folder / "folder.dcm").symlink_to(folder.parent)
    (folder / "itself.dcm").symlink_to(folder / "itself.dcm")
    for file in folder.iterdir():
        os.utime(file, LONG_AGO, follow_symlinks=False)


@pytest.mark.parametrize("place", ["in", "in/PACS", "series", "tmp", "out", "dose", "aside"])
def test_litter_stops_nothing(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(keeping, "RETENTION_S", 0.0)
    monkeypatch.setattr(keeping, "DOSES_S", 0.0)
    (room.spool.root / place).mkdir(exist_ok=True)
    litter(room.spool.root / place)
    room.spool.prepare()
    room.restart()
    receive(room.spool, tmp_path, "1.2.3", 2)
    room.work()
    room.wait()
    assert room.jobs.finish(leased(room.jobs))
    assert room.sign()[0]
    room.restart()
    room.watch.move(days=8)
    room.work()
    assert room.jobs.get("1.2.3") is None
    assert not (room.spool.series / "1.2.3").exists()
    assert room.jobs.counts()["open"] == 0
    assert (room.spool.root / place / "x.dcm").is_dir() or place == "series"


def test_a_file_that_cannot_be_read_waits_and_stops_no_other(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, *_ = receive(room.spool, tmp_path, "1.2.3", 1)
    receive(room.spool, tmp_path, "1.2.4", 1)
    opened = open_file

    def failing(file: Path) -> Any:
        if file == bad:
            raise RefusedError(Reason.NO_PERMISSION, "the path cannot be opened: Too many files")
        return opened(file)

    with monkeypatch.context() as broken:
        broken.setattr(looking, "open_file", failing)
        room.work()
        assert names(room.spool.series) == ["1.2.4"]
        assert bad.exists()
        is_well, sentence = room.sign()
        assert not is_well
        assert "1 received files cannot be read or moved" in sentence
    room.work()
    assert names(room.spool.series) == ["1.2.3", "1.2.4"]
    assert names(room.spool.aside) == []
    assert room.sign()[0]


def test_a_file_that_cannot_be_moved_stops_no_other(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, *_ = receive(room.spool, tmp_path, "1.2.3", 1)
    receive(room.spool, tmp_path, "1.2.4", 1)
    link = os.link

    def failing(source: Path, target: Path) -> None:
        if source == bad:
            raise OSError(errno.EIO, "Input/output error")
        link(source, target)

    with monkeypatch.context() as broken:
        broken.setattr(os, "link", failing)
        room.work()
    assert bad.exists()
    assert names(room.spool.series / "1.2.4") == ["1.2.4.1.dcm"]


@pytest.mark.parametrize("seconds", [-(2**34), 2**33, 2**37])
def test_files_of_any_time_are_found_at_the_start(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    receive(room.spool, tmp_path, "1.2.3", 1)
    room.work()
    folder = room.spool.series / "1.2.3"
    shutil.copytree(folder, room.spool.series / "1.2.9")
    lstat = Path.lstat

    def timed(file: Path) -> os.stat_result:
        status = list(lstat(file))
        return os.stat_result([*status[:8], seconds, status[9]])

    # Not every drive can hold such a time.
    monkeypatch.setattr(Path, "lstat", timed)
    room.restart()
    room.work()
    job = room.jobs.get("1.2.9")
    assert job is not None
    assert job.last_received <= room.watch()
    room.wait()
    assert room.jobs.counts()["waiting"] == 2


def test_a_series_that_cannot_be_removed_stops_nothing(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "RETENTION_S", 0.0)
    for series in ("1.2.3", "1.2.4"):
        receive(room.spool, tmp_path, series, 1)
    room.work()
    room.wait()
    for _ in range(2):
        assert room.jobs.finish(leased(room.jobs))
    rmtree = shutil.rmtree

    def failing(folder: Path) -> None:
        if folder.name.endswith("1.2.3"):
            raise PermissionError(errno.EACCES, "Permission denied")
        rmtree(folder)

    monkeypatch.setattr(shutil, "rmtree", failing)
    room.watch.move(days=8)
    room.work()
    assert names(room.spool.series) == [".removed-1.2.3"]
    room.restart()
    receive(room.spool, tmp_path, "1.2.5", 1)
    room.work()
    assert room.jobs.counts()["open"] == 1


def test_a_spool_that_is_gone_is_said_and_comes_back(room: Room, tmp_path: Path) -> None:
    receive(room.spool, tmp_path, "1.2.3", 1)
    room.work()
    away = room.spool.root.rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(FileNotFoundError) as error:
            room.work()
        room.keeper.complain(str(error.value))
        assert not room.sign()[0]
    away.rename(room.spool.root)
    room.wait()
    assert room.sign()[0]
    assert room.jobs.counts()["waiting"] == 1


def test_what_is_set_aside_or_given_up_does_not_fill_the_disk(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "RETENTION_S", 0.0)
    room.restart(config(tmp_path, spool={"keep_days": 2}))
    (room.spool.aside / "unreadable").mkdir()
    for name, age_s in (("old", 3 * 86_400), ("new", 0)):
        file = room.spool.aside / "unreadable" / f"{name}.dcm"
        file.write_bytes(b"nonsense")
        then = file.stat().st_mtime - age_s
        os.utime(file, (then, then))
    receive(room.spool, tmp_path, "1.2.3", 1)
    room.work()
    room.wait()
    (room.spool.out / "1.9.dcm").write_bytes(b"result")
    os.utime(room.spool.out / "1.9.dcm", LONG_AGO)
    assert room.jobs.finish(leased(room.jobs), [NewDelivery("pacs", "sr", "1.9.dcm")])
    deliveries = Deliveries(room.store, room.watch)
    deliveries.failed(deliveries.due()[0], "refused")
    room.work()
    assert names(room.spool.aside / "unreadable") == ["new.dcm"]
    # It can still be sent again by hand.
    assert names(room.spool.out) == ["1.9.dcm"]
    room.watch.move(days=3)
    room.work()
    assert names(room.spool.out) == []
