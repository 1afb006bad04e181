"""Other people's parsers, run silently and with one kind of failure."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from ctiqa.errors import Reason, RefusedError

LOGGERS = ("pydicom", "nibabel.global", "tifffile")
"""Loggers that quote header values, patient tags among them."""

_NOWHERE = logging.NullHandler()


@contextmanager
def silent() -> Iterator[None]:
    """Keep warnings and log lines of the parsers, which may name the patient, off the terminal."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.disabled, logger.propagate) for logger in loggers]
    try:
        for logger in loggers:
            # Lines of loggers further down pass a disabled parent: they end in its handler.
            logger.addHandler(_NOWHERE)
            logger.disabled, logger.propagate = True, False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, (disabled, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(_NOWHERE)
            logger.disabled, logger.propagate = disabled, propagate


@contextmanager
def foreign(action: str, reason: Reason = Reason.CORRUPT) -> Iterator[None]:
    """Run a parser on input that may be hostile.

    Args:
        action: What is being done, for the message.
        reason: Code of the refusal that any failure becomes.

    Raises:
        RefusedError: With ``reason`` if the parser fails; a refusal raised inside passes.

    >>> with foreign("the header"):
    ...     int("not a number")
    Traceback (most recent call last):
    ...
    ctiqa.errors.RefusedError: the header cannot be parsed (ValueError)
    """
    try:
        with silent():
            yield
    except (RefusedError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    # Parsers of damaged files raise anything from struct.error to RecursionError, and a panic of
    # one written in Rust is no Exception at all. Their messages quote header values: the type
    # alone is safe to show.
    except BaseException as error:  # noqa: BLE001
        raise RefusedError(reason, f"{action} cannot be parsed ({type(error).__name__})") from None


@contextmanager
def captured_stderr() -> Iterator[BinaryIO]:
    """Catch what C libraries print to the process's standard error.

    Yields:
        A file that holds what was printed, to be read inside or after the block's work.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with tempfile.TemporaryFile() as said:
            os.dup2(said.fileno(), 2)
            yield cast("BinaryIO", said)
    finally:
        os.dup2(saved, 2)
        os.close(saved)
