"""Connect to an engine, or start it, and end it afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from ctiqa.cluster.engines.address import Engine, LocalEngine, SchedulerEngine
from ctiqa.cluster.engines.kubernetes import kubernetes_cluster
from ctiqa.cluster.engines.libraries import PRELOAD, Client, library
from ctiqa.cluster.engines.slurm import NO_PAGES, SlurmEngine, slurm_cluster
from ctiqa.cluster.engines.tls import configured_security, security_of, temporary_security
from ctiqa.cluster.engines.versions import check_versions
from ctiqa.errors import OutputError, ProcessError

DEATHS = 2
"""How many more workers may die on a task after the first one."""

CONNECT_S = 30
"""How long a scheduler may take to answer, in seconds."""

CONFIG = {
    "distributed.scheduler.allowed-failures": DEATHS,
    # Tasks are long; a worker that dies takes one with it, not a queue of them.
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.admin.low-level-log-length": 100,
    # Pages about tasks would be open to everybody.
    "distributed.scheduler.http.routes": ["distributed.http.health"],
    "distributed.worker.http.routes": ["distributed.http.health"],
}
"""Settings of schedulers that are started here."""


@dataclass(frozen=True, slots=True)
class Running:
    """Workers that tasks can be sent to.

    Attributes:
        client: Client of dask.
        keep: Starts workers again that are gone for good; to be called every few seconds.
    """

    client: Client
    keep: Callable[[], object] = lambda: None


@contextmanager
def open_workers(engine: Engine) -> Iterator[Running]:
    """Start or find the workers.

    Args:
        engine: The engine.

    Yields:
        The workers; everything that was started is ended with the block.

    Raises:
        OutputError: If the scheduler does not answer.
        ProcessError: If workers of this computer cannot be started.
        UsageError: If versions differ, or certificates are missing.
    """
    # Loaded later, its defaults would be dropped together with these settings.
    library("distributed")
    with ExitStack() as stack:
        stack.enter_context(library("dask.config").set(CONFIG))
        running = _started(engine, stack)
        stack.enter_context(running.client)
        check_versions(running.client)
        yield running


def _started(engine: Engine, stack: ExitStack) -> Running:
    if isinstance(engine, SchedulerEngine):
        return Running(_client(engine.address, _security(engine)))
    if isinstance(engine, LocalEngine):
        cluster = stack.enter_context(_local_cluster(engine))
        # A worker that is killed while it starts is not started again by itself.
        return Running(_client(cluster, None), lambda: cluster.scale(engine.workers))
    if isinstance(engine, SlurmEngine):
        cluster = stack.enter_context(slurm_cluster(engine))
        # Jobs that have come to the end of their time are replaced by new ones.
        cluster.adapt(minimum_jobs=engine.jobs, maximum_jobs=engine.jobs)
        return Running(_client(cluster, None))
    found = stack.enter_context(kubernetes_cluster(engine))
    return Running(_client(found.address, found.security))


def _local_cluster(engine: LocalEngine) -> Any:
    security = temporary_security()
    try:
        return library("distributed").LocalCluster(
            n_workers=engine.workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=NO_PAGES["dashboard_address"],
            scheduler_kwargs=NO_PAGES,
            memory_limit="auto",
            # Users of the same computer could connect otherwise, and run programs in this one's
            # name.
            security=security,
            silence_logs=logging.CRITICAL,
            preload=[PRELOAD],
        )
    except (RuntimeError, OSError) as error:
        raise ProcessError(
            f"{engine.workers} workers cannot be started ({type(error).__name__}); start fewer "
            "with 'local:N', and look at the limits of memory and processes"
        ) from error


def _client(where: Any, security: Any) -> Client:
    client = library("distributed").Client
    try:
        return client(where, security=security, timeout=CONNECT_S, set_as_default=False)
    except OSError as error:
        raise OutputError(
            f"the scheduler at '{where}' does not answer within {CONNECT_S} s "
            f"({type(error).__name__}); check that it is running, its address, and that both sides "
            "use TLS or both do not"
        ) from None


def _security(engine: SchedulerEngine) -> Any:
    if engine.address.startswith("tcp"):
        return None
    return configured_security() if engine.tls is None else security_of(engine.tls)
