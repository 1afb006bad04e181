"""Workers as pods of Kubernetes, by the operator of dask-kubernetes."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctiqa.cluster.engines.kubernetes_spec import PORT, dask_cluster
from ctiqa.cluster.engines.libraries import library
from ctiqa.cluster.engines.settings import read_settings
from ctiqa.cluster.engines.tls import TlsFiles, security_of
from ctiqa.errors import OutputError, UsageError
from ctiqa.system.extras import is_installed

START_S = 600
"""How long the scheduler may take to start, in seconds; the image may have to be pulled first."""

POLL_S = 1.0

MEMORY = re.compile(r"\d{1,6}[KMGT]i?")
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
CLAIM = re.compile(r"[a-z0-9][a-z0-9.-]*:/[\w./-]*")


@dataclass(frozen=True, slots=True)
class KubernetesEngine:
    """The file of ``kubernetes:FILE.toml``.

    Attributes:
        image: Image with ctiqa and its extras ``clinic`` and ``cluster``.
        pods: Pods with workers.
        cores: Cores of a pod; each runs one worker.
        memory: Memory of a pod, such as ``4Gi``.
        namespace: Namespace.
        service_account: Service account of the pods, for example to read a bucket.
        secrets: Secrets whose keys become environment variables, such as credentials for S3.
        claims: Volumes, as ``CLAIM:/PATH``.
        tls_secret: Secret with ``ca.crt``, ``tls.crt`` and ``tls.key``, for the pods.
        ca: The same certificate of the authority, on this computer.
        cert: Certificate of this computer.
        key: Its private key.
        insecure: Whether scheduler and workers may do without TLS.
    """

    image: str
    pods: int
    cores: int = 1
    memory: str = "2Gi"
    namespace: str = "default"
    service_account: str | None = None
    secrets: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    tls_secret: str | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False

    def __post_init__(self) -> None:
        if not MEMORY.fullmatch(self.memory):
            raise ValueError(f"'memory' must be like 4Gi, got {self.memory!r}")
        names = [self.namespace, self.service_account, self.tls_secret, *self.secrets]
        if wrong := [name for name in names if name is not None and not NAME.fullmatch(name)]:
            raise ValueError(
                f"names of Kubernetes are small letters, digits and -, got {wrong[0]!r}"
            )
        if wrong := [each for each in self.claims if not CLAIM.fullmatch(each)]:
            raise ValueError(f"'claims' must be like archive:/archive, got {wrong[0]!r}")

    @property
    def files(self) -> TlsFiles | None:
        """Certificates of this computer; ``None`` if there is to be no TLS."""
        if self.tls_secret and self.ca and self.cert and self.key:
            return TlsFiles("", self.ca, self.cert, self.key)
        return None


@dataclass(frozen=True, slots=True)
class Reachable:
    """A scheduler that has started.

    Attributes:
        address: Where it is reached from here.
        security: Certificates; ``None`` without TLS.
    """

    address: str
    security: Any


def read_kubernetes(path: Path, insecure: bool) -> KubernetesEngine:
    """Read ``kubernetes:FILE.toml``.

    Args:
        path: The file.
        insecure: Whether scheduler and workers may do without TLS, whatever the file says.

    Raises:
        UsageError: If it breaks a rule, or a library is missing.
    """
    found = read_settings(path, KubernetesEngine)
    if not is_installed("kr8s"):
        raise UsageError(
            "'kubernetes:' needs dask-kubernetes, which is not installed; install it with: "
            "pip install dask-kubernetes"
        )
    if found.files is None and not (found.insecure or insecure):
        raise UsageError(
            f"'{path}' must name certificates ('tls_secret', 'ca', 'cert' and 'key'), because "
            "every pod that reaches the port of the scheduler could run programs; or state "
            "'insecure = true' if a network policy keeps others away"
        )
    return found


@contextmanager
def kubernetes_cluster(settings: KubernetesEngine) -> Iterator[Reachable]:
    """Start a scheduler and workers, and remove them afterwards.

    Raises:
        OutputError: If Kubernetes refuses, or the scheduler does not start.
    """
    objects = library("kr8s.objects")
    name = f"ctiqa-{secrets.token_hex(4)}"
    kind = objects.new_class("DaskCluster", "kubernetes.dask.org/v1", asyncio=False)
    cluster = kind(dask_cluster(name, settings), namespace=settings.namespace)
    with _explained():
        cluster.create()
    try:
        with _explained():
            service = _started(objects.Service, f"{name}-scheduler", settings.namespace)
        with _port(service, settings) as place:
            files = settings.files
            scheme = "tcp" if files is None else "tls"
            yield Reachable(f"{scheme}://{place}", None if files is None else security_of(files))
    finally:
        with _explained():
            cluster.delete()


@contextmanager
def _port(service: Any, settings: KubernetesEngine) -> Iterator[str]:
    """Host and port of the scheduler; from outside of Kubernetes, they are forwarded."""
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        yield f"{service.name}.{settings.namespace}:{PORT}"
        return
    with service.portforward(PORT, local_port="auto") as port:
        yield f"127.0.0.1:{port}"


def _started(kind: Any, name: str, namespace: str) -> Any:
    """The service of the scheduler, as soon as a pod answers behind it."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        service = kind(name, namespace=namespace)
        if service.exists() and service.ready():
            return service
        time.sleep(POLL_S)
    raise OutputError(
        f"the scheduler '{name}' has not started within {START_S} s; look at 'kubectl get pods -n "
        f"{namespace}', and whether the operator of dask-kubernetes runs"
    )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OutputError:
        raise
    except Exception as error:
        raise OutputError(
            f"Kubernetes has refused ({type(error).__name__}); check 'kubectl get daskclusters', "
            "your permissions, and that the operator of dask-kubernetes is installed"
        ) from error
