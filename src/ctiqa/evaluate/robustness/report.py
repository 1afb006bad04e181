"""Results of robustness checks: score changes under perturbations, monotonicity, repeatability.

All values are in grades, quarters of the scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ctiqa.evaluate.monotonicity import MOST_RISE, Monotonicity
from ctiqa.evaluate.robustness.filters import FilterResponse, as_facts
from ctiqa.evaluate.robustness.perturbations import Aim
from ctiqa.evaluate.robustness.pointing import Pointing

STILL = 0.1
"""Largest change, in grades, of a score that counts as unchanged: reports print one decimal."""

GROUPS = ("region", "scanner_kernel")
"""Columns that the results are broken down by."""

MonotonicityTable = Mapping[str, Mapping[str, Monotonicity]]


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """Summary of the changes of scores, in grades.

    Attributes:
        n: Number of examples.
        within: Share of changes of at most :data:`STILL`.
        mean: Mean absolute change.
        bias: Mean change; negative if scores fall.
        largest: Largest absolute change.
        fell: Share that fell by more than :data:`ctiqa.evaluate.monotonicity.MOST_RISE`.
        rose: Share that rose by more than that.
    """

    n: int
    within: float
    mean: float
    bias: float
    largest: float
    fell: float
    rose: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Changes of the score under one perturbation.

    Attributes:
        name: The perturbation.
        aim: What is expected, see :class:`ctiqa.evaluate.robustness.perturbations.Perturbation`.
        moved: Changes of all examples; ``None`` if the model cannot score perturbed slices.
        quantiles: Change at the quantiles of :data:`ctiqa.evaluate.dose_relations.QUANTILES`.
        parts: Changes by value, by column of :data:`GROUPS`.
        refused: Why the model cannot score perturbed slices.
    """

    name: str
    aim: Aim
    moved: ScoreChange | None
    quantiles: tuple[float, ...] = ()
    parts: Mapping[str, Mapping[str, ScoreChange]] | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Whether the same slice gets the same score.

    Attributes:
        same_bits: Share of examples with a bit-identical score when scored again.
        alone: Share of examples with a bit-identical score when scored one by one.
        largest: Largest difference in both cases, in grades.
    """

    same_bits: float
    alone: float
    largest: float


@dataclass(frozen=True, slots=True)
class RobustnessReport:
    """Robustness of one predictor on one split.

    Attributes:
        n: Number of perturbed examples.
        patients: Number of their patients.
        repeated: Repeatability; ``None`` for a table of scores.
        outcomes: Result of each perturbation; empty for a table of scores.
        monotonicity: Monotonicity of the score and, for comparison, the label: by ``dose`` or
            ``views``, then by ``score`` or ``label``.
        by_part: Monotonicity by value, by column of :data:`GROUPS`.
        sharper: Share of slices whose sharper reconstruction scores no higher; ``None`` if the
            data set has none.
        filters: Responses to filters of the image: ``all``, and every family by name; empty if
            the data set has no filtered images.
    """

    n: int
    patients: int
    repeated: Repeatability | None
    outcomes: tuple[Outcome, ...]
    monotonicity: MonotonicityTable
    by_part: Mapping[str, Mapping[str, MonotonicityTable]]
    sharper: float | None
    filters: Mapping[str, FilterResponse] = field(default_factory=dict)
    pointing: Mapping[str, Pointing] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """All results, for a file."""
        return {
            "examples": self.n,
            "patients": self.patients,
            "still": STILL,
            "level": MOST_RISE,
            "repeated": None if self.repeated is None else asdict(self.repeated),
            "changes": {each.name: asdict(each) for each in self.outcomes},
            "orders": _monotonicity_dict(self.monotonicity),
            "orders_by": {
                column: {value: _monotonicity_dict(orders) for value, orders in parts.items()}
                for column, parts in self.by_part.items()
            },
            "sharper_no_higher": self.sharper,
            "filters": as_facts(self.filters),
            "map": {name: asdict(each) for name, each in self.pointing.items()},
        }


def _monotonicity_dict(orders: MonotonicityTable) -> dict[str, Any]:
    return {
        along: {name: _row_dict(order) for name, order in each.items()}
        for along, each in orders.items()
    }


def _row_dict(order: Monotonicity) -> dict[str, Any]:
    return {
        "slices": order.slices,
        "always_falls": order.strict,
        "never_rises": order.weak,
        "within_level": 1 - order.risen / order.slices,
        "greatest_rise": order.greatest,
    }
