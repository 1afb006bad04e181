"""A clinic made for the tests of the pages: scans of some weeks, a queue, deliveries, notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
from argon2 import PasswordHasher
from sqlalchemy import insert, select
from starlette.testclient import TestClient
from tests.html_page import Page
from tests.trends.made import MONDAY, Change, archive
from tests.trends_output.stored import store_of

from ctiqa.clinic.config import Config
from ctiqa.clinic.records.deliveries import Deliveries, NewDelivery
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.clinic.records.notes import Notes
from ctiqa.store import Store
from ctiqa.store.database.tables import scans, slices
from ctiqa.web.app import make_app

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)

WEEKS = 16

HALF_DOSE = Change(WEEKS - 2, WEEKS - 1, dose=0.4, protocol="Thorax")

PASSWORD = "correct horse"  # noqa: S105

FLAGGED = 7
"""Scans at the top of the scale."""

LEASE = timedelta(minutes=5)

LIMITS = '[[limits]]\nprotocol = "Low-dose*"\nleast_score = 2.5\n'

CSRF = re.compile(r'name="csrf" value="([^"]+)"')

OWN_ADDRESS = re.compile(r"/(?!/)[^\\]*|data:,|#[\w-]+")
"""Addresses that stay on the site."""


def frame_of(n: int = 400, **facts: Any) -> pl.DataFrame:
    """Scans of some weeks before :data:`NOW`; the last of them were stored today."""
    found = archive(n, weeks=WEEKS, changes=[HALF_DOSE], outliers=0.02, **facts)
    first = (NOW - timedelta(weeks=WEEKS)).date()
    days, n = first - MONDAY, found.height
    stored = [NOW - timedelta(minutes=20 * (n - place)) for place in range(n)]
    return found.with_columns(
        study_day=pl.col("study_day") + days,
        scan_flags=pl.Series(['["saturated"]' if place < FLAGGED else "[]" for place in range(n)]),
        stored=pl.Series(stored, dtype=pl.Datetime("us", "UTC")),
    )


def clock() -> datetime:
    """The time of all tests of pages."""
    return NOW


def fill(store: Store, *, text: str = "") -> None:
    """Queue, deliveries, notes and signs of life; ``text`` is added to every free text."""
    _add_slices(store)
    jobs, names = Jobs(store, clock), [f"1.2.999.{number}" for number in range(4)]
    for name in names:
        jobs.arrived(name, 30, source=f"CT1{text}", at=NOW - timedelta(minutes=5))
    jobs.close_quiet(NOW)
    jobs.set_aside(names[0], reason="crashed", detail=f"scoring ended the process 3 times{text}")
    done = jobs.lease("scorer-1", LEASE, most_tries=3)
    assert done is not None
    files = [NewDelivery(f"PACS{text}", "sr", f"{place}.dcm") for place in "ab"]
    jobs.finish(done, files, reason="no_scan", detail=f"only localizers{text}")
    jobs.lease("scorer-1", LEASE, most_tries=3)
    deliveries = Deliveries(store, clock)
    first, second = deliveries.due()
    deliveries.failed(first, f"the archive refused it{text}")
    deliveries.postponed(second, f"no connection{text}", NOW + timedelta(minutes=5))
    health = Health(store, clock)
    for part in ("receiver", "keeper", "scorer-1"):
        health.tell(part, f"works{text}", started=NOW - timedelta(days=3), facts={"received": 7})
    health.tell("sender", f"PACS is down{text}", started=NOW - timedelta(hours=2), is_well=False)


def _add_slices(store: Store, most: int = 40) -> None:
    """Slices of the newest scans."""
    with store.writing() as connection:
        newest = select(scans.c.id, scans.c.score).order_by(scans.c.stored.desc()).limit(most)
        rows = [
            slice_row(scan, number, score)
            for scan, score in connection.execute(newest).all()
            for number in range(30)
        ]
        connection.execute(insert(slices), rows)


def slice_row(scan: int, number: int, score: float) -> dict[str, Any]:
    """A slice; the first one shows a limb and has no score."""
    known = number > 0
    value = min(max(score + 0.02 * (number - 15), 0.0), 4.0) if known else None
    return {
        "scan": scan,
        "number": number,
        "z_mm": 3.0 * number,
        "score": value,
        "low": None if value is None else max(value - 0.4, 0.0),
        "high": None if value is None else min(value + 0.4, 4.0),
        "equivalent_noise_hu": 20.0 if known else None,
        "dose_reserve": 0.5 if known else None,
        "region": "chest" if known else "limb",
        "findings": "metal" if number == 5 else "",
        "flags": "artefact:metal" if number == 5 else "" if known else "region",
    }


@dataclass
class Clinic:
    """A dashboard with its store.

    Attributes:
        store: The store.
        config: The configuration.
        client: A browser without a screen, whose address is that of the site.
    """

    store: Store
    config: Config
    client: TestClient

    def get(self, path: str, status: int = 200) -> str:
        """The text of a page."""
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, status: int = 303, **fields: str) -> str:
        """Send a form; with its token unless there is one among the fields."""
        token = CSRF.search(self.get("/scans")) or CSRF.search(self.get(self.scan()))
        known = {"csrf": token[1]} if token else {}
        answer = self.client.post(path, data=known | fields, follow_redirects=False)
        assert answer.status_code == status, answer.text
        return answer.headers.get("location", answer.text)

    def scan(self, query: str = "") -> str:
        """Path of the page of the first scan of a list."""
        return next(scan_paths(self.get(f"/scans{query}")))

    def log_in(self, name: str, password: str = PASSWORD) -> int:
        """Log in as one of the users, with a new browser; the status of the answer."""
        self.client.cookies.clear()
        found = CSRF.search(self.client.get("/login").text)
        assert found
        form = {"csrf": found[1], "name": name, "password": password, "next": "/"}
        return self.client.post("/login", data=form, follow_redirects=False).status_code


def clinic_of(
    folder: Path, frame: pl.DataFrame, *, text: str | None = "", users: Iterable[Any] = ()
) -> Iterator[Clinic]:
    """A dashboard of some scans; without ``text`` there is nothing besides the scans."""
    limits = folder / "limits.toml"
    limits.write_text(LIMITS, encoding="utf-8")
    config = Config.model_validate(
        {
            "spool": {"folder": str(folder / "spool")},
            "watch": {"limits": str(limits)},
            "web": {
                "audit_file": str(folder / "audit.jsonl"),
                "secret_file": str(folder / "web.key"),
                "users": list(users),
            },
        }
    )
    (folder / "spool" / "series").mkdir(parents=True)
    with store_of(frame, folder / "ct.sqlite") as store:
        if text is not None:
            fill(store, text=text)
        app = make_app(config, store=store, now=clock)
        yield Clinic(store, config, TestClient(app, base_url="http://127.0.0.1:8080"))


def user(name: str, role: str = "reader", where: tuple[str, ...] = ()) -> dict[str, Any]:
    """A user whose password is :data:`PASSWORD`."""
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    return {"name": name, "password": hashed, "role": role, "where": list(where)}


def scan_paths(text: str) -> Iterator[str]:
    """Paths of the scans that a page leads to."""
    return (each[0] for each in re.finditer(r"/scan/[0-9a-f]{32}", text))


def check_page(text: str) -> Page:
    """A page that is well-formed, accessible, and asks for nothing from elsewhere."""
    page = Page(text)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps), page.headings
    assert len(set(page.ids)) == len(page.ids), page.ids
    assert {*page.labelled_by} <= {*page.ids}
    assert all(image.get("alt") for image in page.images)
    assert 'lang="en"' in text
    for tag, facts in elements(text):
        check_element(tag, facts)
    return page


def check_element(tag: str, facts: dict[str, str]) -> None:
    """An element runs nothing, has no style of its own, and leads nowhere else."""
    assert tag not in {"style", "base", "iframe", "object", "embed"}
    assert not [name for name in facts if name.startswith("on") or name in {"style", "srcdoc"}]
    for name in ("href", "src", "action", "formaction"):
        assert OWN_ADDRESS.fullmatch(facts.get(name, "/")), facts
    if tag == "script":
        assert facts.get("src") or facts.get("type") == "application/json"


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def elements(text: str) -> list[tuple[str, dict[str, str]]]:
    """Elements of a page with their attributes."""
    return _Elements(text).found


def notes_of(store: Store) -> Notes:
    """The notes of a store, at the time of the tests."""
    return Notes(store, clock)
