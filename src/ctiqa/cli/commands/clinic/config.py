"""``ctiqa config``: check a configuration of the clinic, print an example, make secrets."""

from __future__ import annotations

from typing import Annotated

import typer

from ctiqa.system.extras import require_extra

NEEDED = ("pydantic", "argon2", "sqlalchemy", "alembic", "polars")
"""Libraries that the commands load."""

config_app = typer.Typer(
    help="Check the configuration of the clinic, print an example, make passwords and tokens.",
    no_args_is_help=True,
    add_completion=False,
)


@config_app.command()
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The configuration, a .toml file.")],
    *,
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Also call every target and archive once (C-ECHO, HTTP HEAD)."
        ),
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the outcome to this .json file."),
    ] = None,
) -> None:
    """Check a configuration, and whether this computer has all that it needs.

    Checks folders, secrets, certificates, model, calibration, limits, database, ports, AE titles
    and users. Nothing is created or changed. Run it as the user of the services.

    Exit status: 0 all well, 2 the configuration cannot be read or breaks a rule, 3 there are
    warnings, 4 something is broken.
    """
    require_extra("'ctiqa config'", *NEEDED, extra="clinic")
    from ctiqa.cli.configuring import run_check

    raise typer.Exit(run_check(file, online=online, out=out))


@config_app.command()
def example() -> None:
    """Print a complete configuration with comments; everything in it is the default."""
    require_extra("'ctiqa config'", *NEEDED, extra="clinic")
    from ctiqa.cli.configuring import print_example

    print_example()


@config_app.command()
def password() -> None:
    """Ask for a password twice and print its hash, for a user of the dashboard.

    Without a terminal, the password is the first line of standard input.
    """
    require_extra("'ctiqa config'", *NEEDED, extra="clinic")
    from ctiqa.cli.configuring import print_password

    print_password()


@config_app.command()
def token() -> None:
    """Make a token for a program, and its SHA-256 for the configuration.

    The token goes to standard error, is printed once and stored nowhere.
    """
    require_extra("'ctiqa config'", *NEEDED, extra="clinic")
    from ctiqa.cli.configuring import print_token

    print_token()
