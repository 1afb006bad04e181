"""The dashboard in a browser: log in, filter, open a scan, mark it; phone, dark, keyboard."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from tests.trends_page.conftest import browser as browser  # noqa: PLC0414 - a fixture
from tests.web.pages.conftest import USERS
from tests.web.pages.made import PASSWORD, Clinic, clinic_of, clock, frame_of

from ctiqa.web.app import make_app

OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"

PAPER = "getComputedStyle(document.documentElement).backgroundColor"

PATHS = ("/", "/trends", "/scans", "/protocol?protocol=Thorax&scanner=CT1", "/health", "/nothing")

Open = Callable[..., Any]
"""Opens a browser on the site; keywords are options of its context."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dashboard with users, served on loopback."""
    for clinic in clinic_of(tmp_path_factory.mktemp("site"), frame_of(200), users=USERS):
        yield from served(clinic)


def served(clinic: Clinic) -> Iterator[str]:
    """Address at which a dashboard is served."""
    app = make_app(clinic.config, store=clinic.store, now=clock)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        sockets = {"sockets": [listening]}
        thread = threading.Thread(target=server.run, kwargs=sockets, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def show(browser: Any, site: str) -> Iterator[Open]:
    """Opens a page; fails if it asks for anything elsewhere, or if its script complains."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def opened(path: str = "/login", *, width: int = 1280, **options: Any) -> Any:
        options = {"viewport": {"width": width, "height": 900}, "base_url": site, **options}
        context = browser.new_context(**options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda each: complaints.append(each.text) if is_wrong(each) else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda each: asked(each.url))
        tab.goto(path)
        return tab

    def asked(url: str) -> None:
        if not url.startswith((f"{site}/", "data:")):
            complaints.append(url)

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def is_wrong(message: Any) -> bool:
    """Whether a message of the console is an error; a page that is not there is none."""
    return bool(message.type == "error") and "404" not in message.text


def log_in(tab: Any, name: str = "ann") -> None:
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    tab.get_by_role("heading", level=1, name="Today").wait_for()


def computed(tab: Any) -> None:
    """Wait for the trends, which are computed in the background."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        tab.goto("/trends")
        if tab.locator("#attention").count():
            return
        time.sleep(0.2)
    raise AssertionError("no trends")


def test_log_in_filter_open_mark_and_log_out(show: Open) -> None:
    tab = show("/scans")
    assert "/login" in tab.url
    log_in_to_scans(tab)
    computed(tab)
    tab.goto("/scans")
    tab.get_by_role("combobox", name="Protocol", exact=True).select_option("Thorax")
    tab.get_by_label("Unexplained outliers only").check()
    tab.get_by_role("button", name="Show").click()
    assert "protocol=Thorax" in tab.url
    names = tab.locator(".scans tbody th a")
    before = names.count()
    assert before > 0
    assert set(names.all_inner_texts()) == {"Thorax"}
    names.first.click()
    tab.get_by_label("New note").fill("a phantom")
    tab.get_by_label("What is unusual is explained").check()
    tab.get_by_role("button", name="Write the note").click()
    assert tab.get_by_role("status").inner_text() == "The note is written."
    assert "a phantom" in tab.locator(".notes").inner_text()
    tab.goto("/scans?protocol=Thorax&unexplained=yes")
    assert tab.locator(".scans tbody th a").count() == before - 1
    tab.get_by_role("button", name="Log out").click()
    tab.goto("/scans")
    assert "/login" in tab.url


def log_in_to_scans(tab: Any) -> None:
    """The login leads to the page that was asked for."""
    tab.get_by_label("Name").fill("ann")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    tab.get_by_role("heading", level=1, name="Scans").wait_for()


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_page_is_wider_than_the_window(show: Open, width: int) -> None:
    tab = show(width=width)
    assert tab.evaluate(OVERFLOW) <= 0
    log_in(tab)
    computed(tab)
    scan = first_scan(tab)
    for path in (*PATHS, scan):
        tab.goto(path)
        assert tab.evaluate(OVERFLOW) <= 0, path


def first_scan(tab: Any) -> str:
    tab.goto("/scans")
    found: str = tab.locator(".scans tbody th a").first.get_attribute("href")
    return found


def test_pages_are_dark_where_the_screen_is(show: Open) -> None:
    light = show(color_scheme="light").evaluate(PAPER)
    dark = show(color_scheme="dark").evaluate(PAPER)
    assert light == "rgb(255, 255, 255)"
    assert sum(map(int, dark.removeprefix("rgb(").removesuffix(")").split(","))) < 120


def test_the_keyboard_is_enough(show: Open) -> None:
    tab = show()
    # The first field has the focus already.
    tab.keyboard.type("ann")
    tab.keyboard.press("Tab")
    tab.keyboard.type(PASSWORD)
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", level=1, name="Today").wait_for()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"
    tab.goto("/scans")
    reached = [focused(tab) for _ in range(40)]
    assert {"Today", "Trends", "Show", "Log out"} <= {each[0] for each in reached}
    assert [each for each, outlined in reached if not outlined] == []


def focused(tab: Any) -> tuple[str, bool]:
    """Text of what the next Tab leads to, and whether the focus is seen."""
    tab.keyboard.press("Tab")
    found = tab.evaluate(
        "[document.activeElement.textContent.trim() || document.activeElement.outerHTML,"
        " getComputedStyle(document.activeElement).outlineStyle]"
    )
    return found[0], found[1] != "none"


def test_charts_of_trends_are_drawn_and_filtered(show: Open) -> None:
    tab = show()
    log_in(tab)
    computed(tab)
    assert tab.locator("#scatters canvas").count() == 6
    tab.get_by_role("combobox", name="Protocol", exact=True).select_option("Head")
    tab.get_by_role("combobox", name="Scanner", exact=True).select_option("CT1")
    tab.get_by_role("button", name="Show", exact=True).click()
    assert "protocol=Head&scanner=CT1" in tab.url
    rows = tab.locator("#groups tbody tr")
    assert rows.count() == 1
    assert "Head" in rows.first.inner_text()


def test_pages_work_without_scripts(show: Open) -> None:
    tab = show(java_script_enabled=False)
    log_in(tab)
    computed(tab)
    assert tab.locator("noscript svg.control").count() > 0
    tab.goto(first_scan(tab))
    assert tab.get_by_role("heading", name="Score along z").is_visible()


def test_a_page_that_somebody_works_on_is_not_loaded_again(show: Open) -> None:
    tab = show()
    log_in(tab)
    # Time goes sixty times faster, and the marker is gone once the page is loaded again.
    tab.add_init_script("const slow = setInterval; setInterval = (f, ms) => slow(f, ms / 60)")
    tab.goto("/")
    tab.evaluate("window.marker = 1")
    tab.get_by_role("textbox", name="Day").focus()
    tab.wait_for_timeout(2500)
    assert tab.evaluate("window.marker") == 1
    with tab.expect_navigation(timeout=20_000):
        tab.evaluate("document.activeElement.blur()")


def test_a_page_can_be_printed(show: Open) -> None:
    tab = show()
    log_in(tab)
    tab.emulate_media(media="print")
    assert not tab.get_by_role("button", name="Log out").is_visible()
    assert tab.get_by_role("heading", level=1).is_visible()
