"""All commands, and the conversion of errors to one line and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ctiqa.cli.commands import (
    ablate,
    benchmark,
    calibrate,
    diff,
    dose_curve,
    evaluate,
    export,
    info,
    prepare,
    score,
    train,
    weights,
)
from ctiqa.cli.commands.archive import survey, trends
from ctiqa.cli.commands.clinic import config, listen, serve
from ctiqa.cli.console.say import complain, warned
from ctiqa.cli.console.status import BUG, DONE, NOTHING_DONE, WRONG_USAGE, status_of
from ctiqa.cli.console.world import fault_of_the_world
from ctiqa.errors import CtiqaError
from ctiqa.system.extras import is_extra

app = typer.Typer(
    name="ctiqa",
    help="How good is this CT image, 0 (bad) to 4 (excellent). Research use only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(score.score)
app.command()(calibrate.calibrate)
app.command()(info.info)
app.command()(diff.diff)
app.command("dose-curve")(dose_curve.dose_curve)
app.command()(benchmark.benchmark)
app.command("prepare")(prepare.prepare_command)
app.command()(train.pretrain)
app.command("train-teacher")(train.train_teacher_command)
app.command("train-student")(train.train_student_command)
app.command("evaluate")(evaluate.evaluate_command)
app.command()(export.export)
app.command()(ablate.compare)
app.command()(ablate.ablate)
app.command()(trends.trends)
app.command()(listen.listen)
app.command()(serve.serve)
app.add_typer(config.config_app, name="config")
app.add_typer(survey.survey_app, name="survey")
app.add_typer(weights.weights_app, name="weights")


WrongWords: Any = typer.BadParameter.__base__
"""Base of typer's errors for a wrong command line; typer does not export the name."""


def show_version(asked: bool) -> None:
    """Print the version and exit, if requested."""
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


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; typer turns an interrupt into status 130.

    A wrong command line is reported like every other error, in one line.

    Args:
        arguments: Arguments after ``ctiqa``; ``None`` takes those of the process.

    Returns:
        The exit status.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with warned():
            status = app(args=words or ["--help"], prog_name="ctiqa", standalone_mode=False)
    except WrongWords as error:
        complain(f"{error.format_message().rstrip('.')} (see '{_command(error)} --help')")
        return WRONG_USAGE
    except CtiqaError as error:
        complain(str(error))
        return status_of(error)
    except Exception as error:  # noqa: BLE001 - the last resort: report the cause
        return _unexpected(error)
    return int(status or DONE)


def _command(error: Any) -> str:
    """The command that was typed wrong, such as ``ctiqa survey list``; else the program."""
    return "ctiqa" if error.ctx is None else " ".join(error.ctx.command_path.split())


def _unexpected(error: Exception) -> int:
    """Report an error of the environment, or a bug; with the traceback if requested."""
    if os.environ.get("CTIQA_DEBUG"):
        sys.excepthook(type(error), error, error.__traceback__)
    if sentence := fault_of_the_world(error):
        complain(sentence)
        return WRONG_USAGE if is_extra(error) else NOTHING_DONE
    complain(
        f"this is a bug in ctiqa, please report it ({type(error).__name__}: {error}); "
        "set CTIQA_DEBUG=1 to see where it happened"
    )
    return BUG
