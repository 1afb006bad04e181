"""Lines on the terminal; what files, paths and errors bring along cannot steer it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from ctiqa.text.plain_text import clean


def say(text: str, *, err: bool = False) -> None:
    """Print some lines, cleaned.

    Args:
        text: Text of any origin; its line ends stay.
        err: Print on standard error.
    """
    typer.echo(clean_lines(text), err=err)


def complain(message: str) -> None:
    """What went wrong on stderr, red where a person is looking; a list keeps its lines."""
    head = typer.style("error:", fg=typer.colors.RED, bold=True)
    typer.echo(f"{head} {clean_lines(message.strip())}", err=True, color=_colour())


@contextmanager
def warned() -> Iterator[None]:
    """Old names in recipes are told in one line each on stderr; other warnings stay as they are."""
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
    r"""Text with every line cleaned.

    >>> clean_lines("a\x1b[2J\nb")
    'a\ufffd[2J\nb'
    """
    return "\n".join(clean(line) for line in text.split("\n"))


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None
