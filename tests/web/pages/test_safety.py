"""Texts of headers, archives and reviewers stay texts, wherever they are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl
import pytest
from tests.web.pages.made import Clinic, check_page, clinic_of, elements, frame_of, scan_paths

TAG = "</script></textarea><script>alert(1)</script><img src=x onerror=alert(1)>"
"""Would run where a text is not escaped in an element."""

QUOTED = "\"'><svg onload=alert(1)> onfocus=alert(1) autofocus"
"""Would run where a text is not escaped in an attribute."""

TEMPLATE = "{{7*7}}${7*7}{%raw%}"
"""Would be computed where a text is taken for a template."""

ADDRESS = "javascript:alert(1)//../../etc/passwd?a=b&c=d#e"
"""Would run where a text is taken for an address."""

BIDI = "abc\u202etxt.exe\u2066\x1b[31m"
"""Would show another text than there is."""

EVIL = f" {TAG} {QUOTED} {TEMPLATE} {ADDRESS} {BIDI}"

TEXTS = (
    "protocol",
    "station",
    "manufacturer",
    "model",
    "description",
    "kernel",
    "body_part",
    "region",
    "scored_by",
    "series_uid",
    "content",
)
"""Columns with texts; all of a scan that a page shows."""


def hostile() -> pl.DataFrame:
    """Scans all of whose texts are hostile."""
    counts = json.dumps({EVIL: 3, f"artefact:{EVIL}": 2})
    evil = [(pl.col(name).fill_null("") + EVIL).alias(name) for name in TEXTS]
    lists = {"scan_flags": json.dumps([EVIL]), "warnings": json.dumps([EVIL])}
    texts = {**lists, "findings": counts, "flags": counts}
    return frame_of(150).with_columns(
        *evil, **{name: pl.lit(value) for name, value in texts.items()}
    )


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A dashboard of scans, jobs, deliveries and signs of life with hostile texts."""
    yield from clinic_of(tmp_path_factory.mktemp("evil"), hostile(), text=EVIL)


def check(text: str) -> None:
    """Nothing hostile has become an element, an attribute, a result or an address."""
    check_page(text)
    found = elements(text)
    assert not [facts for tag, facts in found if tag == "svg" and "onload" in facts]
    assert not [facts for tag, facts in found if tag == "img" and facts.get("src") == "x"]
    assert not [facts for _, facts in found if "onfocus" in facts]
    # The login has the only field that takes the focus.
    assert not [facts for _, facts in found if "autofocus" in facts]
    assert "$49" not in text
    assert not {"\u202e", "\u2066", "\x1b"} & {*text}


@pytest.mark.parametrize(
    "path",
    ["/", "/scans", "/scans?unexplained=yes", "/trends", "/health"],
)
def test_a_page_shows_hostile_texts_as_texts(evil: Clinic, path: str) -> None:
    text = evil.get(path)
    check(text)
    assert "{{7*7}}" in text


def test_a_scan_shows_hostile_texts_as_texts(evil: Clinic) -> None:
    path = next(scan_paths(evil.get("/scans")))
    evil.post(f"{path}/note", note=EVIL)
    text = evil.get(path)
    check(text)
    assert text.count("{{7*7}}") > len(TEXTS)


def test_a_protocol_shows_hostile_texts_as_texts(evil: Clinic) -> None:
    names = {"protocol": "Thorax" + EVIL, "scanner": "CT1" + EVIL}
    answer = evil.client.get("/protocol", params=names)
    assert answer.status_code in {200, 400}
    check(answer.text)


@pytest.mark.parametrize("key", ["protocol", "scanner", "region", "flag", "since", "sort", EVIL])
def test_an_address_is_shown_as_text(clinic: Clinic, key: str) -> None:
    for part in (TAG, QUOTED, TEMPLATE, ADDRESS, BIDI):
        check(clinic.client.get("/scans", params={key: part}).text)
        check(clinic.client.get("/trends", params={key: part}).text)
        check(clinic.client.get("/protocol", params={key: part}).text)


def test_a_failed_login_shows_nothing_of_what_was_typed(guarded: Clinic) -> None:
    answer = guarded.client.get("/login", params={"next": QUOTED})
    assert "onfocus" not in answer.text
    assert guarded.log_in(EVIL, EVIL) == 401


def test_a_path_that_is_hostile_leads_nowhere(clinic: Clinic) -> None:
    for part in ("%3Cscript%3E", "..%2f..%2fetc%2fpasswd", "%00", "%E2%80%AE"):
        for path in (f"/scan/{part}", f"/picture/{part}/slice.png", f"/static/{part}/site.css"):
            answer = clinic.client.get(path)
            assert answer.status_code == 404
            check(answer.text)
