"""What the operator of dask-kubernetes is asked for; a stand-in takes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ctiqa.cluster.engines import kubernetes
from ctiqa.cluster.engines.address import parse_engine
from ctiqa.cluster.engines.kubernetes import KubernetesEngine, kubernetes_cluster
from ctiqa.cluster.engines.kubernetes_spec import dask_cluster
from ctiqa.errors import OutputError, UsageError

pytest.importorskip("distributed", reason="dask is not installed")

SETTINGS = KubernetesEngine(
    image="registry.example/ctiqa:1",
    pods=8,
    cores=2,
    memory="4Gi",
    namespace="physics",
    service_account="reader",
    secrets=("s3",),
    claims=("archive:/archive",),
    tls_secret="ctiqa-tls",  # noqa: S106 - a name
    ca="ca.pem",
    cert="cert.pem",
    key="key.pem",
)


def spec(settings: KubernetesEngine = SETTINGS) -> Any:
    return dask_cluster("ctiqa-1", settings)["spec"]


def test_the_workers() -> None:
    worker = spec()["worker"]
    (container,) = worker["spec"]["containers"]
    assert worker["replicas"] == 8
    assert worker["spec"]["serviceAccountName"] == "reader"
    assert container["image"] == "registry.example/ctiqa:1"
    assert container["args"][0] == "tls://ctiqa-1-scheduler.physics:8786"
    assert {"--nworkers=2", "--nthreads=1", "--no-dashboard"} < set(container["args"])
    assert container["resources"]["limits"] == {"cpu": "2", "memory": "4Gi"}
    assert container["envFrom"] == [{"secretRef": {"name": "s3"}}]
    assert {"mountPath": "/archive", "name": "claim0"} in container["volumeMounts"]


def test_the_operator_finds_what_it_looks_for() -> None:
    """The names of ports and labels are the operator's own."""
    scheduler = spec()["scheduler"]
    (container,) = scheduler["spec"]["containers"]
    assert container["name"] == "scheduler"
    assert [each["name"] for each in container["ports"]] == ["tcp-comm", "http-dashboard"]
    assert scheduler["service"]["selector"] == {
        "dask.org/cluster-name": "ctiqa-1",
        "dask.org/component": "scheduler",
    }
    assert spec()["idleTimeout"] > 0


@pytest.mark.parametrize("part", ["scheduler", "worker"])
def test_tls(part: str) -> None:
    pod = spec()[part]["spec"]
    assert {"name": "tls", "secret": {"secretName": "ctiqa-tls"}} in pod["volumes"]
    assert "--protocol=tls" in pod["containers"][0]["args"]
    plain = spec(replace(SETTINGS, tls_secret=None))[part]["spec"]
    assert not [each for each in plain["containers"][0]["args"] if "tls" in each]


class Resource:
    """A resource of Kubernetes that is only remembered."""

    made: list[Resource] = []  # noqa: RUF012 - of all resources

    def __init__(self, what: Any, namespace: str) -> None:
        self.what, self.namespace = what, namespace
        self.calls: list[str] = []
        self.name = what if isinstance(what, str) else what["metadata"]["name"]
        Resource.made.append(self)

    @contextmanager
    def portforward(self, port: int, local_port: str) -> Iterator[int]:
        assert (port, local_port) == (8786, "auto")
        self.calls.append("forward")
        yield 4711
        self.calls.append("end")

    def __getattr__(self, name: str) -> Any:
        def call(*_: object, **__: object) -> Any:
            self.calls.append(name)
            return True

        return call


@pytest.fixture
def kr8s(monkeypatch: pytest.MonkeyPatch) -> list[Resource]:
    module: Any = ModuleType("kr8s.objects")
    module.Service = Resource
    module.new_class = lambda *_, **__: Resource
    monkeypatch.setitem(sys.modules, "kr8s", ModuleType("kr8s"))
    monkeypatch.setitem(sys.modules, "kr8s.objects", module)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(Resource, "made", [])
    return Resource.made


def test_from_outside_the_port_is_forwarded(kr8s: list[Resource]) -> None:
    with kubernetes_cluster(SETTINGS) as found:
        assert found.address == "tls://127.0.0.1:4711"
        assert found.security.tls_client_cert == "cert.pem"
        cluster, service = kr8s
        assert cluster.what == dask_cluster(cluster.name, SETTINGS)
        assert cluster.calls == ["create"]
        assert service.name == f"{cluster.name}-scheduler"
    assert cluster.calls == ["create", "delete"]
    assert service.calls == ["exists", "ready", "forward", "end"]


def test_inside_the_scheduler_has_a_name(
    kr8s: list[Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with kubernetes_cluster(replace(SETTINGS, tls_secret=None)) as found:
        assert found.address == f"tcp://{kr8s[0].name}-scheduler.physics:8786"
        assert found.security is None


def test_a_scheduler_that_does_not_start(
    kr8s: list[Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "START_S", 0)
    with pytest.raises(OutputError, match="has not started"), kubernetes_cluster(SETTINGS):
        pass
    assert kr8s[0].calls == ["create", "delete"]


def test_a_refusal(kr8s: list[Resource], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("daskclusters is forbidden")

    monkeypatch.setattr(Resource, "create", refuse, raising=False)
    with pytest.raises(OutputError, match="has refused"), kubernetes_cluster(SETTINGS):
        pass


def test_without_the_library_and_without_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kubernetes.toml"
    file.write_text("image = 'x'\npods = 2\n")
    monkeypatch.setattr(kubernetes, "is_installed", lambda _: False)
    with pytest.raises(UsageError, match="pip install dask-kubernetes"):
        parse_engine(f"kubernetes:{file}")
    monkeypatch.setattr(kubernetes, "is_installed", lambda _: True)
    with pytest.raises(UsageError, match="'tls_secret'"):
        parse_engine(f"kubernetes:{file}")
    assert parse_engine(f"kubernetes:{file}", insecure=True) == KubernetesEngine("x", 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [("memory", "4GB"), ("namespace", "A"), ("secrets", ("a b",)), ("claims", ("archive",))],
)
def test_wrong_values(name: str, value: object) -> None:
    values: Any = {name: value}
    with pytest.raises(ValueError, match="got"):
        replace(SETTINGS, **values)
