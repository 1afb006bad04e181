"""Workers as jobs of Slurm, by dask-jobqueue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctiqa.cluster.engines.libraries import PRELOAD, library
from ctiqa.cluster.engines.settings import read_settings
from ctiqa.cluster.engines.tls import temporary_security
from ctiqa.errors import UsageError
from ctiqa.system.extras import require_extra

NO_PAGES = {"dashboard_address": "127.0.0.1:0", "dashboard": False}
"""Options of schedulers: without an address, dask listens on port 8787 of all networks."""

MEMORY = re.compile(r"\d{1,6} ?[KMGT]i?B")
WALLTIME = re.compile(r"(\d{1,3}-)?\d{1,3}:\d{2}(:\d{2})?")
DURATION = re.compile(r"\d{1,6} ?[smhd]")
WORD = re.compile(r"[\w.,:@/%+=~$-]+")
"""What is put into a job script without quotes."""


@dataclass(frozen=True, slots=True)
class SlurmEngine:
    """The file of ``slurm:FILE.toml``.

    Attributes:
        jobs: Jobs that are submitted.
        cores: Cores of a job; each runs one worker.
        memory: Memory of a job, such as ``32GB``.
        walltime: Longest time of a job, such as ``08:00:00``.
        queue: Partition.
        account: Account.
        lifetime: Age at which workers stop of themselves, before Slurm kills the job: ``7h``.
        stagger: How far the ages at which they stop differ: ``10m``.
        requeue: Whether Slurm starts a job again that was preempted.
        scratch: Folder on the nodes for temporary files.
        shared: Folder that all nodes and this computer see, for certificates; only its owner
            should be able to read it.
        interface: Network interface of scheduler and workers, such as ``ib0``.
        python: Python of the nodes, in which ctiqa is installed.
        prologue: Lines of shell before the workers start, such as ``module load``.
        directives: Further options of ``sbatch``, such as ``--constraint=avx512``.
        insecure: Whether scheduler and workers may do without TLS.
    """

    jobs: int
    cores: int
    memory: str
    walltime: str
    queue: str | None = None
    account: str | None = None
    lifetime: str | None = None
    stagger: str | None = None
    requeue: bool = True
    scratch: str | None = None
    shared: str | None = None
    interface: str | None = None
    python: str | None = None
    prologue: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    insecure: bool = False

    def __post_init__(self) -> None:
        forms = (
            ("memory", MEMORY, "32GB"),
            ("walltime", WALLTIME, "08:00:00"),
            ("lifetime", DURATION, "7h"),
            ("stagger", DURATION, "10m"),
            *((name, WORD, "one word without special characters") for name in _WORDS),
        )
        for name, form, example in forms:
            value = getattr(self, name)
            if value is not None and not form.fullmatch(value):
                raise ValueError(f"'{name}' must be like {example}, got {value!r}")
        if wrong := [each for each in self.directives if not each.startswith("-")]:
            raise ValueError(f"'directives' must begin with '-', got {wrong[0]!r}")
        if self.stagger and not self.lifetime:
            raise ValueError("'stagger' needs 'lifetime'")


_WORDS = ("queue", "account", "scratch", "shared", "interface", "python")


def read_slurm(path: Path, insecure: bool) -> SlurmEngine:
    """Read ``slurm:FILE.toml``.

    Args:
        path: The file.
        insecure: Whether scheduler and workers may do without TLS, whatever the file says.

    Raises:
        UsageError: If it breaks a rule, or a library is missing.
    """
    require_extra("'slurm:'", "dask_jobqueue", extra="cluster")
    found = read_settings(path, SlurmEngine)
    if not (found.insecure or insecure) and found.shared is None:
        raise UsageError(
            f"'{path}' must name a folder for certificates that all nodes see ('shared'), because "
            "whoever reaches the port of the scheduler could run programs; or state 'insecure = "
            "true' if nobody else is on that network"
        )
    return found


def slurm_cluster(settings: SlurmEngine) -> Any:
    """Start a scheduler here; jobs are submitted with ``scale``.

    Raises:
        UsageError: If the certificates cannot be made.
    """
    secure: dict[str, Any] = {}
    if settings.shared is not None and not settings.insecure:
        shared = Path(settings.shared).expanduser()
        if not shared.is_dir():
            raise UsageError(f"'shared' must be a folder, and '{shared}' is none; make it")
        secure = {"security": temporary_security(), "shared_temp_directory": str(shared)}
    return library("dask_jobqueue").SLURMCluster(
        cores=settings.cores,
        processes=settings.cores,
        memory=settings.memory,
        walltime=settings.walltime,
        queue=settings.queue,
        account=settings.account,
        job_name="ctiqa",
        python=settings.python,
        interface=settings.interface,
        local_directory=settings.scratch,
        worker_extra_args=_worker_arguments(settings),
        job_extra_directives=_directives(settings),
        job_script_prologue=list(settings.prologue),
        scheduler_options=NO_PAGES,
        **secure,
    )


def _worker_arguments(settings: SlurmEngine) -> list[str]:
    arguments = ["--no-dashboard", "--preload", PRELOAD]
    if settings.lifetime:
        arguments += ["--lifetime", settings.lifetime.replace(" ", "")]
    if settings.stagger:
        arguments += ["--lifetime-stagger", settings.stagger.replace(" ", "")]
    return arguments


def _directives(settings: SlurmEngine) -> list[str]:
    return [*(["--requeue"] if settings.requeue else []), *settings.directives]
