"""Every page: of an empty store, and of one with scans; each link leads somewhere."""

from __future__ import annotations

import re
from html import unescape

import pytest
from starlette.requests import Request
from tests.web.pages.made import Clinic, check_page

from ctiqa.web.pages import problem_page
from ctiqa.web.problems import Problem

PATHS = (
    "/",
    "/?day=2026-11-25",
    "/?refresh=off",
    "/trends",
    "/trends?protocol=Thorax&scanner=CT1&since=2026-10-01&until=2026-11-01",
    "/scans",
    "/scans?protocol=Thorax&below=2.5&sort=score&order=up&page=2",
    "/scans?unexplained=yes",
    "/protocol?protocol=Thorax&scanner=CT1",
    "/health",
)

LINK = re.compile(r'(?:href|src)="(/[^"]*)"')

FETCHED = re.compile(r'<(?:script|link)[^>]*(?:src|href)="([^"]*)"')


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_an_empty_store(empty: Clinic, path: str) -> None:
    check_page(empty.get(path))


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_a_clinic(clinic: Clinic, path: str) -> None:
    text = clinic.get(path)
    page = check_page(text)
    assert page.counts["main"] == page.counts["header"] == page.counts["footer"] == 1
    assert "For research use only" in text
    assert 'href="#content"' in text
    assert 'id="content"' in text


def test_every_link_of_every_page_leads_to_a_page(clinic: Clinic) -> None:
    links = {
        unescape(link).partition("#")[0]
        for path in (*PATHS, clinic.scan())
        for link in LINK.findall(clinic.get(path))
    }
    # Of the lists a few are enough.
    lists = sorted(each for each in links if each.startswith(("/scan/", "/scans?", "/protocol?")))
    for link in sorted({*links} - {*lists}) + lists[::15]:
        assert clinic.client.get(link).status_code == 200, link


def test_pages_without_charts_to_play_with_are_small(clinic: Clinic) -> None:
    paths = [path for path in PATHS if not path.startswith("/trends")]
    for path in (*paths, clinic.scan()):
        assert len(clinic.get(path).encode()) < 100_000, path


def test_nothing_is_fetched_but_the_own_files(clinic: Clinic) -> None:
    for path in ("/", "/trends"):
        found = [each for each in FETCHED.findall(clinic.get(path)) if each != "data:,"]
        assert found
        assert all(re.fullmatch(r"/static/[0-9a-f]{16}/[a-z]+\.(css|js)", each) for each in found)


def test_a_file_is_sent_once(clinic: Clinic) -> None:
    path = next(each for each in FETCHED.findall(clinic.get("/")) if each.endswith(".css"))
    first = clinic.client.get(path)
    assert first.headers["content-type"].startswith("text/css")
    again = clinic.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert clinic.client.get("/static/0123456789abcdef/site.css").status_code == 404


def test_style_sheets_hold_no_escaped_characters(clinic: Clinic) -> None:
    path = next(each for each in FETCHED.findall(clinic.get("/")) if each.endswith(".css"))
    style = clinic.get(path)
    assert "&" not in style
    assert style.count("{") == style.count("}")
    assert "http" not in style
    assert "url(" not in style


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing", 404, "Not found"),
        ("/scan/0123456789abcdef0123456789abcdef", 404, "there is no such scan"),
        ("/scan/%2e%2e%2f%2e%2e", 404, "Not found"),
        ("/picture/0123456789abcdef0123456789abcdef/slice.png", 404, "there is no such scan"),
        ("/scans?page=0", 400, "must be the number of a page"),
        ("/scans?page=1e3", 400, "must be the number of a page"),
        ("/scans?below=nan", 400, "must be a number from 0 to 4"),
        ("/scans?since=2026-13-01", 400, "must be a day"),
        ("/scans?since=2026-02-01&until=2026-01-01", 400, "must not be before"),
        ("/scans?sort=id", 400, "must be one of"),
        ("/scans?order=sideways", 400, "must be one of"),
        ("/scans?where=1", 400, "is not a condition of this page"),
        ("/scans?unexplained=1", 400, "must be"),
        ("/scans?protocol=" + "x" * 300, 400, "at most 200 characters"),
        ("/trends?below=2", 400, "is not a condition of this page"),
        ("/?day=yesterday", 400, "must be a day"),
        ("/?days=3", 400, "is not a condition of this page"),
    ],
)
def test_what_cannot_be_shown_is_explained(
    clinic: Clinic, path: str, status: int, words: str
) -> None:
    text = clinic.get(path, status)
    check_page(text)
    assert words.lower() in unescape(text).lower()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_problem_has_a_page(status: int, method: str) -> None:
    request = Request({"type": "http", "method": method})
    headers = {"Retry-After": "7"}
    answer = problem_page(request, Problem(status, "code", "rule", "remedy", headers=headers))
    text = bytes(answer.body).decode()
    check_page(text)
    assert answer.status_code == status
    assert "Rule." in text
    assert "What to do: remedy." in text
    # Only what passes by itself is asked for again by itself.
    assert ('content="7"' in text) == (status == 503 and method == "GET")


def test_texts_of_addresses_are_compared_not_executed(clinic: Clinic) -> None:
    for text in ("' OR 1=1 --", '"; DROP TABLE scans; --', "Thorax*", "%", ".*"):
        answer = clinic.client.get("/scans", params={"protocol": text})
        assert answer.status_code == 200
        assert "0 scans" in answer.text
    assert "400 scans" in clinic.get("/scans")
