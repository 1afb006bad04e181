"""Caveats of an evaluation: few patients, leakage, unknown training data, clipping, rounding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ctiqa.errors import some
from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.predictors.predictor import Predictor

FEW_PATIENTS = 20
"""With fewer clusters a cluster bootstrap is known to give intervals that are too narrow."""


def notes_on(
    predictors: Sequence[Predictor], labelled: Labelled, beyond: Mapping[str, int], *, rounded: bool
) -> Iterator[str]:
    """Caveats to read before the results of an evaluation.

    Args:
        predictors: The models.
        labelled: The examples they are evaluated on.
        beyond: Number of scores beyond the scale, by name of the model.
        rounded: Whether rounded scores are the main ones.
    """
    if labelled.left_out:
        yield (
            f"{len(labelled.left_out)} patients of the split were left out because a model was "
            f"trained or validated on them: {some(labelled.left_out)}."
        )
    if labelled.split != "test":
        yield f"The {labelled.split} split is used in training: its metrics are optimistic."
    if labelled.shared:
        yield (
            f"{len(labelled.shared)} of {labelled.patients} patients of the split are in another "
            f"split as well ({some(labelled.shared)}): all metrics are optimistic."
        )
    if labelled.patients < 2:
        yield "All examples are of one patient: there are no intervals and no differences."
    elif labelled.patients < FEW_PATIENTS:
        yield (
            f"{labelled.patients} patients are few: p values are approximate, and intervals "
            "tend to be too narrow."
        )
    learnt = [each for each in predictors if each.kind != "reference"]
    unknown = [each.name for each in learnt if each.trained_on is None]
    other = [each.name for each in learnt if each.trained_on not in {None, labelled.content}]
    if (unknown or other) and not labelled.left_out:
        yield (
            f"Trained on other or unknown data: {some([*other, *unknown])}. Whether these patients "
            "were among them is not known; --trained-on leaves such patients out."
        )
    if counts := [f"{count} scores of {name}" for name, count in beyond.items() if count]:
        yield (
            f"{', '.join(counts)} lie beyond the scale. The main metrics are of scores as given; "
            "metrics of clipped scores have their own column."
        )
    if rounded:
        yield "The main metrics are of rounded scores, which raises τb if labels have ties."
