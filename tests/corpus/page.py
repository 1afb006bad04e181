"""The tables of docs/reliability.md that commands write, each between two comments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table; the first row is its head."""
    head, *body = rows
    lines = (head, ["---"] * len(head), *body)
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def publish(section: str, text: str, page: Path = PAGE) -> None:
    """Put a text between the comments of a section.

    Raises:
        ValueError: If the page has no such section.
    """
    pattern = re.compile(rf"(<!-- {section}:[^>]*-->\n).*?(<!-- /{section} -->)", re.DOTALL)
    content, count = pattern.subn(
        lambda found: f"{found[1]}{text.rstrip()}\n{found[2]}", page.read_text(encoding="utf-8")
    )
    if count != 1:
        raise ValueError(f"{page} must have one section {section!r}, has {count}")
    page.write_text(content, encoding="utf-8")
