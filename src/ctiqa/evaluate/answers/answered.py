"""Scores of a model together with its other answers, from one pass over the examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.evaluate.answers.estimates import answer_facts, answers_to, judged_examples
from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.predictors.predictor import (
    ExampleProgress,
    Predictor,
    score_examples,
    scored_outputs,
)
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.evaluate.statistics import Part, part_of

JUDGED = "judged"
"""Name of the parts of the examples that a model scores and abstains from."""


@dataclass(frozen=True, eq=False)
class Answered:
    """Answers of a model besides the scores.

    Attributes:
        facts: Their accuracy; empty for a model that gives scores alone.
        judged: Whether the model scores each example, or abstains [n].
    """

    facts: Mapping[str, Any]
    judged: npt.NDArray[np.bool_]

    def parts(self, scored: ScoredExamples) -> dict[str, tuple[Part, ...]]:
        """The examples that the model scores and those it abstains from; empty if it never does."""
        groups = {"scored": self.judged, "abstained": ~self.judged}
        if self.judged.all():
            return {}
        found = [part_of(name, scored, inside) for name, inside in groups.items() if inside.any()]
        return {JUDGED: tuple(found)}


def score_and_answers(
    predictor: Predictor, labelled: Labelled, progress: ExampleProgress | None
) -> tuple[ScoredExamples, Answered]:
    """Scores of the examples, and the other answers of a model that gives them.

    A model that abstains from an example still has a score for it, so that all models are compared
    on the same examples.

    Args:
        predictor: The model.
        labelled: The examples.
        progress: Called with (examples done, examples in all).
    """
    examples, scale = labelled.examples, labelled.scale
    if predictor.answer is None or predictor.card is None:
        scored = score_examples(predictor, examples, scale, progress=progress)
        return scored, Answered({}, np.ones(len(scored), dtype=bool))
    answers = answers_to(predictor.answer, examples, progress)
    scored = scored_outputs(predictor, examples, scale, answers.scores)
    card = predictor.card
    return scored, Answered(answer_facts(answers, examples, card), judged_examples(answers, card))
