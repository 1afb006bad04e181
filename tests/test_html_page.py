"""The page reader that the tests use refuses broken pages."""

from __future__ import annotations

import pytest
from tests.html_page import EVIL, PICTURE, read_page

GOOD = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Page</title></head><body>
<h1>Title</h1><nav><a href="#one">One</a></nav>
<section aria-labelledby="one two"><h2 id="one">One</h2><h3 id="two">Two</h3></section>
<h2>Three</h2><p>Text<br>more</p><img src="{PICTURE}http" alt="A slice">
<svg role="img"><title>Chart</title><line x1="0"/><path d="M0,0"></path></svg>
</body></html>"""

BROKEN = {
    "an element that is never closed": ("</body></html>", "", "never closed"),
    "an element closed too early": ("<p>Text<br>more</p>", "<p><b>Text</p></b>", "within"),
    "an element closed twice": ("</html>", "</html></html>", "within"),
    "a void element that is closed": ("<br>", "<br></br>", "within"),
    "a self-closed element outside a drawing": ("<br>", "<div/>", "only within svg"),
    "a duplicate id": ('id="two"', 'id="one"', "not unique: .'one'"),
    "a dead link": ("#one", "#gone", "do not exist: .'gone'"),
    "a dead label": ("one two", "one gone", "do not exist: .'gone'"),
    "an image without alt": (' alt="A slice"', "", "without alt"),
    "an image with an empty alt": ("A slice", "", "without alt"),
    "no heading of level 1": ("<h1>Title</h1>", "", "headings"),
    "two headings of level 1": ("<h2>Three</h2>", "<h1>Three</h1>", "headings"),
    "a skipped heading level": ('<h3 id="two">Two</h3>', '<h4 id="two">Two</h4>', "headings"),
    "a link to another page": ("#one", "other.html", "out of the page"),
    "a picture in another file": (PICTURE, "picture.png", "not embedded"),
    "a picture on another machine": (PICTURE, "//example.org/", "not embedded"),
    "an address": ("Text", "http://example.org", "script or web address"),
    "an imported style": ("Text", "<style>@import 'a.css';</style>", "script or web address"),
    "a font file": ("Text", "<style>p {src: url(a.woff)}</style>", "script or web address"),
    "a style sheet": ("<title>Page", '<link rel="stylesheet"><title>Page', "script or web address"),
    "a script": ("Text", EVIL, "script or web address"),
}


def test_what_a_page_consists_of() -> None:
    page = read_page(GOOD)
    assert page.ids == ["one", "two"]
    assert page.links == ["#one"]
    assert page.labelled_by == ["one", "two"]
    assert page.headings == [1, 2, 3, 2]
    assert page.images == [{"src": f"{PICTURE}http", "alt": "A slice"}]
    assert page.sources == [f"{PICTURE}http"]
    assert page.charts == 1
    assert (page.counts["h2"], page.counts["title"], page.counts["table"]) == (2, 2, 0)


@pytest.mark.parametrize(("old", "new", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_page_is_refused(old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(AssertionError, match=message):
        read_page(GOOD.replace(old, new))


def test_a_truncated_page_is_refused() -> None:
    for end in range(len(GOOD)):
        with pytest.raises(AssertionError):
            read_page(GOOD[:end])
