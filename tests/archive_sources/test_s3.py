"""An object store on loopback: listing, fetching, killed and done again, wrong credentials."""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

moto = pytest.importorskip("moto.server", reason="moto[server] is not installed")
pytest.importorskip("s3fs", reason="s3fs is not installed")

import boto3  # noqa: E402
import s3fs  # noqa: E402

from ctiqa.archive.sources.objects import ObjectSource, ObjectUnit  # noqa: E402
from ctiqa.errors import OutputError, Reason, RefusedError, UsageError  # noqa: E402


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The bucket ``archive``, and credentials for it in the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret-testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    filesystem = s3fs.S3FileSystem()
    filesystem.mkdir("archive")
    yield filesystem
    filesystem.invalidate_cache()
    filesystem.rm("archive", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


def content(number: int) -> bytes:
    return f"object {number}".encode() * 1000


def fill(store: Any, count: int, folder: str = "archive/p/a") -> None:
    store.pipe({f"{folder}/{number:04}.dcm": content(number) for number in range(count)})


def test_units_and_their_files(store: Any, tmp_path: Path) -> None:
    fill(store, 5)
    store.pipe({"archive/p/b.zip": b"zip", "archive/p/c #?ü/1": b"1", "archive/q/1": b"other"})
    units = list(ObjectSource("s3://archive/p").units())
    assert [each.name for each in units] == [
        "s3://archive/p/b.zip",
        "s3://archive/p/a",
        "s3://archive/p/c #?ü",
    ]
    places = units[1].fetch(tmp_path)
    assert list(places) == [f"s3://archive/p/a/{number:04}.dcm" for number in range(5)]
    assert [path.read_bytes() for path in places.values()] == [content(n) for n in range(5)]
    (tmp_path / "c").mkdir()
    (place,) = units[2].fetch(tmp_path / "c").values()
    assert place.read_bytes() == b"1"


def test_more_than_one_page_in_a_folder(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")
    fill(store, 12)
    page = boto3.client("s3").list_objects_v2(Bucket="archive", Prefix="p/")
    assert len(page["Contents"]) == 5
    (unit,) = ObjectSource("s3://archive/p").units()
    assert len(unit.entries) == 12


def test_keys_with_an_empty_part(store: Any) -> None:
    """What is behind two slashes in a row is not listed, and no endless loop begins."""
    boto3.client("s3").put_object(Bucket="archive", Key="p//a/1.dcm", Body=b"1")
    fill(store, 1)
    assert [each.name for each in ObjectSource("s3://archive/p").units()] == ["s3://archive/p/a"]


def test_a_listing_is_not_remembered(store: Any) -> None:
    fill(store, 2)
    source = ObjectSource("s3://archive/p")
    store.ls("archive/p/a")
    (before,) = source.units()
    assert not store.dircache
    store.ls("archive/p/a")
    client = boto3.client("s3")
    client.put_object(Bucket="archive", Key="p/a/0000.dcm", Body=b"new")
    client.put_object(Bucket="archive", Key="p/a/0009.dcm", Body=b"more")
    (after,) = source.units()
    assert len(after.entries) == 3
    stamps = [{e.name: e.stamp for e in unit.entries} for unit in (before, after)]
    changed = [name for name in stamps[0] if stamps[0][name] != stamps[1][name]]
    assert changed == ["s3://archive/p/a/0000.dcm"]


@pytest.mark.parametrize("count", [1, 6])
def test_an_object_of_equal_size_that_changed(store: Any, tmp_path: Path, count: int) -> None:
    fill(store, count)
    (unit,) = ObjectSource("s3://archive/p").units()
    store.ls("archive/p/a")
    boto3.client("s3").put_object(Bucket="archive", Key="p/a/0000.dcm", Body=content(0).swapcase())
    with pytest.raises(RefusedError, match="has changed since it was listed"):
        unit.fetch(tmp_path)
    store.rm("archive/p/a/0000.dcm")
    with pytest.raises(RefusedError, match="a part of it is gone") as caught:
        unit.fetch(tmp_path)
    assert caught.value.reason is Reason.NOT_FETCHED


def fetch_slowly(unit: ObjectUnit, folder: Path) -> None:
    """Fetch in a process that is killed meanwhile."""
    from ctiqa.archive.sources import download

    download.DOWNLOADS_AT_ONCE = 1
    unit.fetch(folder)


def test_a_fetch_that_is_killed_is_done_again(store: Any, tmp_path: Path) -> None:
    count = 150
    fill(store, count)
    (unit,) = ObjectSource("s3://archive/p").units()
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    process = multiprocessing.get_context("spawn").Process(target=fetch_slowly, args=(unit, first))
    process.start()
    deadline = time.monotonic() + 60
    while not list(first.iterdir()) and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.join()
    assert list(first.iterdir())
    places = unit.fetch(second)
    assert [path.read_bytes() for path in places.values()] == [content(n) for n in range(count)]
    assert list(ObjectSource("s3://archive/p").units()) == [unit]


def test_a_bucket_that_is_not_there(store: Any) -> None:
    with pytest.raises(OutputError, match="'s3://other/p' must exist"):
        list(ObjectSource("s3://other/p").units())


def test_a_prefix_that_is_not_there(store: Any) -> None:
    with pytest.raises(OutputError, match="'s3://archive/nowhere' must exist"):
        list(ObjectSource("s3://archive/nowhere").units())


def test_no_credentials(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(UsageError, match=r"needs credentials.*AWS_ACCESS_KEY_ID"):
        list(ObjectSource("s3://archive/p").units())


def test_an_endpoint_that_does_not_answer(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(OutputError, match=r"cannot be reached.*AWS_ENDPOINT_URL") as caught:
        list(ObjectSource("s3://archive/p").units())
    assert "s3cret" not in str(caught.value)


def test_a_user_in_the_address() -> None:
    with pytest.raises(UsageError, match="no user and password"):
        list(ObjectSource("s3://key:s3cret@archive/p").units())
