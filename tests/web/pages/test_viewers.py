"""Who may see and do what: users with conditions, readers, and nobody."""

from __future__ import annotations

import json

import pytest
from tests.web.pages.made import Clinic, check_page, clock, scan_paths

from ctiqa.clinic.records.jobs import Jobs


def paths_of(clinic: Clinic) -> set[str]:
    """All scans that whoever has logged in is shown."""
    pages = (clinic.get(f"/scans?page={number}") for number in range(1, 5))
    return {path for text in pages for path in scan_paths(text)}


@pytest.mark.parametrize("path", ["/", "/trends", "/scans", "/health", "/protocol", "/scan/0"])
def test_without_login_there_is_nothing_to_see(guarded: Clinic, path: str) -> None:
    answer = guarded.client.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2F")
    assert answer.content == b""


def test_the_login_is_a_page(guarded: Clinic) -> None:
    check_page(guarded.get("/login"))
    assert guarded.log_in("ann", "wrong") == 401
    assert guarded.log_in("ann") == 303
    assert "ann, reviewer" in guarded.get("/")


def test_a_reader_looks_only(guarded: Clinic) -> None:
    assert guarded.log_in("rob") == 303
    path = guarded.scan()
    for page in ("/", path):
        text = guarded.get(page)
        assert "Try again" not in text
        assert "New note" not in text
    guarded.post(f"{path}/note", 403, note="x")
    guarded.post("/again/series", 403, series="1.2.999.0")
    assert (
        "only reviewers may do this" in guarded.post("/again/result", 403, series="1.2.3").lower()
    )


def test_a_viewer_sees_some_scans_only(guarded: Clinic) -> None:
    assert guarded.log_in("ann") == 303
    everything = paths_of(guarded)
    assert guarded.log_in("tom") == 303
    frame = guarded.store.scans()
    mine = paths_of(guarded)
    assert 0 < len(mine) == frame.filter(station="CT2").height < len(everything) == frame.height
    for path in list(everything - mine)[:5]:
        assert "may not see it" in guarded.get(path, 404)
        guarded.get(path.replace("/scan/", "/picture/") + "/slice.png", 404)
    text = guarded.get("/")
    assert "CT1" not in text
    assert "1.2.999" not in text
    assert "CT1" not in guarded.get("/scans")
    assert "CT1" not in guarded.get("/trends")
    assert "There are no scans" in guarded.get("/protocol?protocol=Thorax&scanner=CT1")


def test_a_view_is_written_down_with_its_series_and_nothing_else(own: Clinic) -> None:
    own.get(own.scan())
    lines = [json.loads(line) for line in own.config.web.audit_file.read_text().splitlines()]  # type: ignore[union-attr]
    [view] = [each for each in lines if each["action"] == "view_scan"]
    assert view["who"] == "local"
    assert view["series"] in own.store.scans()["series_uid"]
    assert set(view) == {"at", "action", "who", "address", "series"}


def test_what_is_tried_again_must_be_seen(guarded: Clinic) -> None:
    jobs = Jobs(guarded.store)
    assert guarded.log_in("ann") == 303
    guarded.post("/again/series", series="1.2.999.0")
    assert jobs.counts()["aside"] == 0


def test_what_parts_say_and_count_is_for_those_who_see_all(guarded: Clinic) -> None:
    secrets = ("PACS is down", "received 7", "Queue and delivery", "SQLite", "Disk of the spool")
    assert guarded.log_in("rob") == 303
    text = guarded.get("/health")
    assert [each for each in secrets if each not in text] == []
    assert guarded.log_in("tom") == 303
    for path in ("/", "/health"):
        text = guarded.get(path)
        assert [each for each in secrets if each in text] == []
        assert "You see some of the scans only." in text
        assert "has a problem" in text


def test_the_queue_of_a_viewer_is_that_of_the_own_scans(guarded: Clinic) -> None:
    mine, other = (
        guarded.store.scans().filter(station=name)["series_uid"][0] for name in ("CT2", "CT1")
    )
    jobs = Jobs(guarded.store, clock)
    for series in (mine, other):
        jobs.arrived(series, 3, source="CT", at=clock())
        jobs.close_quiet(clock())
        jobs.set_aside(series, reason="crashed", detail=f"what {series} says")
    assert guarded.log_in("tom") == 303
    text = guarded.get("/")
    assert f"What {mine} says." in text
    assert f"{other} says" not in text
    assert "1 series set aside" in text
    assert guarded.log_in("ann") == 303
    assert "3 series set aside" in guarded.get("/")
