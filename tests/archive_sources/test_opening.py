"""What is surveyed is recognised by its address."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ctiqa.archive.sources.addresses import is_loopback, shown
from ctiqa.archive.sources.dicomweb.source import DicomwebSource
from ctiqa.archive.sources.manifest.source import ManifestSource
from ctiqa.archive.sources.objects import ObjectSource
from ctiqa.archive.sources.opening import open_source
from ctiqa.errors import UsageError

DAY = date(2026, 1, 31)


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "dicomweb+https"])
def test_dicomweb(scheme: str) -> None:
    source = open_source(f"{scheme}://pacs.example/dicom-web", since=DAY)
    assert isinstance(source, DicomwebSource)
    assert (source.since, source.until) == (DAY, None)
    assert source.name == "https://pacs.example/dicom-web"


@pytest.mark.parametrize("url", ["s3://b/p", "memory://p", "file:///ct", "sftp://h/p"])
def test_objects(url: str) -> None:
    source = open_source(url, since=DAY)
    assert isinstance(source, ObjectSource)
    assert source.name == url


@pytest.mark.parametrize("name", ["m.csv", "m.PARQUET"])
def test_manifests(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("path\n/ct\n", encoding="utf-8")
    assert isinstance(open_source(str(tmp_path / name)), ManifestSource)
    with pytest.raises(UsageError, match="does not exist"):
        open_source(str(tmp_path / "no" / name))
    with pytest.raises(UsageError, match="must be a local file"):
        open_source(f"s3://bucket/{name}")


def test_what_is_on_this_computer(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for path in (tmp_path, tmp_path / "folder.csv", tmp_path / "scan.dcm", "C:\\ct", "ct.zip"):
        assert open_source(str(path)) is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sftp://me:a@b:c@host/p@q:r", "sftp://me@host/p@q:r"),
        ("sftp://:secret@host/p", "sftp://@host/p"),
        ("abfs://container@account.example/p", "abfs://container@account.example/p"),
        ("s3://bucket/p:q@r", "s3://bucket/p:q@r"),
    ],
)
def test_passwords_are_taken_out_of_names(url: str, name: str) -> None:
    assert shown(url) == name


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:80/", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]/", True),
        ("http://127.0.0.1@example.org/", False),
        ("http://127.0.0.1.example.org/", False),
        ("http://localhost.example.org/", False),
        ("http://10.0.0.1/", False),
    ],
)
def test_which_addresses_are_this_computer(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
