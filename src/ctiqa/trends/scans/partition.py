"""Rows of a frame by group, without a frame for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Rows = npt.NDArray[np.intp]


def rows_by(
    frame: pl.DataFrame, names: Sequence[str]
) -> Iterator[tuple[tuple[str | None, ...], Rows]]:
    """Groups of rows, the largest first, equally large ones by name.

    Args:
        frame: A frame.
        names: Text columns that are equal in a group.

    Yields:
        Values of the columns, and numbers of the rows.

    >>> frame = pl.DataFrame({"a": ["x", None, "x"]})
    >>> [(key, rows.tolist()) for key, rows in rows_by(frame, ["a"])]
    [(('x',), [0, 2]), ((None,), [1])]
    """
    table = (
        frame.select(names)
        .with_row_index("_row")
        .group_by(names)
        .agg(pl.col("_row").sort(), pl.len().alias("_n"))
        .sort("_n", *names, descending=[True, *(False for _ in names)], nulls_last=True)
    )
    for *key, rows in table.select(*names, "_row").iter_rows():
        yield tuple(key), np.array(rows, np.intp)
