"""Dashboards of the tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.clinic.conftest import Watch
from tests.web.made import BASE, PASSWORD, configured, put_scans, tokens, user

from ctiqa.clinic.config import Config
from ctiqa.store import open_store
from ctiqa.store.store import Store
from ctiqa.web import app, context
from ctiqa.web.app import make_app

USERS = [user("ann", "reviewer"), user("bob"), user("two", "reviewer", "station=CT2*")]

Site = Callable[..., TestClient]


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Dashboards of tests have read their scans when they start, and show the store as it is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(app, "PATIENCE_S", 60.0)
        patched.setattr(context, "LATELY_S", 0.0)
        yield


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store with three scans of CT1 and two of CT2, to be copied."""
    file = tmp_path_factory.mktemp("prepared") / "ct.sqlite"
    rows: list[dict[str, Any]] = [{}, {}, {"station": "CT2"}, {"station": "CT2b"}]
    with open_store(file) as store:
        put_scans(store, [*rows, {"protocol": "Thorax"}])
    return file


@pytest.fixture
def clock() -> Watch:
    """The clock of the dashboard."""
    return Watch()


@pytest.fixture
def filled(tmp_path: Path, prepared: Path) -> Iterator[Store]:
    """A store of the test's own, like the prepared one."""
    with open_store(copyfile(prepared, tmp_path / "ct.sqlite")) as store:
        yield store


@pytest.fixture
def serve(tmp_path: Path, filled: Store, clock: Watch) -> Iterator[Site]:
    """Makes a browser for a dashboard with some settings."""
    with ExitStack() as stack:

        def browser(base: str = BASE, *, model: Path | None = None, **web: Any) -> TestClient:
            config = configured(tmp_path, model=model, **web)
            return stack.enter_context(opened(config, filled, clock, base))

        yield browser


def opened(config: Config, store: Store, clock: Watch, base: str = BASE) -> TestClient:
    """A browser for a dashboard, not yet started."""
    made = make_app(config, store=store, now=clock)
    return TestClient(made, base_url=base, follow_redirects=False)


@pytest.fixture(scope="module")
def shared_local(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[TestClient]:
    """A browser on a computer without users, for tests that change nothing."""
    yield from shared(tmp_path_factory.mktemp("local"), prepared)


@pytest.fixture(scope="module")
def shared_guarded(
    tmp_path_factory: pytest.TempPathFactory, prepared: Path
) -> Iterator[TestClient]:
    """A browser for a dashboard with users and tokens, for tests that neither log in nor change."""
    folder = tmp_path_factory.mktemp("guarded")
    yield from shared(folder, prepared, users=USERS, tokens=tokens())


def shared(folder: Path, prepared: Path, **web: Any) -> Iterator[TestClient]:
    """A browser for a dashboard of the prepared store."""
    with (
        open_store(copyfile(prepared, folder / "ct.sqlite")) as store,
        opened(configured(folder, **web), store, Watch()) as client,
    ):
        yield client


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
