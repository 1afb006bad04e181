"""Docstrings as Markdown: examples become code blocks, reStructuredText roles are removed."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(
    r"^(?P<indent> *)>>> .*(?:\n(?P=indent)\S.*|\n(?P=indent) +\S.*)*", re.MULTILINE
)
_FLAG = re.compile(r"[ ]+# doctest: .*$", re.MULTILINE)
_ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):(?=`)")


class AsMarkdown(griffe.Extension):
    """Every docstring that mkdocstrings shows, as Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of a module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(docstring: str) -> str:
    r"""A docstring as Markdown; its sections are unchanged.

    >>> as_markdown("See :func:`f`.\n\n>>> f(1)  # doctest: +SKIP\n[2]")
    'See `f`.\n\n```pycon\n>>> f(1)\n[2]\n```'
    """

    def fenced(match: re.Match[str]) -> str:
        indent = match["indent"]
        return f"{indent}```pycon\n{_FLAG.sub('', match[0])}\n{indent}```"

    return _EXAMPLE.sub(fenced, _ROLE.sub("", docstring))
