"""``ctiqa serve``: the dashboard of a store, as pages and as JSON."""

from __future__ import annotations

from typing import Annotated

import typer

from ctiqa.system.extras import require_extra

NEEDED = (
    "alembic",
    "argon2",
    "fastapi",
    "itsdangerous",
    "jinja2",
    "polars",
    "prometheus_client",
    "pydantic",
    "python_multipart",
    "sqlalchemy",
    "uvicorn",
)
"""Libraries that the server loads."""


def serve(
    *,
    config: Annotated[
        str,
        typer.Option(
            "--config", metavar="FILE", help="The configuration, a .toml file (docs/clinic.md)."
        ),
    ],
) -> None:
    """Serve the dashboard until it is stopped: today, trends, scans, health, and a JSON API.

    Prints its address; the log goes to standard error. On a loopback address no password is
    needed; on any other one, users must be in the configuration. While the database is down the
    pages say so. Ctrl-C or SIGTERM stops it.

    Exit status: 0 stopped, 2 the configuration is wrong or the store is of a newer version, 4 it
    could not start.
    """
    require_extra("'ctiqa serve'", *NEEDED, extra="clinic")
    from ctiqa.cli.serving import run_serve

    raise typer.Exit(run_serve(config))
