"""Programs: tokens, scopes, and what another tenant's token does not show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import USERS, Site, log_in
from tests.web.made import SCOPES, bearer, configured, tokens, user

from ctiqa.clinic.records.deliveries import NewDelivery, add_deliveries
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.errors import UsageError
from ctiqa.store.store import Store

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)

ROUTES = {
    "/api/v1/scans": "read",
    "/api/v1/jobs": "read",
    "/api/v1/deliveries": "read",
    "/api/v1/health": "read",
    "/api/v1/trends": "read",
    "/api/v1/limits": "read",
    "/metrics": "metrics",
}


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("name", ["reading", "scoring", "watching"])
def test_a_token_is_for_its_scope(shared_guarded: TestClient, path: str, name: str) -> None:
    status = shared_guarded.get(path, headers=bearer(name)).status_code
    assert status == (200 if SCOPES[name] == ROUTES[path] else 403)


@pytest.mark.parametrize(
    "header",
    ["Bearer wrong", "Bearer ", "Bearer", "Basic dG9rZW4=", "", "token-of-reading",
     "Bearer " + "x" * 5000],
)  # fmt: skip
@pytest.mark.parametrize("path", ROUTES)
def test_a_wrong_token(shared_guarded: TestClient, path: str, header: str) -> None:
    assert shared_guarded.get(path, headers={"Authorization": header}).status_code == 401


def test_a_wrong_token_is_not_replaced_by_a_session(guarded: TestClient) -> None:
    log_in(guarded)
    assert guarded.get("/api/v1/scans").status_code == 200
    assert guarded.get("/api/v1/scans", headers=bearer("wrong")).status_code == 401


def test_a_session_may_not_score_and_not_read_metrics(guarded: TestClient) -> None:
    log_in(guarded)
    assert guarded.get("/metrics").status_code == 401
    assert guarded.post("/score").status_code == 401


def test_a_token_opens_no_page_and_writes_no_note(guarded: TestClient) -> None:
    assert guarded.get("/", headers=bearer("reading")).status_code == 303
    name = names(guarded, "reading")[0]
    note = guarded.post(
        f"/api/v1/scans/{name}/notes", headers=bearer("reading"), json={"note": "x"}
    )
    assert (note.status_code, note.json()["code"]) == (403, "reviewers_only")


def names(client: TestClient, token: str) -> list[str]:
    """Names of the scans that a token shows."""
    found = client.get("/api/v1/scans", headers=bearer(token)).json()
    return [each["scan"] for each in found["scans"]]


def test_another_tenant_sees_no_list_and_no_scan(shared_guarded: TestClient) -> None:
    everything, theirs = names(shared_guarded, "reading"), names(shared_guarded, "tenant")
    assert len(everything) == 5
    assert len(theirs) == 2
    listed = shared_guarded.get("/api/v1/scans", headers=bearer("tenant")).json()
    assert listed["n"] == 2
    assert {each["station"] for each in listed["scans"]} == {"CT2", "CT2b"}
    for name in everything:
        for path in (f"/api/v1/scans/{name}", f"/api/v1/scans/{name}/notes"):
            status = shared_guarded.get(path, headers=bearer("tenant")).status_code
            assert status == (200 if name in theirs else 404)


def test_a_scan_of_others_is_like_one_that_is_not(shared_guarded: TestClient) -> None:
    other = next(
        n for n in names(shared_guarded, "reading") if n not in names(shared_guarded, "tenant")
    )
    answers = [
        shared_guarded.get(f"/api/v1/scans/{name}", headers=bearer("tenant")).json()
        for name in (other, "0" * 32)
    ]
    for answer, name in zip(answers, (other, "0" * 32), strict=True):
        assert answer.pop("value") == name
    assert answers[0] == answers[1]


@pytest.mark.parametrize("condition", ["station=CT1", "station!=CT2", "station=*", "score>=0"])
def test_conditions_do_not_widen_what_a_tenant_sees(
    shared_guarded: TestClient, condition: str
) -> None:
    found = shared_guarded.get(
        "/api/v1/scans", params={"where": condition}, headers=bearer("tenant")
    ).json()
    assert {each["station"] for each in found["scans"]} <= {"CT2", "CT2b"}


def test_a_cursor_of_others_is_refused(shared_guarded: TestClient) -> None:
    other = next(
        n for n in names(shared_guarded, "reading") if n not in names(shared_guarded, "tenant")
    )
    answer = shared_guarded.get("/api/v1/scans", params={"cursor": other}, headers=bearer("tenant"))
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_cursor")


def test_another_tenant_sees_no_queue_no_numbers_and_no_trends(
    guarded: TestClient, filled: Store
) -> None:
    for series in ("1.2.826.0.1.1", "1.2.826.0.1.3", "9.9"):
        Jobs(filled).arrived(series, 2, source="PACS", at=NOW)
        with filled.writing() as connection:
            new = NewDelivery("pacs", "sr", f"{series}.dcm")
            add_deliveries(connection, series, [new], NOW)
    Health(filled).tell("keeper", "3 series wait", started=NOW, facts={"waiting": 3})

    def asked(path: str, token: str) -> Any:
        return guarded.get(f"/api/v1/{path}", headers=bearer(token)).json()

    assert asked("jobs?state=open", "reading")["counts"]["open"] == 3
    jobs = asked("jobs?state=open", "tenant")
    assert jobs["counts"]["open"] == 1
    assert [each["series"] for each in jobs["jobs"]] == ["1.2.826.0.1.3"]
    assert asked("deliveries", "reading")["counts"]["waiting"] == 3
    deliveries = asked("deliveries", "tenant")
    assert deliveries["counts"]["waiting"] == 1
    assert [each["series"] for each in deliveries["deliveries"]] == ["1.2.826.0.1.3"]
    assert asked("health", "reading")["parts"][0]["facts"] == {"waiting": 3}
    part = asked("health", "tenant")["parts"][0]
    assert (part["part"], part["facts"], part["sentence"]) == ("keeper", {}, "")


def test_trends_are_those_of_the_tenant(guarded: TestClient) -> None:
    scans = guarded.app.state.site.scans  # type: ignore[attr-defined]
    scans.close()
    scans._courses._thread = None
    for token, scanners in (("reading", {"CT1", "CT2", "CT2b"}), ("tenant", {"CT2", "CT2b"})):
        for _ in range(2):
            found = guarded.get("/api/v1/trends", headers=bearer(token)).json()
        assert {each["scanner"] for each in found["groups"]} == scanners


def test_a_user_sees_what_the_conditions_say(guarded: TestClient) -> None:
    log_in(guarded, "two")
    assert guarded.get("/api/v1/scans").json()["n"] == 2


def test_the_configuration_refuses_wrong_conditions(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="there is no key 'statoin'; did you mean 'station'"):
        configured(tmp_path, users=[user("ann", "reader", "statoin=CT1")])


def test_metrics_and_scores_are_free_on_this_computer_alone(local: TestClient, serve: Site) -> None:
    assert local.get("/metrics").status_code == 200
    assert local.post("/score").status_code == 415
    guarded = serve(users=USERS, tokens=tokens())
    assert guarded.get("/metrics").status_code == 401
    assert guarded.post("/score").status_code == 401
