"""Faults of a disk while polars writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def writing_parquet() -> Iterator[None]:
    """Turn errors of polars in the block into ``OSError``.

    Polars reports a full disk as an error of computation.

    Raises:
        OSError: If writing fails.
    """
    from polars.exceptions import PolarsError  # noqa: PLC0415 - optional

    try:
        yield
    except PolarsError as error:
        raise OSError(str(error)) from error
