"""A disk that is full or fails: the sender is told, nothing partial is left, and it goes on."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydicom.uid import CTImageStorage
from tests.clinic.receiving.tools.objects import ct, data_set_of, encoded
from tests.clinic.receiving.tools.raw import (
    DATA,
    IMAGES,
    LAST_COMMAND,
    STORE,
    command,
    connected,
    fragment,
)
from tests.clinic.receiving.tools.running import Running, receiving

from ctiqa.clinic.receiving.signs import numbers, state

IMAGE = encoded(ct("1.2.3"))
FULL = 0xA700


class Usage(NamedTuple):
    """What :func:`shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


def test_below_the_reserve_nothing_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(tmp_path, reserve=1) as running, connected(running.port) as raw:
        raw.associate()
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 999_999_999))
        assert raw.store("1.2.3", IMAGE) == FULL
        assert running.files() == running.leftovers() == []
        sentence, is_well = state(running.config, running.listener)
        assert not is_well
        assert sentence.startswith("the disk of the spool is full: 1.0 GB are free, the reserve is")
        assert "0xA700" in sentence
        monkeypatch.undo()
        assert raw.store("1.2.3", IMAGE) == 0
        assert state(running.config, running.listener)[1]
    assert len(running.files()) == 1


def test_the_room_is_watched_while_a_large_instance_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(tmp_path, reserve=1) as running, connected(running.port) as raw:
        raw.associate()
        raw.send(fragment(IMAGES, LAST_COMMAND, command(STORE, CTImageStorage, "1.2.3")))
        raw.send(IMAGE_START)
        until_written(running)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 0))
        for _ in range(200):
            raw.send(fragment(IMAGES, DATA, bytes(100_000)))
        raw.send(fragment(IMAGES, 2, b""))
        assert raw.status() == FULL
        assert running.files() == running.leftovers() == []


IMAGE_START = fragment(IMAGES, DATA, IMAGE[:-512])


def until_written(running: Running) -> None:
    """Wait until a file is being written."""
    while not running.leftovers():
        pass


@pytest.mark.parametrize("call", ["fdatasync", "link", "fsync"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    with receiving(tmp_path) as running, connected(running.port) as raw:
        raw.associate()
        # The folder of the sender is there.
        assert raw.store("1.2", encoded(ct("1.2"))) == 0
        with monkeypatch.context() as patched:
            patched.setattr(os, call, fail)
            assert raw.store("1.2.3", IMAGE) == FULL
            sentence, is_well = state(running.config, running.listener)
        assert not is_well
        assert (
            "the disk of the spool fails: RAW at 127.0.0.1: instance refused (0xA700)" in sentence
        )
        assert running.leftovers() == []
        assert raw.store("1.2.3", IMAGE) == 0
        assert state(running.config, running.listener)[1]
    assert {data_set_of(file) for file in running.files()} == {encoded(ct("1.2")), IMAGE}


def test_a_spool_that_is_gone(tmp_path: Path) -> None:
    with receiving(tmp_path) as running, connected(running.port) as raw:
        raw.associate()
        (tmp_path / "spool").rename(tmp_path / "away")
        assert raw.store("1.2.3", IMAGE) == FULL
        sentence, is_well = state(running.config, running.listener)
        assert sentence.startswith("the spool cannot be read: ")
        assert not is_well
        assert "free_gigabytes" not in numbers(running.listener)
        (tmp_path / "away").rename(tmp_path / "spool")
        assert raw.store("1.2.3", IMAGE) == 0
        assert state(running.config, running.listener)[1]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.getuid() != 0:
        pytest.skip("needs to mount a small disk, which only root may")
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    image = ct("1.2.0", pixels=bytes(150_000))
    with receiving(small_disk) as running, connected(running.port) as raw:
        raw.associate()
        statuses = [raw.store(uid, encoded(ct(uid, pixels=image.PixelData))) for uid in UIDS]
        n_kept = statuses.index(FULL)
        assert n_kept > 0
        assert statuses == [0] * n_kept + [FULL] * (len(UIDS) - n_kept)
        assert running.leftovers() == []
        whole = [encoded(ct(uid, pixels=image.PixelData)) for uid in UIDS[:n_kept]]
        assert [data_set_of(file) for file in running.files()] == whole
        running.files()[0].unlink()
        assert raw.store(UIDS[-1], encoded(ct(UIDS[-1], pixels=image.PixelData))) == 0


UIDS = [f"1.2.{number}" for number in range(10, 20)]
