"""The folder of received files."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ctiqa.clinic.spool import durable
from ctiqa.clinic.spool.durable import place
from ctiqa.clinic.spool.spool import SpoolFolder, is_file_uid, source_name
from ctiqa.clinic.spool.temporary import temporary_file
from ctiqa.errors import OutputError, UsageError


@pytest.fixture
def spool(tmp_path: Path) -> SpoolFolder:
    """An empty folder."""
    made = SpoolFolder(tmp_path / "spool")
    made.prepare()
    return made


def writing(data: bytes) -> Any:
    """Writes something."""
    return lambda stream: stream.write(data)


def test_what_is_kept_is_there(spool: SpoolFolder) -> None:
    file = spool.keep("1.2.3", "CT 1", writing(b"abc"))
    assert file == spool.incoming / "CT_1" / "1.2.3.dcm"
    assert file.read_bytes() == b"abc"
    assert list(spool.arrived()) == [("CT_1", file)]
    assert list(spool.tmp.iterdir()) == []


def test_only_the_owner_may_look(spool: SpoolFolder) -> None:
    file = spool.keep("1.2.3", "CT", writing(b"abc"))
    assert {each.stat().st_mode & 0o777 for each in (spool.root, spool.incoming, file.parent)} == {
        0o700
    }
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "uid", ["", "..", "../1.2", "1.2/3", "1", "1.02", "1." + "2" * 63, "1.2\n"]
)
def test_a_uid_that_is_none(spool: SpoolFolder, uid: str) -> None:
    assert not is_file_uid(uid)
    with pytest.raises(UsageError, match="must be digits separated by dots"):
        spool.keep(uid, "CT", writing(b"abc"))
    assert [*spool.arrived(), *spool.tmp.iterdir()] == []


@pytest.mark.parametrize("source", ["..", ".", "", "/etc", "a/../b", "\0", "ü", "x" * 99])
def test_a_source_is_one_folder(spool: SpoolFolder, source: str) -> None:
    file = spool.keep("1.2.3", source, writing(b"abc"))
    assert file.parent.parent == spool.incoming
    assert len(source_name(source)) <= 32


def test_contents_with_one_uid_are_all_kept(spool: SpoolFolder) -> None:
    for data in (b"abc", b"abd", b"abc", b"abd", b"abcd"):
        assert spool.keep("1.2.3", "CT", writing(data)).read_bytes() == data
    assert sorted(file.read_bytes() for _, file in spool.arrived()) == [b"abc", b"abcd", b"abd"]


def test_many_at_once_are_all_kept(spool: SpoolFolder) -> None:
    def keep(number: int) -> Path:
        return spool.keep(f"1.2.{number // 8}", "CT", writing(b"%d" % (number % 4)))

    with ThreadPoolExecutor(8) as pool:
        kept = set(pool.map(keep, range(64)))
    assert kept == {file for _, file in spool.arrived()}
    assert len(kept) == 8 * 4


def test_a_failure_leaves_nothing(spool: SpoolFolder) -> None:
    def fail(stream: BinaryIO) -> None:
        stream.write(b"abc")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        spool.keep("1.2.3", "CT", fail)
    assert [*spool.arrived(), *spool.tmp.iterdir()] == []


def test_two_contents_with_one_digest_are_not_confused(
    spool: SpoolFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_digest", lambda _: "0123")
    spool.keep("1.2.3", "CT", writing(b"a"))
    spool.keep("1.2.3", "CT", writing(b"b"))
    with pytest.raises(FileExistsError):
        spool.keep("1.2.3", "CT", writing(b"c"))


def test_a_file_that_is_moved_on_meanwhile(
    spool: SpoolFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, link = spool.keep("1.2.3", "CT", writing(b"a")), os.link

    def moved_on(source: Path, target: Path) -> None:
        try:
            link(source, target)
        except FileExistsError:
            first.unlink(missing_ok=True)
            raise

    monkeypatch.setattr(os, "link", moved_on)
    assert spool.keep("1.2.3", "CT", writing(b"b")).read_bytes() == b"b"


def test_leftovers_of_killed_programs_are_removed(spool: SpoolFolder) -> None:
    program = (
        "import os, pathlib, signal, sys\n"
        "from ctiqa.clinic.spool.temporary import temporary_file\n"
        "with temporary_file(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(spool.tmp)], check=False)
    assert len(list(spool.tmp.iterdir())) == 1
    spool.prepare()
    assert list(spool.tmp.iterdir()) == []


def test_what_is_being_received_is_not_removed(spool: SpoolFolder) -> None:
    with spool.receiving() as (file, stream):
        spool.prepare()
        stream.write(b"abc")
        stream.flush()
        os.fdatasync(stream.fileno())
        assert spool.keep_file("1.2.3", "CT", file).read_bytes() == b"abc"


def test_starts_at_the_same_time_disturb_nobody(spool: SpoolFolder) -> None:
    done = threading.Event()

    def start_again() -> None:
        while not done.is_set():
            spool.prepare()

    other = threading.Thread(target=start_again)
    other.start()
    try:
        for number in range(100):
            spool.keep(f"1.2.{number}", "CT", writing(b"abc"))
    finally:
        done.set()
        other.join()
    assert len(list(spool.arrived())) == 100


def test_a_temporary_file_that_stays_is_removed(spool: SpoolFolder) -> None:
    with temporary_file(spool.tmp) as (file, stream):
        stream.write(b"abc")
        assert file.exists()
    assert not file.exists()


def test_a_place_is_on_the_disk_before_the_old_name_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").write_bytes(b"abc")
    seen = []
    monkeypatch.setattr(durable, "sync_folder", lambda _: seen.append((tmp_path / "new").exists()))
    place(tmp_path / "new", tmp_path, "1.2.3")
    assert seen == [True]
    assert [each.name for each in tmp_path.iterdir()] == ["1.2.3.dcm"]


def test_a_spool_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(OutputError, match="must be a writable folder"):
        SpoolFolder(tmp_path / "spool").prepare()
