"""The engines that a user can name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ctiqa.cluster.engines.kubernetes import KubernetesEngine, read_kubernetes
from ctiqa.cluster.engines.slurm import SlurmEngine, read_slurm
from ctiqa.cluster.engines.tls import TlsFiles, read_tls
from ctiqa.errors import UsageError
from ctiqa.system.extras import require_extra
from ctiqa.system.processor import usable_cores
from ctiqa.text.plain_text import clean

FORMS = (
    "local, local:N, tcp://HOST:PORT, tls://HOST:PORT, tls:FILE.toml, slurm:FILE.toml or "
    "kubernetes:FILE.toml"
)

MOST_LOCAL = 1024
"""Processes on one computer."""

URL = re.compile(r"(tcp|tls)://([\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """Processes of this computer.

    Attributes:
        workers: Their number.
    """

    workers: int


@dataclass(frozen=True, slots=True)
class SchedulerEngine:
    """A scheduler of dask that is running.

    Attributes:
        address: ``tcp://HOST:PORT`` or ``tls://HOST:PORT``.
        tls: Certificates; ``None`` for tcp, and to take those of dask's own configuration.
    """

    address: str
    tls: TlsFiles | None = None


Engine = LocalEngine | SchedulerEngine | SlurmEngine | KubernetesEngine


def parse_engine(text: str, *, insecure: bool = False) -> Engine:
    """An engine as it is typed; its file is read and checked.

    Args:
        text: The engine.
        insecure: Whether a connection to another computer may do without TLS.

    Raises:
        UsageError: If it is none, its file breaks a rule, dask is not installed, or a connection
            would not be protected.

    >>> parse_engine("local:4"), parse_engine("tcp://localhost:8786").address
    (LocalEngine(workers=4), 'tcp://localhost:8786')
    """
    require_extra("a survey on a cluster", "dask", "distributed", extra="cluster")
    kind, _, rest = text.partition(":")
    if kind == "local":
        return LocalEngine(_workers(text, rest))
    if found := URL.fullmatch(text):
        return _scheduler(text, found[1], found[2].strip("[]"), insecure=insecure)
    readers: dict[str, Callable[[Path, bool], Engine]] = {
        "tls": _from_file,
        "slurm": read_slurm,
        "kubernetes": read_kubernetes,
    }
    if kind in readers and rest and "://" not in text:
        return readers[kind](Path(rest), insecure)
    raise UsageError(f"'cluster' must be {FORMS}, got '{clean(text, 80)}'")


def is_loopback(host: str) -> bool:
    """Whether a name or address is this computer.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("::1"), is_loopback("a.b")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _workers(text: str, rest: str) -> int:
    if text == "local":
        return usable_cores()
    if rest.isascii() and rest.isdigit() and 1 <= int(rest[:6]) <= MOST_LOCAL:
        return int(rest[:6])
    raise UsageError(
        f"'local:N' needs a number of processes from 1 to {MOST_LOCAL}, got '{clean(text, 40)}'"
    )


def _scheduler(address: str, scheme: str, host: str, *, insecure: bool) -> SchedulerEngine:
    if scheme == "tcp" and not is_loopback(host) and not insecure:
        raise UsageError(
            f"'{address}' is another computer, and whoever reaches its port could read the results "
            "and run programs there and here; use tls:// with certificates (docs/how-to/cluster.md)"
            ", or add '--cluster-insecure' if nobody else is on that network"
        )
    return SchedulerEngine(address)


def _from_file(path: Path, _insecure: bool) -> SchedulerEngine:
    files = read_tls(path)
    if not (found := URL.fullmatch(files.address)) or found[1] != "tls":
        raise UsageError(
            f"'address' in '{path}' must be tls://HOST:PORT, got '{clean(files.address, 80)}'"
        )
    return SchedulerEngine(files.address, files)
