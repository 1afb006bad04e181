"""The job script that Slurm would get; there is no Slurm here."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from ctiqa.cluster.engines.address import parse_engine
from ctiqa.cluster.engines.slurm import SlurmEngine, slurm_cluster
from ctiqa.errors import UsageError

pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
pytest.importorskip("cryptography", reason="cryptography is not installed")

LOOPBACK = next(
    name
    for name, addresses in psutil.net_if_addrs().items()
    if any(each.address == "127.0.0.1" for each in addresses)
)

SETTINGS = SlurmEngine(
    jobs=4,
    cores=16,
    memory="32GB",
    walltime="08:00:00",
    queue="ct",
    account="physics",
    lifetime="7h",
    stagger="10m",
    scratch="/scratch",
    interface=LOOPBACK,
    python="/opt/ctiqa/bin/python",
    prologue=("module load gcc",),
    directives=("--constraint=avx512",),
    insecure=True,
)


def script_of(settings: SlurmEngine) -> str:
    with slurm_cluster(settings) as cluster:
        assert "127.0.0.1" in cluster.scheduler.http_server.address
        return str(cluster.job_script())


def test_the_job_script() -> None:
    script = script_of(SETTINGS)
    for line in (
        "#SBATCH -J ctiqa",
        "#SBATCH -p ct",
        "#SBATCH -A physics",
        "#SBATCH --cpus-per-task=16",
        "#SBATCH --mem=30G",
        "#SBATCH -t 08:00:00",
        "#SBATCH --requeue",
        "#SBATCH --constraint=avx512",
        "module load gcc",
    ):
        assert line in script.splitlines(), line
    command = script.splitlines()[-1]
    assert command.startswith("/opt/ctiqa/bin/python -m distributed.cli.dask_worker tcp://")
    for part in (
        "--nthreads 1",
        "--nworkers 16",
        "--nanny",
        "--local-directory /scratch",
        "--lifetime 7h",
        "--lifetime-stagger 10m",
        "--no-dashboard",
        "--preload ctiqa.cluster.engines.preload",
    ):
        assert f" {part} " in f"{command} ", part


def test_a_job_need_not_be_requeued() -> None:
    assert "--requeue" not in script_of(replace(SETTINGS, requeue=False))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_certificates_are_in_the_shared_folder(tmp_path: Path) -> None:
    with slurm_cluster(replace(SETTINGS, insecure=False, shared=str(tmp_path))) as cluster:
        script = str(cluster.job_script())
        assert " tls://" in script
        for name in ("--tls-ca-file", "--tls-cert", "--tls-key"):
            file = script.split(f"{name} ")[1].split(maxsplit=1)[0]
            assert Path(file).is_relative_to(tmp_path)
            assert Path(file).stat().st_mode & 0o077 == 0
    # Its author leaves these files to be closed by the collector.
    gc.collect()


def test_the_shared_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'shared' must be a folder"):
        slurm_cluster(replace(SETTINGS, insecure=False, shared=str(tmp_path / "none")))


def test_tls_is_not_left_out_by_mistake(tmp_path: Path) -> None:
    file = tmp_path / "slurm.toml"
    file.write_text("jobs = 1\ncores = 2\nmemory = '4GB'\nwalltime = '1:00:00'\n")
    with pytest.raises(UsageError, match="'shared'"):
        parse_engine(f"slurm:{file}")
    assert parse_engine(f"slurm:{file}", insecure=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory", "32"),
        ("walltime", "8h"),
        ("lifetime", "7 hours"),
        ("queue", "a b"),
        ("account", "x;rm"),
        ("scratch", "$(id)"),
        ("directives", ("x",)),
    ],
)
def test_wrong_values(name: str, value: object) -> None:
    values: Any = {name: value}
    with pytest.raises(ValueError, match=name):
        replace(SETTINGS, **values)


def test_stagger_needs_lifetime() -> None:
    with pytest.raises(ValueError, match="'stagger' needs 'lifetime'"):
        replace(SETTINGS, lifetime=None)
