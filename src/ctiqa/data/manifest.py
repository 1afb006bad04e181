"""The manifest: the table of examples that training and evaluation read."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ctiqa.errors import DataError, bulleted
from ctiqa.io.atomic import write_bytes
from ctiqa.recipe import DataRecipe
from ctiqa.recipe.network import FINDINGS, REGIONS
from ctiqa.text.strict_json import read_json

if TYPE_CHECKING:
    import polars as pl

MANIFEST = "manifest.parquet"
HEADER = "manifest.json"
MANIFEST_SCHEMA = 1
SHARDS = "shards"

FILTERED = "filtered"
"""Purpose of images on which every filter is tried; one without a filter comes with them."""

DRAWN = "drawn by ctiqa"
"""Origin of phantoms and limbs that are drawn, not scanned."""

SHOWS = "shows"
"""Column of what may be said to be seen, joined with ``/``; empty where nobody has looked."""

MOST_OPEN = 500
"""Memory-mapped files kept open; most systems allow about a thousand per process."""

NEEDED = ("shard", "row", "patient", "region", "split", "fold", "purpose", "label", "raw")
"""Columns that training and evaluation read."""

PUBLISHED_FOLD = "published_fold"
"""Column with the fold of the authors; ``fold`` is the fold of the patient."""

TEXTS = ("shard", "patient", "region", "split", "purpose")
"""Those of :data:`NEEDED` that hold text; the others hold numbers."""


def finding_column(name: str) -> str:
    """Column of a finding.

    >>> finding_column("beam hardening")
    'finding_beam_hardening'
    """
    return f"finding_{name.replace(' ', '_')}"


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled examples on disk.

    Attributes:
        folder: Folder of the data set.
        table: One row per example: ``id``, ``shard``, ``row``, ``patient``, ``region``, ``split``,
            ``fold``, ``purpose``, ``label`` (0–4), ``raw`` (label before clipping) and the
            parameters of the degradation.
    """

    folder: Path
    table: pl.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    def column(self, name: str) -> npt.NDArray[np.generic]:
        """One column as an array."""
        return np.asarray(self.table[name].to_numpy())

    def where(self, **wanted: str | int) -> Examples:
        """The examples with the given column values."""
        return Examples(self.folder, self.table.filter(**wanted))

    def without_fold(self, fold: int) -> Examples:
        """The examples of all folds except one."""
        import polars as pl  # noqa: PLC0415 - optional

        return Examples(self.folder, self.table.filter(pl.col("fold") != fold))

    def with_published_folds(self) -> Examples:
        """The examples with the image-wise folds of the authors, if the data set has them."""
        import polars as pl  # noqa: PLC0415 - optional

        if PUBLISHED_FOLD not in self.table.columns:
            return self
        return Examples(self.folder, self.table.with_columns(fold=pl.col(PUBLISHED_FOLD)))

    @property
    def natural(self) -> bool:
        """Whether these are natural images rather than slices in HU."""
        shard = str(self.column("shard")[0]) if len(self) else ""
        return (self.folder / SHARDS / f"{shard}.rgb.npy").exists()

    def images(self) -> Shards:
        """Pixels by example index: int16 HU [rows, cols], or uint8 RGB [rows, cols, 3]."""
        return Shards(self, "rgb" if self.natural else "hu")

    def drawn(self) -> npt.NDArray[np.bool_]:
        """Whether each example shows something that was drawn, not scanned [examples]."""
        if "origin" not in self.table.columns:
            return np.zeros(len(self), dtype=bool)
        return np.asarray(self.column("origin") == DRAWN)

    def findings(self, names: Sequence[str] = FINDINGS) -> npt.NDArray[np.float32] | None:
        """What is wrong: 1 yes, 0 no, NaN too faint to tell [examples, names], if known."""
        columns = [finding_column(name) for name in names]
        if not set(columns).issubset(self.table.columns):
            return None
        return np.asarray(self.table.select(columns).to_numpy(), dtype=np.float32)

    def regions(self, names: Sequence[str] = REGIONS) -> npt.NDArray[np.float32] | None:
        """What is seen: 1 for every region that is right [examples, names], if known."""
        if SHOWS not in self.table.columns:
            return None
        shown = [set(str(words).split("/")) for words in self.table[SHOWS]]
        return np.array([[name in each for name in names] for each in shown], dtype=np.float32)

    def maps(self) -> Shards:
        """Maps of ln(total local noise in HU), float16 [rows/32, cols/32], NaN outside."""
        return Shards(self, "map")


class Shards:
    """Memory-mapped arrays of the examples, opened on first access."""

    def __init__(self, examples: Examples, kind: str) -> None:
        self._folder = examples.folder / SHARDS
        self._kind = kind
        self._shard = examples.column("shard")
        self._row = examples.column("row")
        self._mapped = lru_cache(MOST_OPEN)(_mapped)

    def __len__(self) -> int:
        return len(self._row)

    def __getitem__(self, number: int) -> npt.NDArray[np.generic]:
        file = self._folder / f"{self._shard[number]}.{self._kind}.npy"
        return np.asarray(self._mapped(file)[int(self._row[number])])


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
        DataError: If it is missing, incomplete or not a manifest.
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
    if odd := [name for name in NEEDED if table.schema[name].is_numeric() == (name in TEXTS)]:
        raise DataError(
            f"'{file}' holds another kind of values in {', '.join(odd)}; call 'ctiqa prepare' again"
        )
    return Examples(folder, table)


def read_header(folder: Path) -> dict[str, Any]:
    """The header of a prepared data set: its recipe, counts and hash.

    Raises:
        DataError: If it cannot be read.
    """
    file = folder / HEADER
    try:
        header = read_json(file)
    except (OSError, ValueError) as error:
        raise DataError(f"'{file}' cannot be read ({error}); call 'ctiqa prepare' again") from None
    if not isinstance(header, dict):
        raise DataError(f"'{file}' must hold a JSON object; call 'ctiqa prepare' again")
    kinds = {"recipe": dict, "content_sha256": str}
    if missing := [key for key, kind in kinds.items() if not isinstance(header.get(key), kind)]:
        raise DataError(f"'{file}' lacks {' and '.join(missing)}; call 'ctiqa prepare' again")
    return header


def write_manifest(folder: Path, recipe: DataRecipe, records: Sequence[dict[str, Any]]) -> Path:
    """Write the table of examples and a human-readable header.

    A manifest with the same content is not touched.

    Args:
        folder: Folder of the data set.
        recipe: Recipe of the data set.
        records: One record per example.

    Returns:
        The manifest file.

    Raises:
        DataError: If there are no examples, an example is duplicated, or a patient is in two
            splits. Only a published test set that also validates may share patients.
    """
    import polars as pl  # noqa: PLC0415 - optional

    if not records:
        raise DataError(f"'{folder}': the source gave no examples")
    table = pl.DataFrame(records, infer_schema_length=None)
    _check_leakage(table, recipe)
    data = io.BytesIO()
    table.write_parquet(data)
    file = folder / MANIFEST
    write_if_changed(file, data.getvalue())
    header = _header(recipe, table, records)
    write_if_changed(folder / HEADER, (json.dumps(header, indent=1) + "\n").encode())
    return file


def content_hash(records: Sequence[dict[str, Any]]) -> str:
    """SHA-256 of the records, independent of the library that writes the table."""
    lines = sorted(json.dumps(record, sort_keys=True) for record in records)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _header(
    recipe: DataRecipe, table: pl.DataFrame, records: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    splits = {
        str(split): {"examples": len(part), "patients": part["patient"].n_unique()}
        for (split,), part in sorted(table.group_by("split"))
    }
    return {
        "schema": MANIFEST_SCHEMA,
        "recipe": asdict(recipe),
        "examples": len(table),
        "patients": table["patient"].n_unique(),
        "splits": splits,
        "label": {"least": table["label"].min(), "greatest": table["label"].max()},
        "content_sha256": content_hash(records),
    }


def _check_leakage(table: pl.DataFrame, recipe: DataRecipe) -> None:
    """Refuse a data set with a patient in two splits or folds, or with duplicate examples."""
    import polars as pl  # noqa: PLC0415 - optional

    parted = table.filter(pl.col("split") != "test") if recipe.test_validates else table
    places = parted.group_by("patient").agg(pl.col("split").n_unique(), pl.col("fold").n_unique())
    torn = places.filter((pl.col("split") > 1) | (pl.col("fold") > 1))["patient"].to_list()
    problems = [f"patient {p} is in more than one split or fold" for p in sorted(torn)]
    twice = table.filter(pl.col("id").is_duplicated())["id"].unique().to_list()
    problems += [f"example {name} occurs twice" for name in sorted(twice)]
    if problems:
        raise DataError(bulleted("a data set must keep every patient on one side:", problems))


def write_if_changed(file: Path, data: bytes) -> None:
    """Write a file, but do not touch it if it already has this content."""
    if not (file.exists() and file.read_bytes() == data):
        write_bytes(file, data)
