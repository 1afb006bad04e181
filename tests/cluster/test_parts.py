"""Parts appear whole or not at all, in folders and in S3; damaged ones are set aside."""

from __future__ import annotations

import gzip
import importlib
import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cluster.fakes import bundle, unit_of

from ctiqa.cluster.parts.folder import FolderPlace
from ctiqa.cluster.parts.part import DamagedPartError, pack, unpack
from ctiqa.cluster.parts.parts import Parts, make_parts, open_parts
from ctiqa.cluster.parts.place import open_place
from ctiqa.cluster.parts.survey_file import FILE
from ctiqa.errors import CtiqaError, DataError, NothingToDoError, OutputError, UsageError
from ctiqa.store.bundle import Bundle
from ctiqa.store.privacy import Privacy

HOW = "model options"
PRIVACY = Privacy(secret="ab" * 32)
BUNDLE = bundle(unit_of("7"), PRIVACY)
KEYS = [f"{number:032x}" for number in range(4)]


def made(address: str, privacy: Privacy | None = PRIVACY) -> Parts:
    return make_parts(address, HOW, "choice", privacy)


def test_what_is_written_is_read(address: str) -> None:
    parts = made(address)
    assert parts.written() == []
    assert not parts.has(KEYS[0])
    parts.write(KEYS[0], [BUNDLE])
    parts.write(KEYS[1], [])
    parts.write(KEYS[0], [BUNDLE])
    assert sorted(parts.written()) == KEYS[:2]
    assert parts.has(KEYS[0])
    assert parts.read(KEYS[0]) == [BUNDLE]
    assert parts.read(KEYS[1]) == []
    parts.remove(KEYS[0])
    parts.remove(KEYS[0])
    assert parts.written() == [KEYS[1]]
    with pytest.raises(FileNotFoundError):
        parts.read(KEYS[0])


def test_the_survey_is_settled_by_the_first(address: str) -> None:
    first = made(address)
    second = made(address, Privacy())
    assert second.privacy == first.privacy == PRIVACY
    assert made(address, None) == first
    assert open_parts(address) == first


def test_of_many_processes_one_is_first(address: str) -> None:
    found: list[Parts] = []
    gate = threading.Barrier(8)

    def settle() -> None:
        gate.wait()
        found.append(made(address, Privacy()))

    threads = [threading.Thread(target=settle) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8
    assert len({(each.survey, each.privacy) for each in found}) == 1


@pytest.mark.parametrize(
    ("how", "choice", "privacy", "named"),
    [
        ("other", "choice", PRIVACY, "model or options"),
        (HOW, "other", PRIVACY, "choice of series"),
        (HOW, "choice", replace(PRIVACY, uids="hashed"), "uids"),
        (HOW, "choice", replace(PRIVACY, dates="month"), "dates"),
    ],
)
def test_another_survey_is_refused(
    address: str, how: str, choice: str, privacy: Privacy, named: str
) -> None:
    made(address)
    with pytest.raises(UsageError, match=rf"other settings \({named}\)"):
        make_parts(address, how, choice, privacy)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"format": 1}', b"\xff", b'{"format": "1"}'])
def test_a_damaged_survey_file_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / FILE).write_bytes(text)
    with pytest.raises(DataError, match="damaged"):
        open_parts(str(tmp_path))


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    made(str(tmp_path))
    found = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(found | {"format": 2}))
    with pytest.raises(DataError, match="update ctiqa"):
        open_parts(str(tmp_path))


@pytest.mark.parametrize("secret", ["", "xy", "ab", 7])
def test_a_survey_file_without_a_key_is_damaged(tmp_path: Path, secret: object) -> None:
    made(str(tmp_path))
    found = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(found | {"secret": secret}))
    with pytest.raises(DataError, match="damaged"):
        open_parts(str(tmp_path))


def test_no_parts(address: str) -> None:
    with pytest.raises(NothingToDoError, match="holds no parts"):
        open_parts(address)


def damages() -> dict[str, bytes]:
    whole = pack("s", KEYS[0], [BUNDLE])
    text = gzip.decompress(whole).decode()
    head, line = text.split("\n")
    row = json.loads(line)
    row["scans"][0]["row"]["patient_name"] = "x"
    return {
        "cut off": whole[:-20],
        "empty": b"",
        "flipped": whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        "longer": whole + whole,
        "not gzip": b"hello",
        "a line is missing": gzip.compress(head.encode()),
        "not JSON": gzip.compress(f"{head}\n{{".encode()),
        "not a bundle": gzip.compress(f"{head}\n[1]".encode()),
        "other columns": gzip.compress(f"{head}\n{json.dumps(row)}".encode()),
        "another part": pack("s", KEYS[1], [BUNDLE]),
        "another survey": pack("t", KEYS[0], [BUNDLE]),
    }


@pytest.mark.parametrize("name", damages())
def test_damage_is_seen(name: str) -> None:
    with pytest.raises(DamagedPartError):
        unpack(damages()[name], "s", KEYS[0])


def test_a_damaged_part_is_set_aside(address: str) -> None:
    parts = made(address)
    parts.write(KEYS[0], [BUNDLE])
    parts.place.write(f"{KEYS[0]}.json.gz", b"damaged")
    assert parts.has(KEYS[0])
    with pytest.raises(DamagedPartError):
        parts.read(KEYS[0])
    assert not parts.has(KEYS[0])
    assert f"{KEYS[0]}.json.gz.damaged" in parts.place.files()
    assert parts.written() == []


def test_what_a_full_disk_has_left_is_no_part(address: str) -> None:
    parts = made(address)
    parts.place.write(f"{KEYS[0]}.json.gz", b"")
    assert not parts.has(KEYS[0])
    assert parts.written() == []


def test_temporary_files_are_ignored_and_cleaned(tmp_path: Path) -> None:
    made(str(tmp_path))
    old, new = tmp_path / f".{KEYS[0]}.json.gz.abc.tmp", tmp_path / f".{KEYS[1]}.json.gz.abc.tmp"
    for each in (old, new):
        each.write_bytes(b"half")
    os.utime(old, (1, 1))
    assert made(str(tmp_path)).written() == []
    assert not old.exists()
    assert new.exists()


def test_without_links_the_first_wins_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    place = FolderPlace(tmp_path)
    assert place.create("a", b"first")
    assert not place.create("a", b"second")
    assert place.read("a") == b"first"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_parts_are_listed_in_the_order_of_writing(tmp_path: Path) -> None:
    parts = made(str(tmp_path))
    for number, key in enumerate(reversed(KEYS)):
        parts.write(key, [])
        os.utime(tmp_path / f"{key}.json.gz", (1000 + number, 1000 + number))
    assert parts.written() == KEYS[::-1]


def test_the_same_results_make_the_same_bytes() -> None:
    assert pack("s", "k", [BUNDLE]) == pack("s", "k", [Bundle.from_json(BUNDLE.to_json())])


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "is empty"),
        ("s3://", "is empty"),
        ("nothing-known://bucket/x", "no URL that fsspec knows"),
    ],
)
def test_bad_addresses(address: str, message: str) -> None:
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    with pytest.raises(UsageError, match=message):
        open_place(address)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="must be a folder"):
        made(str(tmp_path / "file"))


def test_s3_without_credentials_or_bucket(
    s3_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="s3://no-such-bucket/x"):
        made("s3://no-such-bucket/x")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    # Connections that are open know the credentials already.
    importlib.import_module("s3fs").S3FileSystem.clear_instance_cache()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(CtiqaError, match="credentials"):
        made(f"{s3_server}/other")


def test_messages_hold_no_credentials() -> None:
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    assert open_place("s3://KEY:SECRET@bucket/x").name == "s3://bucket/x"
