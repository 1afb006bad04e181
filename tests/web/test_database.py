"""The database goes down and comes back while the dashboard is used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.store.postgres import NoServerError, Server, running
from tests.web.made import BASE, configured, put_scans

from ctiqa.clinic.config import Config
from ctiqa.store import open_store
from ctiqa.web.app import make_app


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL server of the test's own."""
    try:
        with running() as found:
            yield found
    except NoServerError as error:
        pytest.skip(str(error))


def test_a_database_that_ends_and_starts_again(server: Server, tmp_path: Path) -> None:
    address = server.create("web")
    with open_store(address) as store:
        put_scans(store, [{}, {}])
    section = Config().store.model_copy(update={"address": address})
    config = configured(tmp_path).model_copy(update={"store": section})
    with TestClient(make_app(config), base_url=BASE) as client:
        scans = client.app.state.site.scans  # type: ignore[attr-defined]
        assert client.get("/api/v1/scans").json()["n"] == 2
        server.crash()
        scans.refresh()
        for path in ("/", "/api/v1/scans", "/api/v1/jobs", "/api/v1/health", "/metrics"):
            assert client.get(path).status_code == 503, path
        assert client.get("/healthz").json() == {"ok": False, "down": ["database"]}
        server.start()
        scans.refresh()
        assert client.get("/api/v1/scans").json()["n"] == 2
        assert client.get("/api/v1/jobs").status_code == 200
        assert client.get("/healthz").json() == {"ok": True}
