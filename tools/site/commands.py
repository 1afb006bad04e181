"""The command-line reference, generated from the help of the program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from ctiqa.cli.app import app

Command = Any
"""A command or a group of commands; typer does not export the type."""


def page() -> str:
    """Every command with its arguments and options, as Markdown."""
    group = typer.main.get_group(app)
    parts = [
        "# Command line",
        f"{group.help}\n\n`python -m ctiqa` is the same program. This page is generated from "
        "`ctiqa COMMAND --help`.",
        *_commands(group, "ctiqa"),
    ]
    return "\n\n".join(parts) + "\n"


def _commands(group: Command, words: str) -> Iterator[str]:
    for name, command in group.commands.items():
        called = words if command.hidden else f"{words} {name}"
        if hasattr(command, "commands"):
            yield from _commands(command, called)
        else:
            yield from _command(command, called)


def _command(command: Command, called: str) -> Iterator[str]:
    context = command.context_class(command, info_name=called)
    yield f"## {called}"
    yield f"```sh\n{command.get_usage(context).removeprefix('Usage: ')}\n```"
    yield str(command.help)
    rows = [parameter.get_help_record(context) for parameter in command.params]
    lines = [f"| `{name}` | {_cell(text)} |" for name, text in filter(None, rows)]
    yield "\n".join(["| argument or option | |", "|---|---|", *lines])


def _cell(text: str) -> str:
    r"""Help in a cell of a table.

    >>> _cell("one | two  [default: auto]")
    'one \\| two \\[default: auto]'
    """
    return " ".join(text.split()).replace("|", "\\|").replace("[", "\\[").replace("<", "&lt;")
