"""Damaged and odd indexes, recipe locks, shards, manifests and folders give a clear error."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.data.collection import RECIPE, Prepared

from ctiqa.data import runner
from ctiqa.data.manifest import HEADER, MANIFEST, SHARDS, read_examples, read_header
from ctiqa.data.prepare import plan, prepare
from ctiqa.data.recipe_lock import LOCK_FILE, lock_recipe
from ctiqa.data.sources.clean_series import read_index
from ctiqa.errors import CtiqaError, DataError, OutputError, ProcessError

ODD = {
    "deep": b"[" * 100_000,
    "deep object": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "NaN": b'{"recipe": NaN}',
    "infinite": b'[{"n_slices": 1e999}]',
    "huge number": b"[" + b"9" * 100_000 + b"]",
    "twice": b'{"recipe": {}, "recipe": {}}',
    "utf-16": "[]".encode("utf-16"),
    "latin-1": b'{"a": "\xe9"}',
    "half a character": b'["\\ud800"]',
    "a number": b"7",
    "a text": b'"x"',
    "null": b"null",
    "a list": b"[1]",
    "nothing": b"",
    "cut": b'{"recipe": {',
}

odd = pytest.mark.parametrize("data", ODD.values(), ids=ODD)


@odd
def test_an_index(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "index.json").write_bytes(data)
    with pytest.raises(DataError, match=r"index\.json"):
        read_index(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"n_slices": "²"},
        {"n_slices": 10**18},
        {"n_slices": -1},
        {"n_slices": True},
        {"n_slices": [1]},
        {"n_slices": "x" * 10_000},
        {"file": None},
        {"file": {"a": 1}},
        {"file": "../" * 1000},
    ],
)
def test_an_odd_record_of_an_index(tmp_path: Path, change: dict[str, Any]) -> None:
    record = dict.fromkeys(("patient_id", "region", "licence", "origin"), "x")
    index = [{**record, "file": "a.npz", "n_slices": 3, **change}]
    (tmp_path / "index.json").write_text(json.dumps(index))
    with pytest.raises(DataError, match="record 0") as caught:
        read_index(tmp_path)
    assert len(str(caught.value)) < 5000


@odd
def test_a_recipe_lock(tmp_path: Path, data: bytes) -> None:
    (tmp_path / LOCK_FILE).write_bytes(data)
    with pytest.raises(DataError, match="made by another recipe"):
        lock_recipe(tmp_path, RECIPE)


@odd
def test_the_header_of_a_manifest(tmp_path: Path, data: bytes) -> None:
    (tmp_path / HEADER).write_bytes(data)
    with pytest.raises(DataError, match="call 'ctiqa prepare' again"):
        read_header(tmp_path)


@pytest.mark.parametrize(
    "header", [{"recipe": [], "content_sha256": "x"}, {"recipe": {}, "content_sha256": 7}]
)
def test_a_header_with_entries_of_another_kind(tmp_path: Path, header: dict[str, Any]) -> None:
    (tmp_path / HEADER).write_text(json.dumps(header))
    with pytest.raises(DataError, match="lacks"):
        read_header(tmp_path)


@odd
def test_a_shard(prepared: Prepared, tmp_path: Path, data: bytes) -> None:
    task = plan(prepared.root, RECIPE)[0]
    lock_recipe(tmp_path, RECIPE)
    (tmp_path / SHARDS).mkdir()
    (tmp_path / SHARDS / f"{task.name}.json").write_bytes(data)
    with pytest.raises(DataError, match=r"remove (it|this one)"):
        prepare(prepared.root, tmp_path, RECIPE)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_manifest(tmp_path: Path, data: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(data)
    with pytest.raises(DataError, match="is not a manifest"):
        read_examples(tmp_path)


@pytest.mark.parametrize("column", ["label", "shard", "fold"])
def test_a_manifest_with_values_of_another_kind(
    prepared: Prepared, tmp_path: Path, column: str
) -> None:
    table = pl.read_parquet(prepared.out / MANIFEST)
    kind = pl.Int64 if column == "shard" else pl.String
    table.with_columns(pl.lit(1).cast(kind).alias(column)).write_parquet(tmp_path / MANIFEST)
    with pytest.raises(DataError, match=f"another kind of values in {column}"):
        read_examples(tmp_path)


def test_a_place_that_is_read_only(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="cannot be made: Read-only file system"):
        prepare(prepared.root, tmp_path / "out", RECIPE)


def test_a_file_where_the_folder_should_be(prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(CtiqaError, match="out"):
        prepare(prepared.root, tmp_path / "out", RECIPE)


def test_a_worker_that_is_ended_from_outside(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "write_shard", die)
    with pytest.raises(ProcessError, match="ended from outside"):
        prepare(prepared.root, tmp_path / "out", RECIPE, jobs=2)


def die(*_: object) -> None:
    """As the system does when out of memory."""
    os._exit(9)
