"""Hooks of mkdocs: pages generated during the build, and Markdown as code hosts render it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from tools.site import api, commands, notebooks
from tools.site.diagrams import with_pictures
from tools.site.links import AT_ROOT, ROOT, for_site, outside_code, page_of, relative_links

_places: dict[str, str] = {}
"""Source file in the repository, by page."""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages generated from the program, from notebooks and from files outside ``docs/``."""
    made = {"command-line.md": commands.page()}
    made |= {api.place_of(package): api.page(package) for package in api.PACKAGES}
    made |= {page_of(name): notebooks.page(ROOT / name) for name in notebooks.names()}
    for file in _linked_files():
        _places[page_of(file)] = file
        made[page_of(file)] = _as_page(file)
    for place, text in made.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Convert links and diagrams, and enable Markdown inside ``<details>``."""
    uri = page.file.src_uri
    text = for_site(markdown, _places.get(uri, f"docs/{uri}"))
    text = with_pictures(text, "../" * uri.count("/"))
    return outside_code(text, lambda prose: prose.replace("<details>", '<details markdown="1">'))


def _linked_files() -> list[str]:
    """Files outside ``docs/`` that get a page: those in ``AT_ROOT``, and all that are linked."""
    todo = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))] + [
        file for file, page in AT_ROOT.items() if page != "index.md"
    ]
    seen: dict[str, None] = dict.fromkeys(todo)
    while todo:
        file = todo.pop()
        if file.endswith(".md"):
            new = [each for each in _files_linked_from(file) if each not in seen]
            seen |= dict.fromkeys(new)
            todo += new
    return [each for each in seen if not each.startswith("docs/") and each != "README.md"]


def _files_linked_from(file: str) -> Iterator[str]:
    text = (ROOT / file).read_text(encoding="utf-8")
    for link in relative_links(text, file):
        if (ROOT / link.file).is_file() and link.file != "README.md":
            yield link.file


def _as_page(file: str) -> str:
    """A file as Markdown: unchanged, or as a code block below its name."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.endswith(".md"):
        return text
    language = posixpath.splitext(file)[1].removeprefix(".") or "text"
    return f"# {file}\n\n````{language}\n{text.rstrip()}\n````\n"
