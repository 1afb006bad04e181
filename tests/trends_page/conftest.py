"""A browser for the tests of the page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.trends_page.made import page

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Open = Callable[..., Any]
"""Opens a page in a browser; keywords are options of the browser's context."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a page; fails if it asks for anything else, or if its script complains."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def opened(text: str = "", *, width: int = 1280, **options: Any) -> Any:
        file = tmp_path / "trends.html"
        file.write_text(text or page(), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", heard)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", answered)
        tab.on("request", lambda request: asked(request.url, file))
        tab.goto(file.as_uri())
        return tab

    def heard(message: Any) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def answered(dialog: Any) -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    def asked(url: str, file: Path) -> None:
        if url != file.as_uri() and not url.startswith("data:"):
            complaints.append(url)

    yield opened
    for context in contexts:
        context.close()
    assert not complaints
