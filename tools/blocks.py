"""Generated parts of a page: replaced between their marks, written or only checked."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from ctiqa.io.atomic import write_bytes


def with_block(text: str, begin: str, end: str, body: str) -> str:
    r"""A page with other text between two marks.

    >>> with_block("a <b> old </b> c", "<b>", "</b>", "new")
    'a <b>\n\nnew\n\n</b> c'
    """
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n\n{body}\n\n{end}{rest.partition(end)[2]}"


def write_or_check(page: Path, make: Callable[[str], str], about: str) -> int:
    """Write a page anew; with ``--check`` on the command line, only say whether it would change.

    Args:
        page: The page.
        make: From its text to what it should be.
        about: What the command is about, for its help.

    Returns:
        The exit status: 1 where a check finds the page out of date.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    text = page.read_text(encoding="utf-8")
    made = make(text)
    if asked.check:
        return int(made != text)
    write_bytes(page, made.encode())
    return 0
