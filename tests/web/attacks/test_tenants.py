"""What somebody who sees some scans learns of the others, on every page."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient
from tests.clinic.conftest import Watch
from tests.web.conftest import Site, log_in
from tests.web.made import user

from ctiqa.clinic.records.health import Health
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.store.store import Store

SENTENCE = "last problem: OTHERS at 10.0.0.9"

N_OTHERS = 4321


@pytest.fixture
def busy(filled: Store, clock: Watch) -> Store:
    """A store with work of others, and parts that speak of it."""
    for part, is_well in (("keeper", True), ("receiver", False)):
        facts = {"instances": float(N_OTHERS)}
        Health(filled, clock).tell(part, SENTENCE, started=clock(), is_well=is_well, facts=facts)
    for series in ("9.1", "9.2", "9.3"):
        Jobs(filled).arrived(series, N_OTHERS, source="OTHERS", at=clock())
    return filled


def page_of(client: TestClient, path: str) -> str:
    """A page without tags."""
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"<[^>]*>", " ", answer.text)


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("path", ["/", "/health", "/trends", "/scans"])
def test_pages_say_nothing_of_the_work_for_others(serve: Site, path: str) -> None:
    client = serve(users=[user("all", "reviewer"), user("two", "reviewer", "station=CT2*")])
    log_in(client, "two")
    text = page_of(client, path)
    assert "OTHERS" not in text
    assert "4,321" not in text
    assert str(N_OTHERS) not in text


@pytest.mark.usefixtures("busy")
def test_who_sees_all_scans_sees_what_a_tenant_does_not(serve: Site) -> None:
    client = serve(users=[user("all", "reviewer"), user("two", "reviewer", "station=CT2*")])
    log_in(client, "all")
    health = page_of(client, "/health")
    assert "OTHERS" in health
    assert "still arriving 3" in " ".join(health.split())
    client.cookies.clear()
    log_in(client, "two")
    assert "still arriving 3" not in " ".join(page_of(client, "/health").split())
