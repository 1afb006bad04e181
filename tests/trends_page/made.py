"""Trends and pages made for the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from tests.html_page import Page, read_page
from tests.trends.made import PROTOCOLS, Change, archive

from ctiqa.trends import Trends, trends
from ctiqa.trends.page import trends_page

HOSTILE = "</script><img src=x onerror=alert(1)>"
"""A protocol that would be an image, and run a script, on a page that did not escape it."""

SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
ICON = '<link rel="icon" href="data:,">'

HALF_DOSE = Change(15, 17, dose=0.4, protocol="Thorax")


@cache
def made(n: int = 600, weeks: int = 20) -> Trends:
    """Trends of an archive with outliers, and weeks in which a protocol had less dose."""
    return trends(archive(n, weeks=weeks, outliers=0.02, changes=[HALF_DOSE]))


@cache
def page(n: int = 600) -> str:
    """The page of these trends."""
    return trends_page(made(n))


@cache
def hostile() -> Trends:
    """Trends of an archive with a protocol that tries to leave its place in the page."""
    protocols = (replace(PROTOCOLS[0], name=HOSTILE), *PROTOCOLS[1:3])
    scanners = ((HOSTILE, "Maker", "Scan"), ("CT2", "Maker", "Scan"))
    frame = archive(300, weeks=20, protocols=protocols, scanners=scanners, outliers=0.05)
    return trends(frame)


def scripts(text: str) -> list[tuple[str, str]]:
    """Attributes and content of the scripts of a page."""
    return SCRIPT.findall(text)


def read_scripted(text: str) -> Page:
    """What a page consists of besides scripts; checked like the pages that have none."""
    rest, found = POLICY.subn("", SCRIPT.sub("", text))
    assert found == 1
    assert ICON in rest
    return read_page(rest.replace(ICON, ""))


def texts_of(text: str, tag: str) -> Iterator[str]:
    """Texts of all elements of a kind, with the elements within."""
    yield from re.findall(rf"<{tag}(?: [^>]*)?>(.*?)</{tag}>", text, re.DOTALL)
