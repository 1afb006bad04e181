"""Evaluation of models on one split of a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ctiqa.evaluate.answers.answered import score_and_answers
from ctiqa.evaluate.conformal import interval_coverage
from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.degradations import DEGRADATION, with_degradation
from ctiqa.evaluate.logistic_mapping import LogisticMapping, logistic_mapping
from ctiqa.evaluate.notes import notes_on
from ctiqa.evaluate.predictors.predictor import (
    ExampleProgress,
    Predictor,
    score_examples,
)
from ctiqa.evaluate.reader_agreement import InterReaderEstimates, inter_reader_estimates
from ctiqa.evaluate.robustness.check import MOST_EXAMPLES, robustness_report
from ctiqa.evaluate.robustness.report import RobustnessReport
from ctiqa.evaluate.scale import DEFAULT_STEP
from ctiqa.evaluate.scan_scores import ScanAgreement, scan_agreement
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.evaluate.statistics import (
    Estimates,
    Part,
    bands_of,
    differences,
    estimates_of,
    part_of,
    rounded,
)
from ctiqa.metrics.agreement.intervals import Difference

WorkProgress = Callable[[str], ExampleProgress | None]
"""Given the name of a piece of work, returns its progress callback, if any."""

PARTS = {
    "region": "Region",
    DEGRADATION: "Degradation",
    "scanner_kernel": "Kernel",
    "variant": "Reconstruction",
    "scanner": "Scanner",
    "origin": "Source",
}
"""Columns that metrics are broken down by, and their titles."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of an evaluation.

    Attributes:
        round: Whether rounded scores are the main ones.
        robustness: Whether to run robustness checks.
        most: Most examples to run robustness checks on.
    """

    round: bool = False
    robustness: bool = False
    most: int = MOST_EXAMPLES


@dataclass(frozen=True, eq=False)
class ModelEvaluation:
    """One model on one split.

    Attributes:
        predictor: The model.
        scored: The examples with its scores as given.
        main: The same with the main scores: rounded if the options ask for it, else as given.
        given: Metrics of the scores as given.
        clipped: Metrics of the scores clipped to the scale of the labels.
        rounded: Metrics of the scores rounded to the grid of the labels.
        bands: Errors by grade of the label.
        parts: Errors by region, kernel, …, by column of :data:`PARTS`; by
            :data:`~ctiqa.evaluate.answers.answered.JUDGED` for a model that abstains.
        mapping: PLCC after a logistic mapping fitted on the validation split.
        coverage: Share of labels inside the prediction interval; ``None`` without one.
        scans: Agreement of scan scores.
        robustness: Results of the robustness checks; ``None`` if they were not run.
        answers: Accuracy of its other answers; empty if it gives scores alone.
    """

    predictor: Predictor
    scored: ScoredExamples
    main: ScoredExamples
    given: Estimates
    clipped: Estimates
    rounded: Estimates
    bands: tuple[Part, ...]
    parts: Mapping[str, tuple[Part, ...]]
    mapping: LogisticMapping
    coverage: float | None
    scans: ScanAgreement
    robustness: RobustnessReport | None
    answers: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All models on one split.

    Attributes:
        labelled: The examples.
        options: Options of the evaluation.
        models: Results of each model.
        differences: Paired differences between the models.
        notes: Caveats to read before the numbers.
        readers: Inter-reader agreement; ``None`` with fewer than two readers.
    """

    labelled: Labelled
    options: Options
    models: tuple[ModelEvaluation, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    readers: InterReaderEstimates | None = None

    @property
    def step(self) -> float:
        """Step that scores are rounded to, in units of the labels."""
        return self.labelled.step or DEFAULT_STEP * self.labelled.scale.grade

    def main_estimates(self, model: ModelEvaluation) -> Estimates:
        """Metrics of a model's main scores."""
        return model.rounded if self.options.round else model.given


def evaluate(
    predictors: Sequence[Predictor],
    labelled: Labelled,
    options: Options,
    progress: WorkProgress = lambda _: None,
) -> Evaluation:
    """Measure models on the examples of a split.

    Args:
        predictors: The models.
        labelled: The examples.
        options: Options of the evaluation.
        progress: Called with the name of every piece of work.

    Returns:
        All results.
    """
    models = tuple(_evaluate(each, labelled, options, progress) for each in predictors)
    named = {each.predictor.name: each.main for each in models}
    beyond = {each.predictor.name: each.scored.beyond for each in models}
    notes = tuple(notes_on(predictors, labelled, beyond, rounded=options.round))
    return Evaluation(
        labelled, options, models, differences(named), notes, inter_reader_estimates(labelled)
    )


def _evaluate(
    predictor: Predictor,
    labelled: Labelled,
    options: Options,
    progress: WorkProgress,
) -> ModelEvaluation:
    name, scale = predictor.name, labelled.scale
    scored, answered = score_and_answers(predictor, labelled, progress(f"{name}: {labelled.split}"))
    on_grid = scored.rescored(rounded(scored.score, labelled.step, scale))
    main = on_grid if options.round else scored
    return ModelEvaluation(
        predictor=predictor,
        scored=scored,
        main=main,
        given=estimates_of(scored),
        clipped=estimates_of(scored.clipped),
        rounded=estimates_of(on_grid),
        bands=bands_of(main),
        parts={**_parts(main), **answered.parts(main)},
        mapping=_mapping(predictor, labelled, scored, progress),
        coverage=_coverage(predictor, scored),
        scans=scan_agreement(main),
        robustness=robustness_report(
            predictor,
            labelled,
            scored,
            most=options.most,
            progress=progress(f"{name}: robustness"),
        )
        if options.robustness
        else None,
        answers=answered.facts,
    )


def _parts(scored: ScoredExamples) -> dict[str, tuple[Part, ...]]:
    """Parts by every column with at least two values."""
    table = with_degradation(scored.examples.table)
    found = {}
    for column in PARTS:
        if column not in table.columns:
            continue
        values = np.array([str(value or "unknown") for value in table[column].to_list()])
        names = sorted(set(values.tolist()))
        if len(names) > 1:
            found[column] = tuple(part_of(name, scored, values == name) for name in names)
    return found


def _mapping(
    predictor: Predictor,
    labelled: Labelled,
    measured: ScoredExamples,
    progress: WorkProgress,
) -> LogisticMapping:
    """PLCC after a logistic mapping that is fitted on the validation split."""
    if labelled.split == "validation":
        return LogisticMapping(why_not="the validation split is what is measured")
    held = labelled.of_purpose("example", "validation")
    if not len(held):
        return LogisticMapping(why_not="the data set has no validation split")
    if not predictor.knows(held):
        return LogisticMapping(why_not="scores of the validation split are not given")
    bar = progress(f"{predictor.name}: validation")
    validation = score_examples(predictor, held, labelled.scale, progress=bar)
    return logistic_mapping(validation, measured)


def _coverage(predictor: Predictor, scored: ScoredExamples) -> float | None:
    if predictor.interval is None:
        return None
    scale = scored.scale
    rule = predictor.interval
    in_grades = replace(rule, floor=rule.floor / (predictor.scale or scale).grade)
    score, spread = scale.grades(scored.unclipped), scored.spread / scale.grade
    return interval_coverage(in_grades, score, spread, scale.grades(scored.label))
