"""Relative links of Markdown pages, and where they lead on the site.

In the repository a page may link to any file; the site has pages only. A link to a file that is no
page of ``docs/`` leads to a page made of that file. A link to a file that does not exist is left as
it is, so that the build and the tests name it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

AT_ROOT: Mapping[str, str] = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Pages of the site that are made of other files, by their place in the repository."""

_LINK = re.compile(r"(?<=\]\()(?P<target>[^()\s]+)(?=\))")
_CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)[ ]*$|(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Link:
    """One relative link.

    Attributes:
        file: What it leads to, relative to the repository, ``/`` between folders.
        anchor: What stands behind ``#``; empty where nothing does.
    """

    file: str
    anchor: str


def relative_links(text: str, place: str) -> Iterator[Link]:
    """Links of a page to the repository; code, addresses and mail are left out.

    Args:
        text: The page as Markdown.
        place: Its file, relative to the repository.

    >>> list(relative_links("[a](b.md#c) `[x](y)` [d](https://example.org)", "docs/a.md"))
    [Link(file='docs/b.md', anchor='c')]
    """
    found: list[Link] = []

    def collect(link: Link) -> str:
        found.append(link)
        return ""

    replace_links(text, place, collect)
    yield from found


def replace_links(text: str, place: str, target_of: Callable[[Link], str]) -> str:
    """The page with another target for every relative link.

    Args:
        text: The page as Markdown.
        place: Its file, relative to the repository.
        target_of: The new target; an empty one leaves the link as it is.

    >>> replace_links("[a](../b.toml) `[x](y)`", "docs/a.md", lambda link: link.file.upper())
    '[a](B.TOML) `[x](y)`'
    """

    def replace(match: re.Match[str]) -> str:
        target = match["target"]
        if ":" in target:
            return target
        path, _, anchor = target.partition("#")
        folder = posixpath.dirname(place)
        file = posixpath.normpath(posixpath.join(folder, path)) if path else place
        return target_of(Link(file, anchor)) or target

    return outside_code(text, lambda prose: _LINK.sub(replace, prose))


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The page with its prose changed and its code as it was.

    >>> outside_code("a `a` a", str.upper)
    'A `a` A'
    """
    parts: list[str] = []
    end = 0
    for code in _CODE.finditer(text):
        parts += change(text[end : code.start()]), code.group()
        end = code.end()
    return "".join(parts) + change(text[end:])


def page_of(file: str) -> str:
    """The page of the site that shows a file of the repository.

    >>> page_of("docs/score.md"), page_of("recipes/tfkt.toml"), page_of("CHANGELOG.md")
    ('score.md', 'source/recipes/tfkt.toml.md', 'changelog.md')
    """
    if file.startswith("docs/"):
        return file.removeprefix("docs/")
    if file in AT_ROOT:
        return AT_ROOT[file]
    return f"source/{file}" if file.endswith(".md") else f"source/{file}.md"


def for_site(text: str, place: str) -> str:
    """The page with the links that the site needs.

    >>> for_site("[a](../NOTICE) [b](score.md)", "docs/model-card.md")
    '[a](source/NOTICE.md) [b](score.md)'
    """
    here = posixpath.dirname(page_of(place))

    def target_of(link: Link) -> str:
        if not (ROOT / link.file).is_file():
            return ""
        page = posixpath.relpath(page_of(link.file), here or ".")
        return f"{page}#{link.anchor}" if link.anchor else page

    return replace_links(text, place, target_of)
