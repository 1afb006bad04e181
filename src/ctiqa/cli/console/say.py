"""Messages on the terminal; text from files, paths and errors cannot control it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from ctiqa.text.plain_text import clean


def say(text: str, *, err: bool = False) -> None:
    """Print lines, cleaned.

    Args:
        text: Text of any origin; line breaks are kept.
        err: Print on standard error.
    """
    typer.echo(clean_lines(text), err=err)


def complain(message: str) -> None:
    """Print an error on stderr, in red on a terminal; line breaks are kept."""
    head = typer.style("error:", fg=typer.colors.RED, bold=True)
    typer.echo(f"{head} {clean_lines(message.strip())}", err=True, color=_colour())


@contextmanager
def warned() -> Iterator[None]:
    """Print warnings about old names in recipes as one line each on stderr."""
    shown = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if category.__name__ == "OldNameWarning":
            head = typer.style("warning:", fg=typer.colors.YELLOW, bold=True)
            typer.echo(f"{head} {clean_lines(str(message))}", err=True, color=_colour())
        else:
            shown(message, category, *where, **more)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = shown


def clean_lines(text: str) -> str:
    r"""Clean every line of a text.

    >>> clean_lines("a\x1b[2J\nb")
    'a\ufffd[2J\nb'
    """
    return "\n".join(clean(line) for line in text.split("\n"))


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None
