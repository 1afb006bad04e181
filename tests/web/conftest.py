"""Dashboards of the tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.clinic.conftest import Watch
from tests.web.made import BASE, PASSWORD, configured, put_scans, tokens, user

from ctiqa.store import open_store
from ctiqa.store.store import Store
from ctiqa.web.app import make_app

USERS = [user("ann", "reviewer"), user("bob"), user("two", "reviewer", "station=CT2*")]

Site = Callable[..., TestClient]


@pytest.fixture
def clock() -> Watch:
    """The clock of the dashboard."""
    return Watch()


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Store]:
    """A store with three scans of CT1 and two of CT2."""
    with open_store(tmp_path / "ct.sqlite") as store:
        put_scans(store, [{}, {}, {"station": "CT2"}, {"station": "CT2b"}, {"protocol": "Thorax"}])
        yield store


@pytest.fixture
def serve(tmp_path: Path, filled: Store, clock: Watch) -> Iterator[Site]:
    """Makes a browser for a dashboard with some settings."""
    with ExitStack() as stack:

        def browser(base: str = BASE, *, model: Path | None = None, **web: Any) -> TestClient:
            app = make_app(configured(tmp_path, model=model, **web), store=filled, now=clock)
            client = TestClient(app, base_url=base, follow_redirects=False)
            return stack.enter_context(client)

        yield browser


@pytest.fixture
def local(serve: Site) -> TestClient:
    """A browser on a computer without users."""
    return serve()


@pytest.fixture
def guarded(serve: Site) -> TestClient:
    """A browser for a dashboard with users and tokens, not logged in."""
    return serve(users=USERS, tokens=tokens())


def field_of(page: str, name: str) -> str:
    """Value of a hidden field of a form."""
    found = re.search(rf'<input[^>]*name="?{name}"?[^>]*>', page)
    assert found is not None, page
    value = re.search(r'value="([^"]*)"', found[0])
    assert value is not None
    return value[1]


def log_in(client: TestClient, name: str = "ann", password: str = PASSWORD, to: str = "/") -> Any:
    """Fill in the form of the login, and send it."""
    form = client.get("/login", params={"next": to})
    assert form.status_code == 200
    fields = {key: field_of(form.text, key) for key in ("csrf", "next")}
    return client.post("/login", data={**fields, "name": name, "password": password})
