"""The DaskCluster that the operator of dask-kubernetes is asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ctiqa.cluster.engines.libraries import PRELOAD

if TYPE_CHECKING:
    from ctiqa.cluster.engines.kubernetes import KubernetesEngine

PORT = 8786
HEALTH_PORT = 8787

IDLE_S = 3600
"""A cluster whose survey was killed is removed by the operator after this time."""

CERTIFICATES = "/etc/ctiqa-tls"
"""Where the secret with the certificates is mounted."""

ROUTES = ["distributed.http.health", "distributed.http.scheduler.api"]
"""Pages of the scheduler: what the operator needs, and none about tasks."""

Spec = dict[str, Any]


def dask_cluster(name: str, settings: KubernetesEngine) -> Spec:
    """The resource.

    Args:
        name: Name of the cluster.
        settings: Settings of the user.
    """
    return {
        "apiVersion": "kubernetes.dask.org/v1",
        "kind": "DaskCluster",
        "metadata": {"name": name, "namespace": settings.namespace},
        "spec": {
            "idleTimeout": IDLE_S,
            "worker": {"replicas": settings.pods, "spec": _pod(_worker(name, settings), settings)},
            "scheduler": {
                "spec": _pod(_scheduler(settings), settings),
                "service": _service(name),
            },
        },
    }


def _pod(container: Spec, settings: KubernetesEngine) -> Spec:
    mounts, volumes = [], []
    if settings.files is not None:
        mounts.append({"name": "tls", "mountPath": CERTIFICATES, "readOnly": True})
        volumes.append({"name": "tls", "secret": {"secretName": settings.tls_secret}})
    for number, claim in enumerate(settings.claims):
        claimed, _, path = claim.partition(":")
        mounts.append({"name": f"claim{number}", "mountPath": path})
        volumes.append({"name": f"claim{number}", "persistentVolumeClaim": {"claimName": claimed}})
    pod: Spec = {"containers": [{**container, "volumeMounts": mounts}], "volumes": volumes}
    if settings.service_account is not None:
        pod["serviceAccountName"] = settings.service_account
    return pod


def _worker(name: str, settings: KubernetesEngine) -> Spec:
    scheme = "tcp" if settings.files is None else "tls"
    address = f"{scheme}://{name}-scheduler.{settings.namespace}:{PORT}"
    size = {"cpu": str(settings.cores), "memory": settings.memory}
    return {
        "name": "worker",
        "image": settings.image,
        "command": ["python", "-m", "distributed.cli.dask_worker"],
        "args": [
            address,
            "--name=$(DASK_WORKER_NAME)",
            f"--nworkers={settings.cores}",
            "--nthreads=1",
            "--no-dashboard",
            f"--preload={PRELOAD}",
            *_tls(settings),
        ],
        "envFrom": [{"secretRef": {"name": each}} for each in settings.secrets],
        "env": [{"name": "DASK_SCHEDULER_ADDRESS", "value": address}],
        "resources": {"requests": size, "limits": size},
    }


def _scheduler(settings: KubernetesEngine) -> Spec:
    probe = {"httpGet": {"port": "http-dashboard", "path": "/health"}, "periodSeconds": 5}
    return {
        "name": "scheduler",
        "image": settings.image,
        "command": ["python", "-m", "distributed.cli.dask_scheduler"],
        "args": ["--host=0.0.0.0", f"--port={PORT}", "--no-dashboard", *_tls(settings)],
        "env": [
            {"name": "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES", "value": json.dumps(ROUTES)},
            {"name": "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "value": "2"},
        ],
        "ports": [
            {"name": "tcp-comm", "containerPort": PORT, "protocol": "TCP"},
            {"name": "http-dashboard", "containerPort": HEALTH_PORT, "protocol": "TCP"},
        ],
        "readinessProbe": probe,
        "livenessProbe": {**probe, "initialDelaySeconds": 15, "periodSeconds": 20},
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
    }


def _tls(settings: KubernetesEngine) -> list[str]:
    if settings.files is None:
        return []
    return [
        "--protocol=tls",
        f"--tls-ca-file={CERTIFICATES}/ca.crt",
        f"--tls-cert={CERTIFICATES}/tls.crt",
        f"--tls-key={CERTIFICATES}/tls.key",
    ]


def _service(name: str) -> Spec:
    return {
        "type": "ClusterIP",
        "selector": {"dask.org/cluster-name": name, "dask.org/component": "scheduler"},
        "ports": [
            {"name": "tcp-comm", "protocol": "TCP", "port": PORT, "targetPort": "tcp-comm"},
            {
                "name": "http-dashboard",
                "protocol": "TCP",
                "port": HEALTH_PORT,
                "targetPort": "http-dashboard",
            },
        ],
    }
