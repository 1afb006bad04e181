"""Robustness checks: invariance, monotonicity and repeatability of a score.

No labels are needed: only a perturbation of the image and the change of the score. All values are
in grades, quarters of the scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from ctiqa.data.manifest import FILTERED, Examples
from ctiqa.errors import CtiqaError
from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.degradations import plain_examples
from ctiqa.evaluate.dose_relations import QUANTILES
from ctiqa.evaluate.manifest_table import numbers, parts_of, share
from ctiqa.evaluate.monotonicity import MOST_RISE, Monotonicity, monotonicity_along
from ctiqa.evaluate.predictors.predictor import (
    BATCH,
    ExampleProgress,
    ImageChange,
    Predictor,
    score_examples,
)
from ctiqa.evaluate.robustness.filters import FilterResponse, filter_responses
from ctiqa.evaluate.robustness.perturbations import PERTURBATIONS
from ctiqa.evaluate.robustness.pointing import pointing
from ctiqa.evaluate.robustness.report import (
    GROUPS,
    STILL,
    Outcome,
    Repeatability,
    RobustnessReport,
    ScoreChange,
)
from ctiqa.evaluate.scored import LABEL, SCORE, ScoredExamples
from ctiqa.types import Floats

MOST_EXAMPLES = 96
"""Default number of examples to run robustness checks on."""

ALONG = ("dose", "views")


def robustness_report(
    predictor: Predictor,
    labelled: Labelled,
    scored: ScoredExamples,
    *,
    most: int = MOST_EXAMPLES,
    progress: ExampleProgress | None = None,
) -> RobustnessReport:
    """Run all perturbations on a predictor, and check monotonicity with dose and views.

    Args:
        predictor: The predictor; of a table of scores only monotonicity is checked.
        labelled: The examples.
        scored: The examples with its scores.
        most: Most examples to perturb, spread over regions, kernels and labels.
        progress: Called with (slices scored, slices in total).

    Returns:
        The report.
    """
    chosen = stratified(labelled.examples, most if predictor.estimate else 0)
    ladder, sharper, filtered = (
        each if predictor.knows(each) else Examples(each.folder, each.table.clear())
        for each in map(labelled.of_purpose, ("ladder", "sharper", FILTERED))
    )
    checks = [each for each in (ladder, sharper) if len(each)]
    total = (len(PERTURBATIONS) + 3) * len(chosen) + sum(map(len, (*checks, filtered)))
    next_pass = _passes(progress, total)
    perturbed = _Perturbed(predictor, labelled, chosen, next_pass)
    tables = [scored.graded_table]
    for each in checks:
        more = score_examples(predictor, each, labelled.scale, progress=next_pass())
        tables.append(more.graded_table)
    whole = pl.concat(tables, how="vertical_relaxed")
    return RobustnessReport(
        n=len(chosen),
        patients=chosen.table["patient"].n_unique(),
        repeated=perturbed.repeated() if len(chosen) else None,
        outcomes=tuple(perturbed.outcomes()) if len(chosen) else (),
        monotonicity=_monotonicity(whole),
        by_part={
            column: {value: _monotonicity(part) for value, part in parts_of(whole, column).items()}
            for column in GROUPS
            if column in whole.columns
        },
        sharper=sharper_share(whole),
        filters=_filters(predictor, labelled, filtered, next_pass),
        pointing=pointing(predictor.answer, plain_examples(chosen)) if predictor.answer else {},
    )


def _filters(
    predictor: Predictor,
    labelled: Labelled,
    filtered: Examples,
    next_pass: Callable[[], ExampleProgress],
) -> dict[str, FilterResponse]:
    """Responses to filters, of scores clipped to the scale as users get them."""
    if not len(filtered):
        return {}
    scored = score_examples(predictor, filtered, labelled.scale, progress=next_pass())
    return filter_responses(scored.clipped.graded_table)


def stratified(examples: Examples, most: int) -> Examples:
    """At most ``most`` examples, spread evenly over regions, kernels, patients and labels."""
    columns = [name for name in (*GROUPS, "patient", "label") if name in examples.table.columns]
    table = examples.table.sort(*columns, maintain_order=True)
    places = np.linspace(0, len(table) - 1, min(most, len(table))).round().astype(int)
    return Examples(examples.folder, table[places.tolist()])


def _passes(progress: ExampleProgress | None, total: int) -> Callable[[], ExampleProgress]:
    """Progress callbacks that count several passes over examples as one piece of work."""
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
class _Perturbed:
    """A predictor on the examples to perturb."""

    predictor: Predictor
    labelled: Labelled
    chosen: Examples
    next_pass: Callable[[], ExampleProgress]

    @cached_property
    def plain(self) -> Floats:
        """Scores of the unperturbed slices, in grades."""
        return self.grades()

    def grades(self, change: ImageChange | None = None, batch: int = BATCH) -> Floats:
        """Scores of perturbed slices, in grades."""
        scale, progress = self.labelled.scale, self.next_pass()
        scored = score_examples(
            self.predictor, self.chosen, scale, change=change, progress=progress, batch=batch
        )
        return scored.grades[0]

    def repeated(self) -> Repeatability:
        """Score all slices again, and once more one by one."""
        again, alone = self.grades(), self.grades(batch=1)
        return Repeatability(
            same_bits=share(again == self.plain),
            alone=share(alone == self.plain),
            largest=float(np.abs(np.stack([again, alone]) - self.plain).max()),
        )

    def outcomes(self) -> Iterator[Outcome]:
        """Score all perturbations."""
        for each in PERTURBATIONS:
            try:
                change = self.grades(each.change) - self.plain
            except CtiqaError as error:
                # A network may support a single matrix size: a finding, not a failure.
                yield Outcome(each.name, each.aim, None, refused=str(error))
                continue
            quantiles = np.quantile(change, QUANTILES).tolist()
            yield Outcome(
                each.name, each.aim, score_change(change), tuple(quantiles), self._parts(change)
            )

    def _parts(self, change: Floats) -> dict[str, dict[str, ScoreChange]]:
        table = self.chosen.table.with_columns(pl.Series("change", change))
        return {
            column: {
                value: score_change(numbers(part["change"]))
                for value, part in parts_of(table, column).items()
            }
            for column in GROUPS
            if column in table.columns
        }


def score_change(change: Floats) -> ScoreChange:
    """Summary of score changes.

    Args:
        change: Score after − score before, in grades [n].

    >>> score_change(np.array([0.0, -0.1, -0.4, 0.1])).within
    0.75
    """
    distance = np.abs(change)
    # A difference of two floats may exceed a tenth of a grade by rounding.
    still = distance <= STILL + 1e-9
    return ScoreChange(
        n=len(change),
        within=share(still),
        mean=float(distance.mean()),
        bias=float(change.mean()),
        largest=float(distance.max()),
        fell=share(change < -MOST_RISE),
        rose=share(change > MOST_RISE),
    )


def _monotonicity(table: pl.DataFrame) -> dict[str, dict[str, Monotonicity]]:
    found = {
        along: {
            name: monotonicity_along(table, along, name, column)
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
        table: Rows of a manifest with their scores in column :data:`SCORE`.

    Returns:
        The share; ``None`` if there is no sharper reconstruction.
    """
    plain = table.filter(pl.col("purpose") == "example", pl.col("row") == 0)
    sharper = table.filter(pl.col("purpose") == "sharper")
    both = sharper.join(plain, on="shard", suffix="_plain")
    if both.is_empty():
        return None
    return share((both[SCORE] <= both[f"{SCORE}_plain"]).to_numpy())
