"""The list of examples that everything downstream reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ctiqa.errors import DataError

if TYPE_CHECKING:
    import polars as pl

MANIFEST = "manifest.parquet"
SHARDS = "shards"

NEEDED = ("shard", "row", "patient", "region", "split", "fold", "purpose", "label", "raw")
"""Columns that training and evaluation read."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled examples on disk.

    Attributes:
        folder: Folder of the data set.
        table: One row an example: ``id``, ``shard``, ``row``, ``patient``, ``region``, ``split``,
            ``fold``, ``purpose``, ``label`` (0–4), ``raw`` (label before clipping) and the facts
            of the degradation.
    """

    folder: Path
    table: pl.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    def column(self, name: str) -> npt.NDArray[np.generic]:
        """One column as an array."""
        return np.asarray(self.table[name].to_numpy())

    def where(self, **wanted: str | int) -> Examples:
        """The examples whose columns have the wanted values."""
        return Examples(self.folder, self.table.filter(**wanted))

    def without_fold(self, fold: int) -> Examples:
        """The examples of all folds but one."""
        import polars as pl  # noqa: PLC0415 - optional

        return Examples(self.folder, self.table.filter(pl.col("fold") != fold))

    def images(self) -> Shards:
        """The pixels, in HU int16, by number of the example."""
        return Shards(self, "hu")

    def maps(self) -> Shards:
        """The maps of ln(total local noise in HU), float16 [rows/32, cols/32], NaN outside."""
        return Shards(self, "map")


class Shards:
    """Arrays of the examples, memory-mapped, opened when first asked for."""

    def __init__(self, examples: Examples, kind: str) -> None:
        self._folder = examples.folder / SHARDS
        self._kind = kind
        self._shard = examples.column("shard")
        self._row = examples.column("row")
        self._open: dict[str, npt.NDArray[np.generic]] = {}

    def __len__(self) -> int:
        return len(self._row)

    def __getitem__(self, number: int) -> npt.NDArray[np.generic]:
        name = str(self._shard[number])
        if name not in self._open:
            self._open[name] = _mapped(self._folder / f"{name}.{self._kind}.npy")
        return np.asarray(self._open[name][int(self._row[number])])


def _mapped(file: Path) -> npt.NDArray[np.generic]:
    try:
        return np.asanyarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise DataError(
            f"'{file}' cannot be read ({error}); remove its .json and call 'ctiqa prepare' again"
        ) from None


def read_examples(folder: Path) -> Examples:
    """Open a prepared data set.

    Raises:
        DataError: If it is not there, not finished or not a manifest.
    """
    import polars as pl  # noqa: PLC0415 - optional

    file = folder / MANIFEST
    if not file.is_file():
        raise DataError(f"'{folder}' holds no finished data set; make one with 'ctiqa prepare'")
    try:
        table = pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"'{file}' is not a manifest ({error}); call 'ctiqa prepare' again"
        ) from None
    if missing := [name for name in NEEDED if name not in table.columns]:
        raise DataError(f"'{file}' lacks {', '.join(missing)}; call 'ctiqa prepare' again")
    return Examples(folder, table)
