"""The command line as typed, for files that record how they were made."""

from __future__ import annotations

import re
import shlex

import typer

PASSWORD = re.compile(r"(://[^/?#@\s:]*:)[^/?#\s]*@")
"""Name and password in a URL."""


def command_of(context: typer.Context) -> str:
    """The command line that repeats this run; options at their defaults are omitted.

    Passwords in URLs are masked.
    """
    words = context.command_path.split()
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if value in (None, parameter.get_default(context), [], ()):
            continue
        flags = [] if parameter.param_type_name == "argument" else [parameter.opts[0]]
        if isinstance(value, bool):
            words += flags
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            words += [*flags, PASSWORD.sub(r"\1***@", str(each))]
    return shlex.join(words)
