"""The JSON API: lists, one scan, notes, what was asked for wrongly, and its description."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from sqlalchemy import update
from starlette.testclient import TestClient
from tests.clinic.conftest import Watch
from tests.web.conftest import log_in
from tests.web.made import BASE, configured
from tests.web.test_reading import view_of

from ctiqa.clinic.records.health import SILENT_AFTER, Health
from ctiqa.errors import OutputError, UsageError
from ctiqa.store import open_store
from ctiqa.store.database.tables import scans as table
from ctiqa.store.store import Store
from ctiqa.web.api.scans import Filter
from ctiqa.web.app import make_app
from ctiqa.web.problems import ProblemError
from ctiqa.web.security.viewer import LOCAL

BROWSER = {"Origin": "http://127.0.0.1:8080"}


def scans(client: TestClient, **parameters: Any) -> Any:
    """The answer with a list of scans."""
    answer = client.get("/api/v1/scans", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_scan_stored_last_comes_first(shared_local: TestClient) -> None:
    found = scans(shared_local)
    assert found["n"] == 5
    assert found["next"] is None
    assert [each["series"][-1] for each in found["scans"]] == ["5", "4", "3", "2", "1"]
    assert found["scans"][0]["protocol"] == "Thorax"


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 500])
def test_pages_hold_every_scan_once(shared_local: TestClient, limit: int) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = scans(shared_local, limit=limit, **cursor)
        assert 1 <= len(page["scans"]) <= limit
        seen += [each["scan"] for each in page["scans"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [each["scan"] for each in scans(shared_local)["scans"]]


@pytest.mark.parametrize(
    ("parameters", "n"),
    [
        ({"where": "protocol=Thorax"}, 1),
        ({"where": ["station=CT2*", "protocol=Abdomen"]}, 2),
        ({"since": "2026-11-04"}, 3),
        ({"until": "2026-11-04"}, 3),
        ({"since": "2026-11-04", "until": "2026-11-04"}, 1),
        ({"where": "score>=3"}, 0),
    ],
)
def test_filters(shared_local: TestClient, parameters: dict[str, Any], n: int) -> None:
    assert scans(shared_local, **parameters)["n"] == n


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("where=colour%3Dred", 400),
        ("where=score%3D%3D", 400),
        ("where=score", 400),
        ("&".join(["where=kvp%3D1"] * 9), 422),
        (f"where=protocol%3D{'x' * 300}", 422),
        ("since=yesterday", 422),
        ("limit=0", 422),
        ("limit=501", 422),
        ("cursor=../../etc/passwd", 422),
        (f"cursor={'0' * 32}", 400),
    ],
)
def test_what_is_asked_for_wrongly(shared_local: TestClient, query: str, status: int) -> None:
    answer = shared_local.get(f"/api/v1/scans?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["rule"]
    assert problem["remedy"]
    assert problem["status"] == status


HOSTILE = [
    "' OR 1=1 --",
    "'; DROP TABLE scans; --",
    "*) UNION SELECT secret FROM settings --",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "%00",
    "(?s).*",
    "*" * 100,
    "{{7*7}}",
    "../../etc/passwd",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("key", ["protocol", "station", "series_uid", "scored_by"])
def test_sql_and_html_in_filters(shared_local: TestClient, key: str, text: str) -> None:
    found = scans(shared_local, where=f"{key}={text}")
    assert found["n"] == (5 if text == "*" * 100 else 0)
    assert scans(shared_local)["n"] == 5


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/deliveries"])
def test_sql_and_html_in_states(shared_local: TestClient, path: str, text: str) -> None:
    answer = shared_local.get(path, params={"state": text})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@given(where=st.text(max_size=60))
def test_no_condition_is_a_mistake_of_the_server(where: str) -> None:
    status = 200
    try:
        Filter(where=[where]).of(view_of(3))
    except ProblemError as error:
        status = error.problem.status
    assert status in {200, 400}


@pytest.mark.parametrize("name", ["x", "0" * 31, "..%2f..%2fetc%2fpasswd", "G" * 32])
def test_names_of_scans_are_checked(shared_local: TestClient, name: str) -> None:
    assert shared_local.get(f"/api/v1/scans/{name}").status_code in {404, 422}


def test_one_scan(shared_local: TestClient) -> None:
    first = scans(shared_local)["scans"][0]
    found = shared_local.get(f"/api/v1/scans/{first['scan']}").json()
    assert found["scan"] == first
    assert [each["number"] for each in found["slices"]] == [0, 1]
    assert found["notes"] == []


def test_an_infinite_reserve_is_null(local: TestClient, filled: Store) -> None:
    site = local.app.state.site  # type: ignore[attr-defined]
    with filled.writing() as connection:
        connection.execute(update(table).values(dose_reserve=float("inf")))
    site.scans._latest = None
    site.scans.refresh()
    assert {each["dose_reserve"] for each in scans(local)["scans"]} == {None}


def test_notes(guarded: TestClient) -> None:
    log_in(guarded)
    site = guarded.app.state.site  # type: ignore[attr-defined]
    session = site.guard.sessions.read(guarded.cookies["ctiqa_session"])
    path = f"/api/v1/scans/{scans(guarded)['scans'][0]['scan']}/notes"
    note = {"note": "patient <b>moved</b>", "is_explained": True}
    assert guarded.post(path, json=note).status_code == 403
    csrf = {"X-CSRF-Token": site.guard.form_token(session.id)}
    answer = guarded.post(path, json=note, headers=csrf)
    assert answer.status_code == 201
    (written,) = answer.json()
    assert (written["author"], written["is_explained"]) == ("ann", True)
    assert guarded.get(path).json() == [written]
    assert guarded.post(path, json={"note": "x" * 1001}, headers=csrf).status_code == 422
    assert guarded.post(path, json={**note, "author": "bob"}, headers=csrf).status_code == 422


def test_a_reader_writes_no_notes(guarded: TestClient) -> None:
    log_in(guarded, "bob")
    path = f"/api/v1/scans/{scans(guarded)['scans'][0]['scan']}/notes"
    answer = guarded.post(path, json={"note": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "reviewers_only")


def test_without_users_programs_write_notes_and_browsers_need_the_token(local: TestClient) -> None:
    path = f"/api/v1/scans/{scans(local)['scans'][0]['scan']}/notes"
    assert local.post(path, json={"note": "x"}).status_code == 201
    assert local.post(path, json={"note": "x"}, headers=BROWSER).status_code == 403
    token = local.app.state.site.guard.form_token(LOCAL)  # type: ignore[attr-defined]
    headers = {**BROWSER, "X-CSRF-Token": token}
    assert local.post(path, json={"note": "x"}, headers=headers).status_code == 201


def test_health(local: TestClient, filled: Store, clock: Watch) -> None:
    assert local.get("/healthz").json() == {"ok": True}
    Health(filled, clock).tell("keeper", "works", started=clock.time, facts={"n": 1})
    assert local.get("/api/v1/health").json()["ok"]
    clock.move(seconds=SILENT_AFTER.total_seconds() + 1)
    assert not local.get("/api/v1/health").json()["ok"]
    down = local.get("/healthz")
    assert (down.status_code, down.json()) == (503, {"ok": False, "down": ["keeper"]})
    assert local.get("/readyz").status_code == 200
    Health(filled, clock).tell("keeper", "disk is full", started=clock.time, is_well=False)
    assert local.get("/healthz").json()["down"] == ["keeper"]
    assert "disk" not in local.get("/healthz").text


def test_probes_need_no_login(shared_guarded: TestClient) -> None:
    assert shared_guarded.get("/healthz").status_code == 200
    assert shared_guarded.get("/readyz").status_code == 200


def test_metrics(local: TestClient, filled: Store, clock: Watch) -> None:
    Health(filled, clock).tell("keeper", "works", started=clock.time, facts={"free bytes": 7})
    name = scans(local)["scans"][0]["scan"]
    local.get(f"/api/v1/scans/{name}")
    local.get("/no/such/page/at/all")
    local.post("/score")
    text = local.get("/metrics").text
    for line in (
        "ctiqa_scans 5.0",
        'ctiqa_jobs{state="waiting"} 0.0',
        'ctiqa_deliveries{state="failed"} 0.0',
        'ctiqa_part_up{part="keeper"} 1.0',
        'ctiqa_part_fact{fact="free_bytes",part="keeper"} 7.0',
        'ctiqa_web_requests_total{method="GET",route="/api/v1/scans/{scan}",status="200"} 1.0',
        'ctiqa_web_requests_total{method="GET",route="other",status="404"} 1.0',
        'ctiqa_web_request_seconds_count{route="/api/v1/scans"} 1.0',
        'ctiqa_web_uploads_total{outcome="wrong_type"} 1.0',
    ):
        assert line in text.splitlines(), line
    assert name not in text
    assert "1.2.826" not in text


def test_the_description_is_valid_openapi(shared_local: TestClient) -> None:
    document = shared_local.get("/api/openapi.json").json()
    validate(document)
    paths = document["paths"]
    assert {"/api/v1/scans", "/api/v1/scans/{scan}", "/score", "/metrics", "/healthz"} <= set(paths)
    assert "/login" not in paths
    for methods in paths.values():
        for operation in methods.values():
            assert operation["summary"]
            assert operation["description"]


def test_the_page_of_the_description_has_no_scripts(shared_local: TestClient) -> None:
    page = shared_local.get("/api").text
    assert "GET /api/v1/scans/{scan}" in page
    assert "<script" not in page
    assert "//" not in page.replace("</", "")


def test_the_audit_of_views(local: TestClient, tmp_path: Path) -> None:
    found = scans(local, where="protocol=Thorax")
    local.get(f"/api/v1/scans/{found['scans'][0]['scan']}")
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [each["action"] for each in lines] == ["api_scans", "api_scan"]
    assert lines[1]["series"] == found["scans"][0]["series"]
    assert {each["who"] for each in lines} == {LOCAL}
    assert "Thorax" not in (tmp_path / "audit.jsonl").read_text()


def test_the_audit_goes_on_in_a_new_file(local: TestClient, tmp_path: Path) -> None:
    scans(local)
    (tmp_path / "audit.jsonl").rename(tmp_path / "audit.1")
    scans(local)
    assert len((tmp_path / "audit.jsonl").read_text().splitlines()) == 1


def test_while_the_database_is_down_everything_says_so(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = True

    def opener(*args: Any, **kwargs: Any) -> Store:
        if down:
            raise OutputError("the store cannot be reached: password=secret")
        return open_store(*args, **kwargs)

    monkeypatch.setattr("ctiqa.web.app.open_store", opener)
    monkeypatch.setattr("ctiqa.web.reading.door.AGAIN_S", 0.0)
    with TestClient(make_app(configured(tmp_path)), base_url=BASE) as client:
        for path in ("/", "/api/v1/scans", "/api/v1/jobs", "/metrics"):
            answer = client.get(path)
            assert answer.status_code == 503, path
            assert "secret" not in answer.text
            assert answer.headers["retry-after"]
        assert client.get("/healthz").json() == {"ok": False, "down": ["database"]}
        assert client.get("/readyz").status_code == 503
        down = False
        client.app.state.site.scans.refresh()  # type: ignore[attr-defined]
        assert client.get("/api/v1/scans").json()["n"] == filled.scans().height
        assert client.get("/healthz").status_code == 200


def test_a_session_of_a_month_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"web\.session_hours"):
        configured(tmp_path, session_hours=timedelta(days=30).total_seconds() / 3600)
