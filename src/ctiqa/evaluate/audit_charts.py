"""What the tables, charts and pictures of a label audit show, where things lie, and the page.

Positions across are percentages and text is never scaled, as in the report of scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.data.splits import SPLITS
from ctiqa.errors import DataError
from ctiqa.evaluate import page
from ctiqa.score.charts import UNITS, across, path
from ctiqa.score.verdict import WORDS
from ctiqa.types import SCORE_RANGE

Floats = npt.NDArray[np.float64]

STEPS_A_GRADE = 5
"""Labels are counted at 0.0, 0.2, … 4.0: the steps of the challenge's scores."""

CHALLENGE = (
    *(25, 19, 22, 42, 48, 56, 51, 65, 65, 74, 53),
    *(56, 60, 62, 42, 65, 35, 42, 31, 51, 36),
)
"""How many of the 1,000 training images of LDCTIQAC2023 have the scores 0.0, 0.2, … 4.0."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles that stand for the labels of a class."""

EDGES = {
    "dose": (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0),
    "views": (0.0, 60.0, 96.0, 120.0, 160.0, 240.0, 480.0, 960.0),
}
"""Lower ends of the classes that the labels are shown in, by manifest column."""

ABSENT = {
    **dict.fromkeys(("patient", "region", "split", "origin", "licence"), pl.lit("not known")),
    **dict.fromkeys(("id", "shard"), pl.int_range(pl.len()).cast(pl.String)),
    "purpose": pl.lit("example"),
    "fold": pl.lit(-1),
    "row": pl.lit(0),
    "raw": pl.col("label"),
}
"""What stands for a column, or a value, that a manifest lacks."""


@dataclass(frozen=True, slots=True)
class Ties:
    """Equal labels, and what they cost a predictor that never gives two images one score.

    Attributes:
        distinct: Number of different labels.
        value: The most frequent label.
        share: Its share of the labels.
        greatest_tau_b: Kendall's tau-b of a tie-free predictor that makes no mistake.
        greatest_srocc: Its Spearman correlation.
    """

    distinct: int
    value: float
    share: float
    greatest_tau_b: float
    greatest_srocc: float


@dataclass(frozen=True, slots=True)
class Group:
    """A split, a region, both, or the whole data set.

    Attributes:
        name: Its name.
        patients: Number of patients.
        slices: Number of clean slices that the images were made from.
        examples: Images to learn or report from.
        checks: Images made for checks alone (dose ladder, sharper kernel).
        missing: Images without a label.
        counts: Labels of the examples counted at 0.0, 0.2, … 4.0.
        grades: The same counted at the grades 0, 1, … 4, each to the nearest.
        at_ends: Share of the labels at (or beyond) 0 and 4.
        ties: Their ties; ``None`` for fewer than two labels.
    """

    name: str
    patients: int
    slices: int
    examples: int
    checks: int
    missing: int
    counts: tuple[int, ...]
    grades: tuple[int, ...]
    at_ends: tuple[float, float]
    ties: Ties | None

    @property
    def images(self) -> int:
        """All images."""
        return self.examples + self.checks

    @property
    def distance(self) -> float:
        """How far labels must move, in grades on average, to be spread as the challenge's."""
        return distance(self.counts, CHALLENGE)


@dataclass(frozen=True, slots=True)
class Spread:
    """Labels of one class of dose or view count: how many, and their :data:`QUANTILES`."""

    name: str
    n: int
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """Label against dose or views in one region, from the most to the least."""

    region: str
    column: str
    rows: tuple[Spread, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """An example worth looking at: its region, its role there, and its row of the manifest."""

    region: str
    role: str
    row: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars of labels before the outline of the challenge's, on one scale.

    Attributes:
        bars: Left edge, top, width and height of every bar in per cent.
        outline: The challenge's histogram as an SVG path.
        levels: Shares to print at the left, with their distances from the top in per cent.
        grades: Grades to print below, with their distances from the left in per cent.
    """

    bars: tuple[tuple[float, float, float, float], ...]
    outline: str
    levels: tuple[tuple[str, float], ...]
    grades: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Fan:
    """Labels along falling doses: the median's SVG path, and those of the bands around it.

    Attributes:
        median: Median.
        middle: Half of the labels.
        most: Nine tenths of the labels.
        ticks: Names of the classes, with their distances from the left in per cent.
    """

    median: str
    middle: str
    most: str
    ticks: tuple[tuple[str, float], ...]


def complete(table: pl.DataFrame) -> pl.DataFrame:
    """A manifest with every column of :data:`ABSENT`; labels that are not finite are null.

    Raises:
        DataError: If there is no label at all.
    """
    labels = numbers(table["label"]) if "label" in table.columns else np.empty(0)
    if not np.isfinite(labels).any():
        raise DataError(f"an audit needs labels, got none in {len(table)} rows; prepare again")
    table = table.fill_nan(None).with_columns(
        **{k: v for k, v in ABSENT.items() if k not in table.columns}
    )
    table = table.with_columns(pl.col(name).fill_null(value) for name, value in ABSENT.items())
    finite = pl.col("label", "raw").cast(pl.Float64, strict=False)
    return table.with_columns(pl.when(finite.is_finite()).then(finite))


def parts_of(table: pl.DataFrame, column: str) -> dict[str, pl.DataFrame]:
    """Rows by value of a column; splits in their order, all else by name."""
    parts = {str(name): part for (name,), part in table.group_by(column, maintain_order=True)}
    ranks = {name: rank for rank, name in enumerate(SPLITS)}
    return {name: parts[name] for name in sorted(parts, key=lambda n: (ranks.get(n, 9), n))}


def group(name: str, table: pl.DataFrame) -> Group:
    """Figures of some rows of a completed manifest."""
    drawn = table.filter(pl.col("purpose") == "example")
    labels = numbers(drawn["label"].drop_nulls())
    low, high = SCORE_RANGE
    return Group(
        name=name,
        patients=table["patient"].n_unique(),
        slices=_slices(table),
        examples=len(drawn),
        checks=len(table) - len(drawn),
        missing=table["label"].null_count(),
        counts=count_labels(labels),
        grades=tuple(np.bincount(_grades(labels), minlength=len(WORDS)).tolist()),
        at_ends=(share(labels <= low), share(labels >= high)),
        ties=ties(labels) if len(labels) > 1 else None,
    )


def ties(labels: Floats) -> Ties:
    """Ties among labels.

    With t labels at a value, n in all: tau-b ≤ √(1 − Σt(t−1) / n(n−1)), and Spearman's
    correlation ≤ √(1 − Σ(t³−t) / (n³−n)), for predictions without ties.

    >>> ties(np.array([0.0, 0.0, 1.0, 2.0])).greatest_tau_b ** 2
    0.8333...
    """
    values, counts = np.unique(labels, return_counts=True)
    n, t = float(len(labels)), counts.astype(np.float64)
    return Ties(
        distinct=len(values),
        value=float(values[counts.argmax()]),
        share=float(t.max() / n),
        greatest_tau_b=float(np.sqrt(1 - (t * (t - 1)).sum() / (n * (n - 1)))),
        greatest_srocc=float(np.sqrt(1 - (t**3 - t).sum() / (n**3 - n))),
    )


def count_labels(labels: Floats) -> tuple[int, ...]:
    """Labels counted at 0.0, 0.2, … 4.0, each to the nearest; beyond the ends counts as the end.

    >>> count_labels(np.array([0.0, 0.05, 0.21, 4.0]))[:3]
    (2, 1, 0)
    """
    low, high = SCORE_RANGE
    places = np.rint((np.clip(labels, low, high) - low) * STEPS_A_GRADE).astype(np.intp)
    return tuple(np.bincount(places, minlength=len(CHALLENGE)).tolist())


def distance(counts: Sequence[int], reference: Sequence[int]) -> float:
    """How far labels must move, in grades on average, to turn one histogram into the other.

    The earth mover's distance; NaN for an empty histogram.

    >>> round(distance([1, 0, 0], [0, 0, 1]), 6)
    0.4
    """
    if not (sum(counts) and sum(reference)):
        return float("nan")
    found, wanted = (np.cumsum(each) / np.sum(each) for each in (counts, reference))
    return float(np.abs(found - wanted).sum() / STEPS_A_GRADE)


def relations(table: pl.DataFrame, column: str) -> tuple[Relation, ...]:
    """Labels against dose or views, region by region; nothing where the column is unknown.

    Args:
        table: Rows of a manifest, with ``region`` and ``label``.
        column: A key of :data:`EDGES`.
    """
    if column not in table.columns:
        return ()
    known = table.drop_nulls([column, "label"]).sort("region")
    return tuple(
        Relation(str(region), column, tuple(_spreads(part, column)))
        for (region,), part in known.group_by("region", maintain_order=True)
    )


def _spreads(part: pl.DataFrame, column: str) -> Iterator[Spread]:
    values, labels = (part[name].to_numpy().astype(np.float64) for name in (column, "label"))
    place = np.maximum(np.searchsorted(EDGES[column], values, side="right") - 1, 0)
    for k in np.unique(place)[::-1].tolist():
        inside = place == k
        quantiles = np.quantile(labels[inside], QUANTILES)
        name = class_name(column, k, values[inside])
        yield Spread(name, int(inside.sum()), tuple(quantiles.tolist()))


def class_name(column: str, k: int, values: Floats) -> str:
    """Class ``k`` of a column in words: its one value, or its ends.

    >>> class_name("dose", 5, np.array([0.5, 0.6])), class_name("dose", 5, np.array([0.5]))
    ('50–75 %', '50 %')
    >>> class_name("views", 7, np.array([1000.0, 1200.0])), class_name("views", 7, np.array([1000]))
    ('960 and more', '1000')
    """
    factor, unit = (100, " %") if column == "dose" else (1, "")
    if np.ptp(values) == 0:
        return f"{round(values[0] * factor, 2):g}{unit}"
    if k == len(EDGES[column]) - 1:
        return f"{EDGES[column][k] * factor:g}{unit} and more"
    low, high = (edge * factor for edge in EDGES[column][k : k + 2])
    return f"{low:g}–{high:g}{unit}"


def _slices(table: pl.DataFrame) -> int:
    """A slice that comes as it is and softened is one slice."""
    return table["shard"].cast(pl.String).str.replace("-(native|soft)$", "").n_unique()


def _grades(labels: Floats) -> npt.NDArray[np.intp]:
    return np.floor(np.clip(labels, *SCORE_RANGE) + 0.5).astype(np.intp)


def numbers(column: pl.Series) -> Floats:
    """A column as float64; null is NaN."""
    return column.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)


def share(hits: npt.NDArray[np.bool_]) -> float:
    """Share of the hits, 0 among none."""
    return float(hits.mean()) if hits.size else 0.0


def histogram(counts: Sequence[int]) -> Histogram:
    """Lay out labels counted by :func:`count_labels` before the challenge's."""
    shares, reference = (np.array(each) / max(sum(each), 1) for each in (counts, CHALLENGE))
    step = 0.1 if max(shares.max(), reference.max()) > 0.1 else 0.05
    levels = step * np.arange(1 + int(np.ceil(max(shares.max(), reference.max()) / step - 1e-9)))
    heights, outline = 100 * shares / levels[-1], 100 * reference / levels[-1]
    width = 100 / len(counts)
    lefts = width * (np.arange(len(counts)) + 0.1)
    return Histogram(
        bars=tuple(
            (round(x, 2), round(100 - h, 2), round(0.8 * width, 2), round(h, 2))
            for x, h in zip(lefts.tolist(), heights.tolist(), strict=True)
        ),
        outline=_steps(outline.tolist()),
        levels=tuple(
            (f"{100 * level:.0f} %", round(100 - 100 * level / levels[-1], 2)) for level in levels
        ),
        grades=tuple((g, round(width * (g * STEPS_A_GRADE + 0.5), 2)) for g in range(5)),
    )


def _steps(heights: Sequence[float]) -> str:
    """Heights in per cent as the outline of a histogram, an SVG path."""
    width = UNITS / len(heights)
    tops = [UNITS * (1 - height / 100) for height in heights]
    corners = [(x * width, top) for k, top in enumerate(tops) for x in (k, k + 1)]
    return path([(0.0, UNITS), *corners, (UNITS, UNITS)])


def within(label: float) -> float:
    """A label as a distance from the low end of the scale in per cent; beyond it, its end."""
    return across(min(max(label, SCORE_RANGE[0]), SCORE_RANGE[1]))


def fan(rows: Sequence[Spread]) -> Fan:
    """Lay out labels along falling doses."""
    places = [round(100 * (k + 0.5) / len(rows), 2) for k in range(len(rows))]
    low, lower, middle, upper, high = (
        [
            (UNITS * x / 100, UNITS * (1 - within(row.quantiles[q]) / 100))
            for x, row in zip(places, rows, strict=True)
        ]
        for q in range(len(QUANTILES))
    )
    return Fan(
        median=path(middle),
        middle=f"{path(upper + lower[::-1])}Z",
        most=f"{path(high + low[::-1])}Z",
        ticks=tuple((row.name, x) for row, x in zip(rows, places, strict=True)),
    )


def picks(table: pl.DataFrame) -> Iterator[Pick]:
    """The best, the median and the worst example of every region."""
    for region, part in parts_of(table.drop_nulls("label"), "region").items():
        rows = part.sort("label", "raw", "id", descending=True)
        roles = {"Best": 0, "Median": len(rows) // 2, "Worst": len(rows) - 1}
        for role, place in roles.items():
            yield Pick(region, role, rows.row(place, named=True))


def render(**context: object) -> str:
    """Fill the page of an audit; every text is escaped."""
    return page.render("label_audit.html.j2", _FILTERS, challenge=CHALLENGE, **context)


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "across": within,
    "fan": fan,
    "histogram": histogram,
}
