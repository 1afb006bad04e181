"""Texts that a database takes for a command, or cannot keep, in every filter and form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.store.postgres import NoServerError, Server, running
from tests.web.conftest import field_of
from tests.web.made import BASE, configured, put_scans

from ctiqa.clinic.config import Config
from ctiqa.store import open_store
from ctiqa.store.where import _pattern
from ctiqa.web.app import make_app

HOSTILE = [
    "' OR 1=1 --",
    '"; DROP TABLE scans; --',
    "%",
    "_" * 26,
    "*" * 190,
    "*a" * 95,
    "[",
    "(a+)+$",
    "\\",
    "a\0b",
    "\ud800",
    "\u202e",
    "|" * 190,
    "1" * 200,
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    try:
        with running() as found:
            yield found
    except NoServerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """A dashboard on this computer, on either database."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    address = str(folder / "ct.sqlite")
    if request.param == "postgresql":
        address = request.getfixturevalue("server").create("hostile")
    with open_store(address) as store:
        put_scans(store, [{}, {}])
    section = Config().store.model_copy(update={"address": address})
    config = configured(folder).model_copy(update={"store": section})
    app = make_app(config)
    with TestClient(app, base_url=BASE, follow_redirects=False) as found:
        yield found


def encoded(text: str) -> bytes:
    """Text as it is sent, halves of characters as well."""
    return text.encode("utf-8", "surrogatepass")


def statuses(client: TestClient, text: str) -> dict[str, int]:
    """What pages and the API answer to a text in each filter."""
    found = {}
    for path, keys in (
        ("/scans", ("protocol", "scanner", "region", "flag", "below", "sort", "page", "since")),
        ("/trends", ("protocol", "scanner")),
        ("/protocol", ("protocol", "scanner")),
        ("/", ("day", "done")),
        ("/api/v1/scans", ("where", "cursor", "limit", "since")),
    ):
        for key in keys:
            found[f"{path}?{key}"] = asked(client, path, key, text)
    for key in ("protocol", "series_uid", "kvp", "study_day"):
        found[f"where {key}"] = asked(client, "/api/v1/scans", "where", f"{key}={text}"[:200])
    return found


def asked(client: TestClient, path: str, key: str, text: str) -> int:
    """Status of a page with one parameter."""
    return client.get(path, params={key: encoded(text)}).status_code


@pytest.mark.parametrize("text", HOSTILE)
def test_filters_are_never_a_command(client: TestClient, text: str) -> None:
    wrong = {name: status for name, status in statuses(client, text).items() if status >= 500}
    assert not wrong
    assert client.get("/api/v1/scans").json()["n"] == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_forms_are_never_a_command(client: TestClient, text: str) -> None:
    scan = client.get("/api/v1/scans").json()["scans"][0]["scan"]
    csrf = field_of(client.get(f"/scan/{scan}").text, "csrf")

    def sent(path: str, **fields: Any) -> int:
        form = {"csrf": csrf, **{name: encoded(value) for name, value in fields.items()}}
        return client.post(path, data=form).status_code

    assert sent(f"/scan/{scan}/note", note=text) == 303
    assert sent("/again/series", series=text) in {400, 404}
    assert sent("/again/result", series=text, delivery=text[:9]) in {400, 404}
    answer = client.get(f"/api/v1/scans/{scan}/notes")
    assert answer.status_code == 200
    assert "\0" not in answer.json()[0]["note"]


@pytest.mark.parametrize("page", ["0" * 9 + "1" + "9" * 20, "1" * 200, "-1", "\u0661", "1e3"])
def test_numbers_of_pages_are_bounded(client: TestClient, page: str) -> None:
    assert client.get("/scans", params={"page": page}).status_code == 400


def test_the_memory_of_patterns_is_bounded(client: TestClient) -> None:
    for number in range(1100):
        _pattern(f"a{number}*")
    assert client.get("/api/v1/scans?where=protocol=*").json()["n"] == 2
    assert _pattern.cache_info().currsize <= 1024
