"""``ctiqa listen``: receive series by DICOM, score them, send results back."""

from __future__ import annotations

from typing import Annotated

import typer

from ctiqa.system.extras import require_extra

NEEDED = ("pydantic", "sqlalchemy", "alembic", "pynetdicom", "highdicom")
"""Libraries that the parts load."""


def listen(
    *,
    config: Annotated[
        str,
        typer.Option(
            "--config", metavar="FILE", help="The configuration, a .toml file (docs/clinic.md)."
        ),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Check that it can start, and start nothing.")
    ] = False,
) -> None:
    """Receive CT series by DICOM, score them and send the results back, until stopped.

    Prints one line when it listens; the log goes to standard error. Ctrl-C or SIGTERM stops it in
    order: nothing more is accepted, and what was acknowledged is scored after the next start.

    Exit status: 0 stopped in order, 2 the configuration is wrong or the store is of a newer
    version, 4 it could not start, 130 or 143 stopped by a second signal.
    """
    require_extra("'ctiqa listen'", *NEEDED, extra="clinic")
    from ctiqa.cli.listening import run_listen

    raise typer.Exit(run_listen(config, check=check))
