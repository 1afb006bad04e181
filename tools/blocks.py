"""Generated blocks of a page: replaced between two marker comments, written or only checked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from ctiqa.io.atomic import write_bytes


def with_block(text: str, begin: str, end: str, body: str) -> str:
    r"""A page with new text between two markers.

    Raises:
        ValueError: If the page lacks a marker.

    >>> with_block("a <b> old </b> c", "<b>", "</b>", "new")
    'a <b>\n\nnew\n\n</b> c'
    >>> with_block("a <b> old", "<b>", "</b>", "new")
    Traceback (most recent call last):
    ...
    ValueError: the page must have <b> and, after it, </b>
    """
    before, begins, rest = text.partition(begin)
    _, ends, after = rest.partition(end)
    if not (begins and ends):
        raise ValueError(f"the page must have {begin} and, after it, {end}")
    return f"{before}{begin}\n\n{body}\n\n{end}{after}"


def write_or_check(pages: Iterable[Path], make: Callable[[str], str], about: str | None) -> int:
    """Rewrite pages; with ``--check`` on the command line, only report those that would change.

    Args:
        pages: The pages.
        make: Takes the text of a page and returns what it should be.
        about: Docstring of the program; its first line is the help text.

    Returns:
        The exit status: 1 if ``--check`` finds a page out of date.
    """
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if out of date")
    check = parser.parse_args().check
    stale = 0
    for page in pages:
        text = page.read_text(encoding="utf-8")
        made = make(text)
        if made == text:
            continue
        if check:
            sys.stderr.write(f"out of date: {page.name}\n")
            stale = 1
        else:
            write_bytes(page, made.encode())
    return stale
