"""The health of the system: each part, the disk, the certificate; and a database that is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.testclient import TestClient
from tests.web.pages.made import NOW, Clinic, check_page, clock

from ctiqa.clinic.config import Config
from ctiqa.clinic.records.health import SILENT_AFTER, Health
from ctiqa.web.app import make_app
from ctiqa.web.pages.system.facts import certificate, disk
from ctiqa.web.pages.system.parts import parts_of


def test_each_part_has_a_state_in_words(clinic: Clinic) -> None:
    text = clinic.get("/health")
    check_page(text)
    assert text.count('class="state well"') == 3
    assert text.count('class="state ill"') == 1
    assert "PACS is down." in text
    assert "SQLite 3" in text
    assert "<dt>Scans</dt><dd><span>400<" in text
    assert "ctiqa-made 1" in text


def test_a_part_that_says_nothing_is_silent(own: Clinic) -> None:
    late = NOW + SILENT_AFTER + timedelta(seconds=1)
    parts = parts_of(own.config, Health(own.store, lambda: late), late)
    assert {each.state for each in parts} == {"silent"}
    assert all("ctiqa listen" in each.sentence for each in parts)
    early = NOW - timedelta(hours=1)
    ahead = parts_of(own.config, Health(own.store, lambda: early), early)
    assert all("clock is ahead" in each.sentence for each in ahead)


def test_parts_of_the_configuration_that_never_spoke_are_missing(empty: Clinic) -> None:
    parts = {
        each.name: each.state for each in parts_of(empty.config, Health(empty.store, clock), NOW)
    }
    assert parts == {"receiver": "missing", "keeper": "missing", "scorer-1": "missing"}
    assert "never seen" in empty.get("/health")


@pytest.mark.parametrize(
    ("free_gb", "gravity"), [(0.5, "wrong"), (1.5, "warn"), (2.5, "")], ids=str
)
def test_a_disk_that_fills_up_is_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_gb: float, gravity: str
) -> None:
    usage = SimpleNamespace(total=100e9, used=0, free=free_gb * 1e9)
    monkeypatch.setattr("ctiqa.web.pages.system.facts.shutil.disk_usage", lambda _: usage)
    found = disk(Config.model_validate({"spool": {"folder": str(tmp_path)}}))
    assert (found.gravity, bool(found.remedy)) == (gravity, bool(gravity))


def test_a_spool_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    found = disk(Config.model_validate({"spool": {"folder": str(tmp_path / "none")}}))
    assert found.gravity == "warn"


@pytest.mark.parametrize(
    ("days", "gravity", "words"),
    [(-1, "wrong", "expired 1 day ago"), (7, "warn", "expires in 7 days"), (90, "", "valid until")],
)
def test_a_certificate_that_ends_is_seen(
    tmp_path: Path, days: int, gravity: str, words: str
) -> None:
    made(tmp_path / "own.pem", NOW + timedelta(days=days))
    [found] = certificate(config_with_tls(tmp_path), NOW)
    assert found.gravity == gravity
    assert words in found.text


def test_a_certificate_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    [found] = certificate(config_with_tls(tmp_path), NOW)
    assert found.gravity == "warn"
    assert list(certificate(Config(), NOW)) == []


def config_with_tls(folder: Path) -> Config:
    files = {name: str(folder / "own.pem") for name in ("certificate", "key", "clients")}
    return Config.model_validate({"listen": {"tls": files}})


def made(file: Path, end: datetime) -> None:
    """A certificate that ends at a time."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "listener")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


@pytest.mark.parametrize("path", ["/", "/trends", "/scans", "/health", "/scan/" + "0" * 32])
def test_a_database_that_is_down_has_a_page(tmp_path: Path, path: str) -> None:
    config = Config.model_validate(
        {
            "store": {"address": "postgresql://ctiqa@127.0.0.1:1/ctiqa"},
            "web": {"audit_file": str(tmp_path / "audit.jsonl")},
        }
    )
    client = TestClient(make_app(config, now=clock), base_url="http://127.0.0.1:8080")
    answer = client.get(path)
    assert answer.status_code == 503
    check_page(answer.text)
    assert "The database is down" in answer.text
    assert "127.0.0.1:1" not in answer.text
    # The page comes back by itself.
    assert '<meta http-equiv="refresh"' in answer.text
