"""Models on one split of one data set: every table, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctiqa.data.manifest import Examples
from ctiqa.errors import some
from ctiqa.evaluate.conformal import interval_coverage
from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.degradations import DEGRADATION, with_degradation
from ctiqa.evaluate.logistic_mapping import Mapped, mapped_plcc
from ctiqa.evaluate.predictors.predictor import (
    ExampleProgress,
    Predictions,
    Predictor,
    score_examples,
)
from ctiqa.evaluate.reader_agreement import Readers, readers_of
from ctiqa.evaluate.robustness.check import MOST_EXAMPLES, property_report
from ctiqa.evaluate.robustness.report import PropertyReport
from ctiqa.evaluate.scale import USUAL_STEP
from ctiqa.evaluate.scan_scores import ScanFigures, scan_figures
from ctiqa.evaluate.statistics import (
    Figure,
    Pairs,
    Part,
    bands_of,
    differences,
    figures_of,
    pairs_on,
    part_of,
    rounded,
)
from ctiqa.metrics.agreement.intervals import Difference
from ctiqa.types import Floats

PARTS = {
    "region": "Region",
    DEGRADATION: "Degradation",
    "scanner_kernel": "Kernel",
    "variant": "Reconstruction",
    "scanner": "Scanner",
    "origin": "Source",
}
"""Columns that figures are broken down by, and what they are called."""


FEW_PATIENTS = 20
"""Below this many clusters a bootstrap of clusters is known to be too sure of itself."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for besides the figures.

    Attributes:
        round: Whether rounded scores are the main ones.
        properties: Whether properties are tried.
        most: Examples that changes are tried on.
    """

    round: bool = False
    properties: bool = False
    most: int = MOST_EXAMPLES


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything about one model on one split.

    Attributes:
        predictor: The model.
        scores: Its scores as given.
        pairs: Scores and labels: rounded, where rounded ones are the main ones.
        given: Figures of the scores as given.
        clipped: Figures of the scores clipped to the scale of the labels.
        rounded: Figures of the scores rounded to the grid of the labels.
        bands: Errors by grade of the label.
        parts: Errors by region, kernel, …, by column of :data:`PARTS`.
        mapped: PLCC after a logistic mapping fitted on the validation split.
        coverage: Share of the labels in the prediction interval, for models that have one.
        scans: Agreement of scan scores.
        properties: The property report, where it was asked for.
    """

    predictor: Predictor
    scores: Predictions
    pairs: Pairs
    given: Mapping[str, Figure]
    clipped: Mapping[str, Figure]
    rounded: Mapping[str, Figure]
    bands: tuple[Part, ...]
    parts: Mapping[str, tuple[Part, ...]]
    mapped: Mapped
    coverage: float | None
    scans: ScanFigures
    properties: PropertyReport | None

    @property
    def score(self) -> Floats:
        """The main scores [n]."""
        return self.pairs.score


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All models on one split.

    Attributes:
        labelled: The examples.
        options: What was asked for.
        models: What was found of each model.
        differences: Paired differences of the models.
        notes: What must be known before a number is believed.
        readers: How far readers agree with each other; ``None`` where there is no more than one.
    """

    labelled: Labelled
    options: Options
    models: tuple[Measured, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    readers: Readers | None = None

    @property
    def step(self) -> float:
        """Step that scores are rounded to, in units of the labels."""
        return self.labelled.step or USUAL_STEP * self.labelled.scale.grade


def evaluate(
    predictors: Sequence[Predictor],
    labelled: Labelled,
    options: Options,
    progress: Callable[[str], ExampleProgress | None] = lambda _: None,
) -> Evaluation:
    """Measure models on the examples of a split.

    Args:
        predictors: The models.
        labelled: The examples.
        options: What is asked for.
        progress: Given a piece of work in words, says whom to tell of it.

    Returns:
        Every table.
    """
    models = tuple(_measure(each, labelled, options, progress) for each in predictors)
    named = {each.predictor.name: each.pairs for each in models}
    beyond = {each.predictor.name: each.scores.beyond for each in models}
    notes = tuple(_notes(predictors, labelled, options, beyond))
    return Evaluation(labelled, options, models, differences(named), notes, readers_of(labelled))


def _measure(
    predictor: Predictor,
    labelled: Labelled,
    options: Options,
    progress: Callable[[str], ExampleProgress | None],
) -> Measured:
    name, scale = predictor.name, labelled.scale
    scores = score_examples(
        predictor, labelled.examples, scale, progress=progress(f"{name}: {labelled.split}")
    )
    given = pairs_on(labelled, scores.score)
    on_grid = pairs_on(labelled, rounded(scores.score, labelled.step, scale))
    pairs = on_grid if options.round else given
    return Measured(
        predictor=predictor,
        scores=scores,
        pairs=pairs,
        given=figures_of(given),
        clipped=figures_of(pairs_on(labelled, scores.clipped)),
        rounded=figures_of(on_grid),
        bands=bands_of(pairs),
        parts=_parts(labelled, pairs),
        mapped=_mapped(predictor, labelled, given, progress),
        coverage=_coverage(predictor, scores, labelled),
        scans=scan_figures(labelled, pairs.score),
        properties=property_report(
            predictor,
            labelled,
            scores,
            most=options.most,
            progress=progress(f"{name}: properties"),
        )
        if options.properties
        else None,
    )


def _parts(labelled: Labelled, pairs: Pairs) -> dict[str, tuple[Part, ...]]:
    """Parts of every column that tells examples apart."""
    table = with_degradation(labelled.examples.table)
    found = {}
    for column in PARTS:
        if column not in table.columns:
            continue
        values = np.array([str(value or "unknown") for value in table[column].to_list()])
        names = sorted(set(values.tolist()))
        if len(names) > 1:
            found[column] = tuple(part_of(name, pairs, values == name) for name in names)
    return found


def _mapped(
    predictor: Predictor,
    labelled: Labelled,
    given: Pairs,
    progress: Callable[[str], ExampleProgress | None],
) -> Mapped:
    """PLCC of the mapped scores, the mapping fitted on examples that are not measured."""
    if labelled.split == "validation":
        return Mapped(why_not="the validation split is what is measured")
    held: Examples = labelled.of_purpose("example", "validation")
    if not len(held):
        return Mapped(why_not="the data set has no validation split")
    if not predictor.knows(held):
        return Mapped(why_not="scores of the validation split are not given")
    told = progress(f"{predictor.name}: validation")
    scores = score_examples(predictor, held, labelled.scale, progress=told)
    return mapped_plcc(scores.score, held.column("label").astype(np.float64), given)


def _coverage(predictor: Predictor, scores: Predictions, labelled: Labelled) -> float | None:
    if predictor.interval is None:
        return None
    grade = labelled.scale.grade / (predictor.scale or labelled.scale).grade
    return interval_coverage(
        predictor.interval, scores.clipped, scores.spread, labelled.label, grade=grade
    )


def _notes(
    predictors: Sequence[Predictor],
    labelled: Labelled,
    options: Options,
    beyond: Mapping[str, int],
) -> Iterator[str]:
    if labelled.left_out:
        yield (
            f"{len(labelled.left_out)} patients of the split were left out because a model was "
            f"trained or validated on them: {some(labelled.left_out)}."
        )
    if labelled.split != "test":
        yield f"These are examples to learn from: figures of the {labelled.split} split flatter."
    if labelled.shared:
        yield (
            f"{len(labelled.shared)} of {labelled.patients} patients of the split are in another "
            f"split as well ({some(labelled.shared)}): every figure is too good."
        )
    if labelled.patients < 2:
        yield "All examples are of one patient: there are no intervals and no differences."
    elif labelled.patients < FEW_PATIENTS:
        yield (
            f"{labelled.patients} patients are few: intervals and p are rough, rather too narrow "
            "than too wide."
        )
    learnt = [each for each in predictors if each.kind != "reference"]
    unknown = [each.name for each in learnt if each.trained_on is None]
    other = [each.name for each in learnt if each.trained_on not in {None, labelled.content}]
    if (unknown or other) and not labelled.left_out:
        yield (
            f"Made from other data, or from data not stated: {some([*other, *unknown])}. Whether "
            "these patients were trained on is not known; --trained-on leaves such patients out."
        )
    if counts := [f"{count} scores of {name}" for name, count in beyond.items() if count]:
        yield (
            f"{', '.join(counts)} lie beyond the scale. The main figures are of scores as given; "
            "clipped to the scale they have a column of their own."
        )
    if options.round:
        yield "The main figures are of rounded scores, which τb rewards where labels have ties."
