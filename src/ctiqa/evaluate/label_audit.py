"""What the labels of a data set are like, and what is wrong with them, before anyone trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.evaluate import audit_charts as charts
from ctiqa.evaluate.orders import MOST_RISE, Order, order_along
from ctiqa.evaluate.page import pictured
from ctiqa.io.atomic import write_bytes
from ctiqa.score.verdict import WORDS
from ctiqa.types import SCORE_RANGE

MOST_TIED = 0.20
"""Share of the labels that may have one and the same value."""

MOST_SATURATED = 0.25
"""Share of the labels of a region that may lie at one end of the scale."""

LEAST_SPREAD = 0.1
"""Standard deviation, in grades, that the labels of a patient must reach."""

FEWEST_PATIENTS = 5
"""Patients that every split must hold."""

MOST_MISSING = 0.01
"""Share of the images that may be without a label."""

PARTS = {
    "loss_0": "Patch error",
    "loss_1": "SSIM, soft tissue",
    "loss_2": "SSIM, wide",
    "loss_3": "Gradient similarity",
    "loss_4": "VIF",
}
"""The parts of a label (see :func:`ctiqa.data.labels.losses`), by manifest column."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the label.

    Attributes:
        name: Its name.
        missing: Images in which it is null or not finite.
        low: Smallest value.
        high: Largest value.
        srocc: Spearman correlation with every part and, last, with the label.
    """

    name: str
    missing: int
    low: float
    high: float
    srocc: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Licence of some slices, and the group they are; its name is where they were published."""

    licence: str
    group: charts.Group


@dataclass(frozen=True, slots=True)
class Audit:
    """All figures about the labels of a data set.

    Attributes:
        name: Name of the data set.
        whole: All of it.
        splits: Its splits.
        regions: Its regions.
        cells: Its regions within its splits, by split.
        sources: Where its slices come from.
        relations: Label of the examples against dose and views, region by region.
        ladders: Label against dose alone, region by region.
        orders: Whether labels fall with the dose.
        parts: The parts of the label.
        level_patients: Patients whose labels hardly differ, with their standard deviation.
        leaks: Patients in two splits, and patients in two folds.
        outside: Labels outside the scale.
        picks: Best, median and worst example of every region.
    """

    name: str
    whole: charts.Group
    splits: tuple[charts.Group, ...]
    regions: tuple[charts.Group, ...]
    cells: Mapping[str, tuple[charts.Group, ...]]
    sources: tuple[Source, ...]
    relations: tuple[charts.Relation, ...]
    ladders: tuple[charts.Relation, ...]
    orders: tuple[Order, ...]
    parts: tuple[Part, ...]
    level_patients: Mapping[str, float]
    leaks: Mapping[str, tuple[str, ...]]
    outside: int
    picks: tuple[charts.Pick, ...]

    @property
    def groups(self) -> tuple[charts.Group, ...]:
        """All of it, its splits and its regions."""
        return (self.whole, *self.splits, *self.regions)

    @property
    def warnings(self) -> tuple[Warned, ...]:
        """The rules that the labels break."""
        found = [Warned(rule, tuple(rule.broken(self))) for rule in RULES]
        return tuple(each for each in found if each.values)


@dataclass(frozen=True, slots=True)
class Rule:
    """What good labels do, what to do where they do not, and where that is."""

    text: str
    remedy: str
    broken: Callable[[Audit], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Warned:
    """A rule that is broken, and the values that break it."""

    rule: Rule
    values: tuple[str, ...]


def audit(examples: Examples) -> Audit:
    """Look at the labels of a data set; pixels are not read.

    Args:
        examples: The data set. Its manifest needs ``label``; every other column may be absent,
            and what rests on it is then left out.

    Raises:
        DataError: If there is no example or no label at all.
    """
    table = charts.complete(examples.table)
    drawn = table.filter(pl.col("purpose") == "example")
    ladder = table.filter(pl.col("purpose") == "ladder")
    splits = charts.parts_of(table, "split")
    return Audit(
        name=examples.folder.name,
        whole=charts.group("all", table),
        splits=tuple(charts.group(name, part) for name, part in splits.items()),
        regions=_groups(table, "region"),
        cells={name: _groups(part, "region") for name, part in splits.items()},
        sources=_sources(table),
        relations=(*charts.relations(drawn, "dose"), *charts.relations(drawn, "views")),
        ladders=charts.relations(ladder, "dose"),
        orders=(*_orders(ladder, "Dose ladder"), *_orders(drawn, "Examples")),
        parts=_label_parts(drawn),
        level_patients=_level_patients(drawn),
        leaks={
            "split": _in_two(table, "split"),
            "fold": _in_two(table.filter(pl.col("fold") >= 0), "fold"),
        },
        outside=int((~table["label"].drop_nulls().is_between(*SCORE_RANGE)).sum()),
        picks=tuple(charts.picks(drawn)),
    )


def _orders(table: pl.DataFrame, name: str) -> tuple[Order, ...]:
    found = (
        order_along(table, "dose", f"{name}, label"),
        order_along(table, "dose", f"{name}, label before clipping", "raw"),
    )
    return tuple(order for order in found if order)


def _label_parts(table: pl.DataFrame) -> tuple[Part, ...]:
    names = sorted(name for name in table.columns if name.startswith("loss_"))
    columns = [charts.numbers(table[name]) for name in (*names, "label")]
    return tuple(
        Part(
            PARTS.get(name, name),
            missing=int((~np.isfinite(column)).sum()),
            low=float(np.nanmin(column, initial=np.inf)),
            high=float(np.nanmax(column, initial=-np.inf)),
            srocc=tuple(srocc(column, other) for other in columns),
        )
        for name, column in zip(names, columns, strict=False)
    )


def srocc(x: charts.Floats, y: charts.Floats) -> float:
    """Spearman's correlation of the finite pairs; NaN where there is no order to compare.

    >>> round(srocc(np.array([1.0, 2.0, np.nan, 9.0]), np.array([4.0, 3.0, 2.0, 0.0])), 6)
    -1.0
    """
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < 2 or min(np.ptp(x[known]), np.ptp(y[known])) == 0:
        return float("nan")
    ranks = [pl.Series(each[known]).rank().to_numpy() for each in (x, y)]
    return float(np.corrcoef(ranks)[0, 1])


def _level_patients(table: pl.DataFrame) -> dict[str, float]:
    spread = pl.col("label").std(ddof=0).alias("spread")
    found = table.group_by("patient").agg(spread, pl.col("label").count().alias("n"))
    level = found.filter((pl.col("spread") < LEAST_SPREAD) & (pl.col("n") > 2)).sort("patient")
    return dict(level.select("patient", "spread").rows())


def _in_two(table: pl.DataFrame, column: str) -> tuple[str, ...]:
    places = table.group_by("patient").agg(pl.col(column).n_unique())
    return tuple(places.filter(pl.col(column) > 1)["patient"].cast(pl.String).sort().to_list())


def _sources(table: pl.DataFrame) -> tuple[Source, ...]:
    parts = table.group_by("origin", "licence", maintain_order=True)
    found = [
        Source(str(licence), charts.group(str(origin), part)) for (origin, licence), part in parts
    ]
    return tuple(sorted(found, key=lambda each: (each.group.name, each.licence)))


def _groups(table: pl.DataFrame, column: str) -> tuple[charts.Group, ...]:
    return tuple(charts.group(name, part) for name, part in charts.parts_of(table, column).items())


def _tied(found: Audit) -> Iterator[str]:
    for each in found.groups:
        if each.ties and each.ties.share > MOST_TIED:
            yield f"{each.name}: {100 * each.ties.share:.1f} % are {each.ties.value:g}"


def _empty(found: Audit) -> Iterator[str]:
    for each in found.groups:
        if lacking := [word for word, n in zip(WORDS, each.grades, strict=True) if not n]:
            yield f"{each.name}: none {', '.join(lacking)}"


def _saturated(found: Audit) -> Iterator[str]:
    for each in found.regions:
        for end, there in zip(SCORE_RANGE, each.at_ends, strict=True):
            if there > MOST_SATURATED:
                yield f"{each.name}: {100 * there:.1f} % at {end:g}"


def _level(found: Audit) -> Iterator[str]:
    for patient, spread in found.level_patients.items():
        yield f"{patient}: SD {spread:.3f}"


def _rising(found: Audit) -> Iterator[str]:
    for order in found.orders:
        if order.risen:
            yield (
                f"{order.name}: {order.risen} of {order.slices} slices, "
                f"by up to {order.offenders[0].rise:.2f}"
            )


def _few(found: Audit) -> Iterator[str]:
    for each in found.splits:
        if each.patients < FEWEST_PATIENTS:
            yield f"{each.name}: {each.patients}"


def _useless(found: Audit) -> Iterator[str]:
    for part in found.parts:
        if part.missing:
            yield f"{part.name}: {part.missing} not finite"
        elif part.low == part.high:
            yield f"{part.name}: {part.low:g} everywhere"


def _unlabelled(found: Audit) -> Iterator[str]:
    for each in found.groups:
        if each.missing > MOST_MISSING * each.images:
            yield f"{each.name}: {each.missing} of {each.images}"


def _beyond(found: Audit) -> Iterator[str]:
    if found.outside:
        yield f"{found.outside} labels"


def _leaking(found: Audit) -> Iterator[str]:
    for place, patients in found.leaks.items():
        if patients:
            yield f"in more than one {place}: {', '.join(patients)}"


RULES = (
    Rule(
        f"No label is shared by more than {100 * MOST_TIED:g} % of the examples.",
        "Draw fewer degradations beyond the ends of the scale, or score in finer steps.",
        _tied,
    ),
    Rule(
        "Every grade, from bad to excellent, has examples.",
        "Draw degradations that reach it, or claim no agreement there.",
        _empty,
    ),
    Rule(
        f"At most {100 * MOST_SATURATED:g} % of a region's labels are at one end of the scale.",
        "Fit the range of doses and views to the region's own noise.",
        _saturated,
    ),
    Rule(
        f"The labels of one patient differ by a standard deviation of at least {LEAST_SPREAD:g}.",
        "Degrade that patient's slices further, or leave the patient out.",
        _level,
    ),
    Rule(
        f"A label rises by no more than {MOST_RISE:g} when only the dose falls.",
        "Look at the slices listed below, and at their parts; mend or leave out what rises.",
        _rising,
    ),
    Rule(
        f"Every split holds at least {FEWEST_PATIENTS} patients.",
        "Add patients or change the shares; an interval from so few patients means little.",
        _few,
    ),
    Rule(
        "Every part of the label is finite and varies.",
        "Leave the part out of the label, or mend the measure behind it.",
        _useless,
    ),
    Rule(
        f"At most {100 * MOST_MISSING:g} % of the images are without a label.",
        "Prepare again, or remove these images from the manifest.",
        _unlabelled,
    ),
    Rule(
        f"Labels lie on the scale from {SCORE_RANGE[0]:g} to {SCORE_RANGE[1]:g}.",
        "Rescale the scores when the data set is made.",
        _beyond,
    ),
    Rule(
        "No patient is in two splits or in two folds.",
        "Split by patient; until then every figure of agreement is too good.",
        _leaking,
    ),
)
"""What the labels of a data set must fulfil."""


def write_audit(examples: Examples, out: Path) -> None:
    """Write the audit of a data set as one HTML page that needs no other file and no network.

    The same data set always gives the same bytes.

    Args:
        examples: The data set.
        out: File to write.

    Raises:
        DataError: If there is no example or no label at all.
        OutputError: If the file cannot be written; what was there before is untouched.
    """
    found = audit(examples)
    pictures = [pictured(examples.folder, pick.row) for pick in found.picks]
    page = charts.render(
        audit=found,
        rules=RULES,
        broken={each.rule: each.values for each in found.warnings},
        picks=list(zip(found.picks, pictures, strict=True)),
    )
    write_bytes(out, page.encode("utf-8", "replace"))
