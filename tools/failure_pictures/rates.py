"""How often the model fails: tables by kind of degradation and by finding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from tools.answer_pictures import BODY

from ctiqa.data.manifest import DRAWN, finding_column
from ctiqa.data.simulation.findings import ARTEFACT_FINDINGS
from ctiqa.evaluate.degradations import DEGRADATION
from ctiqa.metrics.agreement.intervals import agreement_intervals
from ctiqa.recipe.network import FINDINGS

FAR = 1.0
"""Error in grades that is counted as far off."""

NARROW = 0.85
"""Share of labels inside the interval below which it is too narrow; 90 % are promised."""

OFTEN = 0.1
"""Share of slices far off that is worth a warning."""

RESAMPLES = 1000

NAMES = ARTEFACT_FINDINGS | {"kernel": "another kernel"}
"""Kinds of degradation that have another name on the page."""

Cells = tuple[str, ...]

BY_DEGRADATION: Cells = (
    "what was done to it",
    "slices",
    "patients",
    "mean error (95 % CI)",
    "bias",
    "largest over, under",
    "off by more than a grade",
    "label in the 90 % interval",
)

BY_FINDING: Cells = ("finding", "present in", "of these reported", "absent in", "reported there")


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of the score on slices of one kind.

    Attributes:
        name: The kind.
        part: The slices, with their verdicts.
    """

    name: str
    part: pl.DataFrame

    @property
    def far(self) -> float:
        """Share of the slices that are off by more than :data:`FAR`."""
        return self.part.filter(pl.col("error").abs() > FAR).height / len(self.part)

    @property
    def covered(self) -> float:
        """Share of the slices whose interval contains the label."""
        inside = pl.col("label").is_between(pl.col("low"), pl.col("high"))
        return self.part.filter(inside).height / len(self.part)

    @property
    def mean_error(self) -> str:
        """Mean absolute error; from two patients on, its interval from resampling them."""
        names = ("score", "label", "patient")
        score, label, patient = (self.part[name].to_numpy() for name in names)
        if len(set(patient)) == 1:
            return f"{np.abs(score - label).mean():.2f}"
        rng = np.random.default_rng(0)
        found = agreement_intervals(score, label, patient, rng, resamples=RESAMPLES)["mae"]
        return f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"

    @property
    def cells(self) -> Cells:
        """Their line of the table."""
        error = self.part["error"].to_numpy()
        return (
            self.name,
            f"{len(error):,}",
            str(self.part["patient"].n_unique()),
            self.mean_error,
            signed(float(error.mean()), 2),
            f"{signed(max(0.0, float(error.max())), 1)}, {signed(min(0.0, float(error.min())), 1)}",
            percent(self.far),
            percent(self.covered),
        )


def by_degradation(table: pl.DataFrame) -> str:
    """Errors of the score by what was done to the slice, of the patients that are scored."""
    scored = table.filter(
        pl.col("purpose") == "example", BODY, pl.col("origin") != DRAWN
    ).drop_nulls("score")
    counts = scored.group_by(DEGRADATION).len().sort("len", DEGRADATION, descending=[True, False])
    kinds = [
        Errors(NAMES.get(name, name), scored.filter(pl.col(DEGRADATION) == name))
        for name in counts[DEGRADATION]
    ]
    rows = [each.cells for each in (*kinds, Errors("**all**", scored))]
    narrow = [f"{each.name} ({percent(each.covered)})" for each in kinds if each.covered < NARROW]
    far = [f"{each.name} ({percent(each.far)})" for each in kinds if each.far >= OFTEN]
    return (
        f"{_table(BY_DEGRADATION, rows)}\n\n"
        f"The interval is too narrow, below {percent(NARROW)}, for: {_listed(narrow)}. Scores are "
        f"off by more than a grade in {percent(OFTEN)} of slices or more for: {_listed(far)}."
    )


@dataclass(frozen=True, slots=True)
class Reports:
    """How often a finding is reported.

    Attributes:
        name: The finding.
        present: Number of examples where it certainly is.
        hits: Number of these in which it is reported.
        absent: Number of examples where it certainly is not.
        alarms: Number of these in which it is reported.
    """

    name: str
    present: int
    hits: int
    absent: int
    alarms: int

    @property
    def cells(self) -> Cells:
        """Its line of the table."""
        hits, alarms = share(self.hits, self.present), share(self.alarms, self.absent)
        return self.name, f"{self.present:,}", hits, f"{self.absent:,}", alarms


def by_finding(table: pl.DataFrame) -> str:
    """Findings that are reported where they are certain, and where they are certainly absent."""
    drawn = table.filter(pl.col("purpose") == "example")
    found = [_reports(drawn, name) for name in FINDINGS]
    missed = [each.name for each in found if 2 * each.hits < each.present]
    return (
        f"{_table(BY_FINDING, [each.cells for each in found])}\n\n"
        f"Missed more often than reported: {_listed(missed)}."
    )


def _reports(drawn: pl.DataFrame, name: str) -> Reports:
    true = pl.col(finding_column(name))
    present, absent = (drawn.filter(true == value)["reported"] for value in (1, 0))
    hits, alarms = (int(each.list.contains(name).sum()) for each in (present, absent))
    return Reports(name, len(present), hits, len(absent), alarms)


def percent(part: float) -> str:
    """A share in whole percent.

    >>> percent(0.794)
    '79 %'
    """
    return f"{100 * part:.0f} %"


def share(part: int, of: int) -> str:
    """A count with its percentage.

    >>> share(2, 60), share(0, 0)
    ('2 (3 %)', '–')
    """
    return f"{part} ({percent(part / of)})" if of else "–"


def signed(value: float, digits: int) -> str:
    """A number with its sign, a true minus.

    >>> signed(-0.04, 2), signed(1.23, 1)
    ('−0.04', '+1.2')
    """
    return f"{value:+.{digits}f}".replace("-", "−")


def _table(head: Cells, rows: list[Cells]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "no kind"
