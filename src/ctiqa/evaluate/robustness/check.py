"""The property report: does a score stay, follow and repeat as a measure of quality must?

Nothing here needs a label: a change of the image and what the score does under it. All figures
are in grades, quarters of the scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.errors import CtiqaError
from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.dose_relations import QUANTILES
from ctiqa.evaluate.manifest_table import numbers, parts_of, share
from ctiqa.evaluate.monotonicity import MOST_RISE, Order, order_along
from ctiqa.evaluate.predictors.predictor import (
    BATCH,
    ExampleProgress,
    ImageChange,
    Predictor,
    score_examples,
)
from ctiqa.evaluate.robustness.perturbations import PROPERTIES
from ctiqa.evaluate.robustness.report import (
    GROUPS,
    STILL,
    Moved,
    Outcome,
    PropertyReport,
    Repeated,
)
from ctiqa.evaluate.scored import LABEL, SCORE, ScoredExamples
from ctiqa.types import Floats

MOST_EXAMPLES = 96
"""Examples that changes are tried on, unless more are asked for."""

ALONG = ("dose", "views")


def property_report(
    predictor: Predictor,
    labelled: Labelled,
    scored: ScoredExamples,
    *,
    most: int = MOST_EXAMPLES,
    progress: ExampleProgress | None = None,
) -> PropertyReport:
    """Try all changes on a model, and see whether its score follows dose and views.

    Args:
        predictor: Who scores; a table of scores is not changed, only ordered.
        labelled: The examples.
        scored: The examples with its scores.
        most: Examples that changes are tried on, spread over regions, kernels and labels.
        progress: Told (slices scored, slices to score).

    Returns:
        The report.
    """
    chosen = spread_out(labelled.examples, most if predictor.estimate else 0)
    checks = [each for each in map(labelled.of_purpose, ("ladder", "sharper")) if len(each)]
    checks = [each for each in checks if predictor.knows(each)]
    total = (len(PROPERTIES) + 3) * len(chosen) + sum(map(len, checks))
    next_pass = _passes(progress, total)
    tried = _Tried(predictor, labelled, chosen, next_pass)
    tables = [scored.graded_table]
    for each in checks:
        more = score_examples(predictor, each, labelled.scale, progress=next_pass())
        tables.append(more.graded_table)
    whole = pl.concat(tables, how="vertical_relaxed")
    return PropertyReport(
        n=len(chosen),
        patients=chosen.table["patient"].n_unique(),
        repeated=tried.repeated() if len(chosen) else None,
        outcomes=tuple(tried.outcomes()) if len(chosen) else (),
        orders=_orders(whole),
        by_part={
            column: {value: _orders(part) for value, part in parts_of(whole, column).items()}
            for column in GROUPS
            if column in whole.columns
        },
        sharper=sharper_share(whole),
    )


def spread_out(examples: Examples, most: int) -> Examples:
    """At most so many examples, spread evenly over regions, kernels, patients and labels."""
    columns = [name for name in (*GROUPS, "patient", "label") if name in examples.table.columns]
    table = examples.table.sort(*columns, maintain_order=True)
    places = np.linspace(0, len(table) - 1, min(most, len(table))).round().astype(int)
    return Examples(examples.folder, table[places.tolist()])


def _passes(progress: ExampleProgress | None, total: int) -> Callable[[], ExampleProgress]:
    """Several passes over examples counted as one piece of work."""
    done = 0

    def next_pass() -> ExampleProgress:
        before = done

        def count_on(count: int, _: int) -> None:
            nonlocal done
            done = before + count
            if progress:
                progress(done, total)

        return count_on

    return next_pass


@dataclass(frozen=True, eq=False)
class _Tried:
    """A predictor on the examples that changes are tried on."""

    predictor: Predictor
    labelled: Labelled
    chosen: Examples
    next_pass: Callable[[], ExampleProgress]

    @cached_property
    def plain(self) -> Floats:
        """Scores of the slices as they are, in grades."""
        return self.grades()

    def grades(self, change: ImageChange | None = None, batch: int = BATCH) -> Floats:
        """Scores under a change, in grades."""
        scale, progress = self.labelled.scale, self.next_pass()
        scored = score_examples(
            self.predictor, self.chosen, scale, change=change, progress=progress, batch=batch
        )
        return scored.grades[0]

    def repeated(self) -> Repeated:
        """Score everything twice, and once slice by slice."""
        again, alone = self.grades(), self.grades(batch=1)
        return Repeated(
            same_bits=share(again == self.plain),
            alone=share(alone == self.plain),
            largest=float(np.abs(np.stack([again, alone]) - self.plain).max()),
        )

    def outcomes(self) -> Iterator[Outcome]:
        """Try all changes."""
        for each in PROPERTIES:
            try:
                change = self.grades(each.change) - self.plain
            except CtiqaError as error:
                # A network may be made for one matrix alone; that is a finding, not a failure.
                yield Outcome(each.name, each.aim, None, refused=str(error))
                continue
            quantiles = np.quantile(change, QUANTILES).tolist()
            yield Outcome(each.name, each.aim, moved(change), tuple(quantiles), self._parts(change))

    def _parts(self, change: Floats) -> dict[str, dict[str, Moved]]:
        table = self.chosen.table.with_columns(pl.Series("change", change))
        return {
            column: {
                value: moved(numbers(part["change"]))
                for value, part in parts_of(table, column).items()
            }
            for column in GROUPS
            if column in table.columns
        }


def moved(change: Floats) -> Moved:
    """How far scores moved.

    Args:
        change: Score after less score before, in grades [n].

    >>> moved(np.array([0.0, -0.1, -0.4, 0.1])).within
    0.75
    """
    distance = np.abs(change)
    # A tenth of a grade as a difference of two floats may come out a hair longer.
    still = distance <= STILL + 1e-9
    return Moved(
        n=len(change),
        within=share(still),
        mean=float(distance.mean()),
        bias=float(change.mean()),
        largest=float(distance.max()),
        fell=share(change < -MOST_RISE),
        rose=share(change > MOST_RISE),
    )


def _orders(table: pl.DataFrame) -> dict[str, dict[str, Order]]:
    found = {
        along: {
            name: order_along(table, along, name, column)
            for name, column in (("score", SCORE), ("label", LABEL))
        }
        for along in ALONG
    }
    known = {
        along: {name: order for name, order in orders.items() if order}
        for along, orders in found.items()
    }
    return {along: orders for along, orders in known.items() if orders}


def sharper_share(table: pl.DataFrame) -> float | None:
    """Share of slices whose sharper reconstruction scores no higher than the slice itself.

    Args:
        table: Rows of a manifest with their score in the column :data:`SCORE`.

    Returns:
        The share; ``None`` where there is no sharper reconstruction.
    """
    plain = table.filter(pl.col("purpose") == "example", pl.col("row") == 0)
    sharper = table.filter(pl.col("purpose") == "sharper")
    both = sharper.join(plain, on="shard", suffix="_plain")
    if both.is_empty():
        return None
    return share((both[SCORE] <= both[f"{SCORE}_plain"]).to_numpy())
