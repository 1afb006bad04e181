"""The labelled examples that models are evaluated on, checked before any model runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.data.manifest import HEADER, MANIFEST, Examples, read_examples, read_header
from ctiqa.data.splits import SPLITS
from ctiqa.errors import DataError, bulleted, some
from ctiqa.evaluate.scale import Scale, label_step, scale_of_words
from ctiqa.evaluate.scored import labels_of
from ctiqa.types import Floats

FEWEST_EXAMPLES = 3
"""Fewest examples that a correlation can be computed from."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled examples of one split.

    Attributes:
        examples: The examples to evaluate on.
        whole: The whole data set.
        split: Name of the split.
        scale: Scale of the labels.
        content: Hash of the data set.
        left_out: Patients of the split that are excluded because a model was trained on them.
    """

    examples: Examples
    whole: Examples
    split: str
    scale: Scale
    content: str
    left_out: tuple[str, ...] = ()

    @property
    def label(self) -> Floats:
        """Labels of the examples [n]."""
        return labels_of(self.examples)

    @property
    def patient(self) -> npt.NDArray[np.generic]:
        """Patient of every example [n]."""
        return self.examples.column("patient")

    @property
    def ids(self) -> tuple[str, ...]:
        """Name of every example."""
        return tuple(ids_of(self.examples.table))

    @property
    def patients(self) -> int:
        """Number of patients."""
        return self.examples.table["patient"].n_unique()

    @property
    def shared(self) -> tuple[str, ...]:
        """Patients of the examples that are in another split too, as in some published sets."""
        elsewhere = self.whole.table.filter(pl.col("split") != self.split)["patient"].to_list()
        return tuple(sorted(set(self.patient.tolist()).intersection(elsewhere)))

    @property
    def step(self) -> float | None:
        """Step of the labels in their own units; ``None`` if they have none."""
        return label_step(self.label, self.scale)

    def of_purpose(self, purpose: str, split: str | None = None) -> Examples:
        """Examples of this or another split by purpose, without the excluded patients."""
        chosen = self.whole.where(split=split or self.split, purpose=purpose)
        kept = ~pl.col("patient").is_in(self.left_out)
        return Examples(chosen.folder, chosen.table.filter(kept))


def open_labelled(folder: Path, split: str = "test", *, trained_on: Path | None = None) -> Labelled:
    """Open the examples of a split and check that models can be evaluated on them.

    Args:
        folder: Data set made by ``ctiqa prepare``.
        split: ``train``, ``validation`` or ``test``.
        trained_on: Data set that a model was trained on; its patients are excluded.

    Raises:
        DataError: Listing everything that is wrong with the data set.
    """
    whole = read_examples(folder)
    left_out = () if trained_on is None else _trained(whole, split, read_examples(trained_on))
    of_split = whole.where(split=split, purpose="example").table
    kept = of_split.filter(~pl.col("patient").is_in(left_out))
    examples = Examples(folder, kept)
    scales = _scales(kept)
    problems = [
        *_about_split(whole, split),
        *(_about_labels(examples, left_out, scales) if len(of_split) else ()),
    ]
    if problems:
        raise DataError(bulleted(f"'{folder}' cannot be evaluated on:", problems))
    return Labelled(examples, whole, split, scale_of_words(scales[0]), content_of(folder), left_out)


def content_of(folder: Path) -> str:
    """Hash of a data set, from its header, or of its manifest if it has no header."""
    if (folder / HEADER).exists():
        return str(read_header(folder)["content_sha256"])
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def _trained(whole: Examples, split: str, other: Examples) -> tuple[str, ...]:
    """Patients of a split that another data set trains or validates on."""
    seen = set(other.table.filter(pl.col("split") != "test")["patient"].to_list())
    here = whole.where(split=split).table["patient"].drop_nulls().unique().sort().to_list()
    return tuple(str(patient) for patient in here if patient in seen)


def _scales(table: pl.DataFrame) -> list[str]:
    if "label_scale" not in table.columns:
        return [""]
    return table["label_scale"].drop_nulls().unique().sort().to_list() or [""]


def _about_split(whole: Examples, split: str) -> Iterator[str]:
    if whole.natural:
        yield "it holds natural images; evaluation needs CT slices: prepare a data set of CT slices"
    known = sorted(
        whole.table["split"].unique().to_list(), key=lambda name: (*SPLITS, name).index(name)
    )
    if split not in known:
        yield f"'split' must be one of {', '.join(known)}, got '{split}'"
    elif not len(whole.where(split=split, purpose="example")):
        yield f"split '{split}' holds no examples, only images for checks"


def _about_labels(
    examples: Examples, left_out: tuple[str, ...], scales: list[str]
) -> Iterator[str]:
    if not len(examples):
        yield f"every patient was trained on ({some(left_out)}); choose other data"
        return
    table = examples.table.with_columns(pl.col("label").cast(pl.Float64, strict=False))
    finite = pl.col("label").is_finite().fill_null(value=False)
    unlabelled = ids_of(table.filter(~finite))
    nameless = ids_of(table.filter(pl.col("patient").fill_null("").cast(pl.String) == ""))
    labels = table.filter(finite)["label"].to_numpy()
    if unlabelled:
        yield f"without a label: {some(unlabelled)}; add labels, or leave these images out"
    if nameless:
        yield (
            f"without a patient: {some(nameless)}; name patients, or let 'ctiqa prepare' group "
            "near-duplicates"
        )
    if len(scales) > 1:
        yield f"labels are on different scales ({', '.join(scales)}); prepare them on one"
    if len(table) < FEWEST_EXAMPLES:
        yield f"agreement needs at least {FEWEST_EXAMPLES} examples, got {len(table)}"
    elif len(labels) and np.ptp(labels) == 0:
        yield f"all {len(labels)} labels are {labels[0]:g}; agreement needs labels that differ"
    outside = _outside(labels, scale_of_words(scales[0]))
    if outside:
        yield f"{outside} labels lie outside the scale; rescale them when the data set is made"


def ids_of(table: pl.DataFrame) -> list[str]:
    """Names of examples, or their place in the shards if they have no names."""
    if "id" in table.columns:
        return [str(name) for name in table["id"].to_list()]
    return [f"{shard}[{row}]" for shard, row in table.select("shard", "row").iter_rows()]


def _outside(labels: Floats, scale: Scale) -> int:
    return int(((labels < scale.low) | (labels > scale.high)).sum())
