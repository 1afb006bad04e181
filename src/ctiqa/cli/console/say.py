"""Lines on the terminal; what files, paths and errors bring along cannot steer it."""

from __future__ import annotations

import os

import typer

from ctiqa.plain_text import clean


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


def clean_lines(text: str) -> str:
    r"""Text with every line cleaned.

    >>> clean_lines("a\x1b[2J\nb")
    'a\ufffd[2J\nb'
    """
    return "\n".join(clean(line) for line in text.split("\n"))


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None
