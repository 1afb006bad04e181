"""What a property report holds: how scores moved under changes, and how they follow dose and views.

All figures are in grades, quarters of the scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ctiqa.evaluate.monotonicity import MOST_RISE, Order
from ctiqa.evaluate.robustness.perturbations import Aim

STILL = 0.1
"""A score that moves no further than this, in grades, has stayed: reports print one decimal."""

GROUPS = ("region", "scanner_kernel")
"""Columns that the report is broken down by."""

Orders = Mapping[str, Mapping[str, Order]]


@dataclass(frozen=True, slots=True)
class Moved:
    """How far scores moved, in grades.

    Attributes:
        n: Examples.
        within: Share that moved by at most :data:`STILL`.
        mean: Mean distance moved.
        bias: Mean change; negative where scores fall.
        largest: Largest distance.
        fell: Share that fell by more than :data:`ctiqa.evaluate.monotonicity.MOST_RISE`.
        rose: Share that rose by more.
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
    """What the score did under one change.

    Attributes:
        name: The change.
        aim: What is expected, see :class:`ctiqa.evaluate.robustness.perturbations.Property`.
        moved: All examples; ``None`` where the model cannot score the changed slices.
        quantiles: Change at the quantiles of :data:`ctiqa.evaluate.dose_relations.QUANTILES`.
        parts: The same by value, by column of :data:`GROUPS`.
        refused: Why the model cannot score them.
    """

    name: str
    aim: Aim
    moved: Moved | None
    quantiles: tuple[float, ...] = ()
    parts: Mapping[str, Mapping[str, Moved]] | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Repeated:
    """Whether the same slice gets the same score.

    Attributes:
        same_bits: Share of examples whose score is the same to the bit when scored again.
        alone: Share that keep their score when they are scored one by one.
        largest: Largest difference of both, in grades.
    """

    same_bits: float
    alone: float
    largest: float


@dataclass(frozen=True, slots=True)
class PropertyReport:
    """All properties of one predictor on one split.

    Attributes:
        n: Examples that changes were tried on.
        patients: Their patients.
        repeated: Repeatability; ``None`` for a table of scores.
        outcomes: What the score did under each change; empty for a table of scores.
        orders: How the score and, for comparison, the label follow dose and views: by what falls,
            then by ``score`` or ``label``.
        by_part: The same by value, by column of :data:`GROUPS`.
        sharper: Share of slices whose sharper reconstruction scores no higher; ``None`` where
            the data set has none.
    """

    n: int
    patients: int
    repeated: Repeated | None
    outcomes: tuple[Outcome, ...]
    orders: Orders
    by_part: Mapping[str, Mapping[str, Orders]]
    sharper: float | None

    def as_dict(self) -> dict[str, Any]:
        """All figures, for a file."""
        return {
            "examples": self.n,
            "patients": self.patients,
            "still": STILL,
            "level": MOST_RISE,
            "repeated": None if self.repeated is None else asdict(self.repeated),
            "changes": {each.name: asdict(each) for each in self.outcomes},
            "orders": _orders_dict(self.orders),
            "orders_by": {
                column: {value: _orders_dict(orders) for value, orders in parts.items()}
                for column, parts in self.by_part.items()
            },
            "sharper_no_higher": self.sharper,
        }


def _orders_dict(orders: Orders) -> dict[str, Any]:
    return {
        along: {name: _order_dict(order) for name, order in each.items()}
        for along, each in orders.items()
    }


def _order_dict(order: Order) -> dict[str, Any]:
    return {
        "slices": order.slices,
        "always_falls": order.strict,
        "never_rises": order.weak,
        "within_level": 1 - order.risen / order.slices,
        "greatest_rise": order.greatest,
    }
