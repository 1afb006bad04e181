"""The commands together, and how errors become one line and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer

from ctiqa.cli import ablate, evaluate, export, info, prepare, score, train, weights
from ctiqa.cli.status import BUG, DONE, WRONG_USAGE, status_of
from ctiqa.errors import CtiqaError

app = typer.Typer(
    name="ctiqa",
    help="How good is this CT image, 0 (bad) to 4 (excellent). Research use only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(score.score)
app.command()(info.info)
app.command()(prepare.prepare)
app.command()(train.pretrain)
app.command()(train.train_teacher)
app.command()(train.train_student)
app.command()(evaluate.evaluate)
app.command()(export.export)
app.command()(ablate.compare)
app.command()(ablate.ablate)
app.add_typer(weights.app, name="weights")


COMMANDS = typer.main.get_group(app).commands.keys()

WrongWords: Any = typer.BadParameter.__base__
"""What typer raises for wrong words on a command line; it does not export the name."""


def show_version(asked: bool) -> None:
    """Print the version and stop, where asked."""
    if asked:
        from ctiqa import __version__

        typer.echo(f"ctiqa {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """How good is this CT image, 0 (bad) to 4 (excellent). Research use only."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and leave the process with its status; typer makes 130 of an interrupt.

    Wrong words on the command line end like every other error: in one line.

    Args:
        arguments: Words after ``ctiqa``; ``None`` takes those of the process.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = app(args=words or ["--help"], prog_name="ctiqa", standalone_mode=False)
    except WrongWords as error:
        complain(f"{error.format_message().rstrip('.')} (see 'ctiqa {_command(words)}--help')")
        sys.exit(WRONG_USAGE)
    except CtiqaError as error:
        complain(str(error))
        sys.exit(status_of(error))
    except Exception as error:  # noqa: BLE001 - the last line of defence: say that it is our fault
        report_bug(error)
        sys.exit(BUG)
    sys.exit(status or DONE)


def _command(words: Sequence[str]) -> str:
    """The command that was meant, with a space behind it; empty where it is none."""
    return f"{words[0]} " if words and words[0] in COMMANDS else ""


def complain(message: str) -> None:
    """What went wrong on stderr, red where a person is looking; a list keeps its lines."""
    head = typer.style("error:", fg=typer.colors.RED, bold=True)
    typer.echo(f"{head} {message.strip()}", err=True, color=_colour())


def report_bug(error: Exception) -> None:
    """Say that an unexpected error is a bug of ctiqa, with the traceback if it is wanted."""
    if os.environ.get("CTIQA_DEBUG"):
        sys.excepthook(type(error), error, error.__traceback__)
    complain(
        f"this is a bug in ctiqa, please report it ({type(error).__name__}: {error}); "
        "set CTIQA_DEBUG=1 to see where it happened"
    )


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None
