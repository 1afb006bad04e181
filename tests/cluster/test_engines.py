"""Engines as they are typed; TLS beyond loopback; files with settings, read strictly."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ctiqa.cluster.engines import versions
from ctiqa.cluster.engines.address import LocalEngine, SchedulerEngine, parse_engine
from ctiqa.cluster.engines.opening import open_workers
from ctiqa.cluster.engines.settings import read_settings
from ctiqa.cluster.engines.slurm import SlurmEngine
from ctiqa.cluster.engines.tls import configured_security
from ctiqa.errors import OutputError, UsageError
from ctiqa.system import extras

dask_config = pytest.importorskip("dask.config", reason="dask is not installed")
pytest.importorskip("distributed", reason="dask is not installed")


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("local:3", LocalEngine(3)),
        ("tcp://127.0.0.1:8786", SchedulerEngine("tcp://127.0.0.1:8786")),
        ("tcp://[::1]:8786", SchedulerEngine("tcp://[::1]:8786")),
        ("tls://head.example:8786", SchedulerEngine("tls://head.example:8786")),
    ],
)
def test_engines(text: str, engine: object) -> None:
    assert parse_engine(text) == engine


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ray",
        "local:",
        "local:0",
        "local:x",
        "local:٣",
        "local:99999",
        "localhost",
        "tcp://host",
        "tls://a:b:c",
        "http://host:1",
        "slurm:",
        "slurm://file",
    ],
)
def test_what_is_no_engine(text: str) -> None:
    with pytest.raises(UsageError, match="local"):
        parse_engine(text)


def test_another_computer_needs_tls() -> None:
    with pytest.raises(UsageError, match="use tls://"):
        parse_engine("tcp://head.example:8786")
    assert parse_engine("tcp://head.example:8786", insecure=True)


def test_tls_needs_certificates() -> None:
    with (
        dask_config.set({"distributed.comm.tls.ca-file": None}),
        pytest.raises(UsageError, match=r"tls:FILE\.toml"),
    ):
        configured_security()
    named = {"distributed.comm.tls.ca-file": "ca", "distributed.comm.tls.client.cert": "cert"}
    with dask_config.set(named):
        assert configured_security().tls_ca_file == "ca"


def test_a_file_of_certificates(tmp_path: Path) -> None:
    file = tmp_path / "tls.toml"
    file.write_text("address = 'tls://h:1'\nca = 'x'\ncert = 'x'\nkey = 'x'")
    with pytest.raises(UsageError, match=r"'ca' .* must be a file"):
        parse_engine(f"tls:{file}")
    text = file.read_text().replace("'x'", f"'{file}'")
    file.write_text(text.replace("tls://h:1", "tcp://h:1"))
    with pytest.raises(UsageError, match="must be tls://HOST:PORT"):
        parse_engine(f"tls:{file}")


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiqa.cluster.engines.opening.CONNECT_S", 0.2)
    with (
        pytest.raises(OutputError, match="does not answer"),
        open_workers(SchedulerEngine("tcp://127.0.0.1:1")),
    ):
        pass


AFTERWARDS = """
import dask.config
from ctiqa.cluster.engines import opening
from ctiqa.cluster.engines.address import SchedulerEngine
from ctiqa.errors import OutputError

opening.CONNECT_S = 0.2
try:
    with opening.open_workers(SchedulerEngine("tcp://127.0.0.1:1")):
        pass
except OutputError:
    print(dask.config.get("distributed.comm.default-scheme"))
"""


def test_a_process_may_connect_again() -> None:
    """In a fresh process, dask is loaded by the first connection."""
    command = [sys.executable, "-c", AFTERWARDS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["tcp"]


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "distributed")
    with pytest.raises(UsageError, match=re.escape("pip install 'ctiqa[cluster]'")):
        parse_engine("local")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("cores = 1", ["'jobs' is missing", "'memory' is missing", "'walltime' is missing"]),
        ("job = 1", ["'job' is not a key of it; did you mean 'jobs'?"]),
        ("jobs = 0", ["'jobs' must be a whole number of at least 1, got '0'"]),
        ("jobs = true", ["'jobs' must be a whole number of at least 1, got 'True'"]),
        ("memory = 32", ["'memory' must be a text in one line, got '32'"]),
        ('queue = "a\\nb"', ["'queue' must be a text in one line"]),
        ("prologue = 'x'", ["'prologue' must be a list of texts"]),
        ("requeue = 'yes'", ["'requeue' must be true or false"]),
        ("jobs = ", ["is not TOML"]),
        ("\x00", ["is not TOML"]),
    ],
)
def test_settings_are_read_strictly(tmp_path: Path, text: str, problems: list[str]) -> None:
    file = tmp_path / "slurm.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_settings(file, SlurmEngine)
    for each in problems:
        assert each in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(tmp_path / "none.toml", SlurmEngine)


class Versions:
    """A client that knows versions."""

    def __init__(self, worker: dict[str, str], scheduler: dict[str, str]) -> None:
        here = {"python": "3.11.7.final.0", "ctiqa": "1.0", "distributed": "2026.8.0"}
        self.found = {
            "client": {"packages": here},
            "scheduler": {"packages": here | scheduler},
            "workers": {"tls://w:1": {"packages": here | worker}},
        }

    def get_versions(self, **_: object) -> dict[str, object]:
        return self.found


@pytest.mark.parametrize(
    ("worker", "scheduler", "problem"),
    [
        ({"ctiqa": "0.9"}, {}, "worker tls://w:1 has ctiqa 0.9, here is 1.0"),
        ({"python": "3.12.1.final.0"}, {}, "worker tls://w:1 has python 3.12, here is 3.11"),
        ({}, {"distributed": "2025.1.0"}, "the scheduler has distributed 2025.1.0"),
    ],
)
def test_other_versions_are_named(
    worker: dict[str, str], scheduler: dict[str, str], problem: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(problem)):
        versions.check_versions(Versions(worker, scheduler))


def test_a_scheduler_needs_no_ctiqa() -> None:
    versions.check_versions(Versions({"python": "3.11.9.final.0"}, {"ctiqa": "0.9"}))
