"""Relative links of Markdown pages, and their targets on the site.

In the repository a page may link to any file, but the site only has pages. A link to a file outside
``docs/`` leads to a page generated from that file. A link to a missing file is left unchanged, so
that the build and the tests report it.
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
"""Pages of the site generated from files outside ``docs/``, by file."""

_LINK = re.compile(r"(?<=\]\()(?P<target>[^()\s]+)(?=\))")
_CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)[ ]*$|(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Link:
    """One relative link.

    Attributes:
        file: Target, relative to the repository, with ``/`` between folders.
        anchor: The part after ``#``, or empty.
    """

    file: str
    anchor: str


def relative_links(text: str, place: str) -> Iterator[Link]:
    """Relative links of a page; code, URLs and mail addresses are ignored.

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
    """The page with a new target for every relative link.

    Args:
        text: The page as Markdown.
        place: Its file, relative to the repository.
        target_of: Returns the new target; empty leaves the link unchanged.

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
    """The page with its prose changed and its code unchanged.

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
    >>> page_of("docs/notebooks/denoisers.ipynb")
    'notebooks/denoisers.md'
    """
    if file.startswith("docs/"):
        page = file.removeprefix("docs/")
        return f"{page.removesuffix('.ipynb')}.md" if page.endswith(".ipynb") else page
    if file in AT_ROOT:
        return AT_ROOT[file]
    return f"source/{file}" if file.endswith(".md") else f"source/{file}.md"


def for_site(text: str, place: str) -> str:
    """The page with its links converted for the site.

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
