"""Examples with their scores: what every table, chart and check is computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.scale import Scale
from ctiqa.types import Floats

SCORE, LABEL = "score_grade", "label_grade"
"""Columns of score and label in grades."""


@dataclass(frozen=True, eq=False)
class ScoredExamples:
    """Examples with the scores of one predictor and the labels they are compared with.

    Attributes:
        examples: The examples.
        scale: Scale of scores and labels.
        score: Score of every example, possibly beyond the scale [n].
        label: Label of every example [n].
        spread: Standard deviation over the members of the predictor [n]; 0 for a single one.
        as_output: Score as the network gives it, where ``score`` is clipped or rounded [n];
            ``None`` if it is ``score`` itself.
    """

    examples: Examples
    scale: Scale
    score: Floats
    label: Floats
    spread: Floats
    as_output: Floats | None = None

    def __len__(self) -> int:
        return len(self.score)

    @property
    def patient(self) -> npt.NDArray[np.generic]:
        """Patient of every example [n]."""
        return self.examples.column("patient")

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(np.unique(self.patient))

    @property
    def grades(self) -> tuple[Floats, Floats]:
        """Scores and labels in grades."""
        return self.scale.grades(self.score), self.scale.grades(self.label)

    @property
    def graded_table(self) -> pl.DataFrame:
        """Rows of the manifest with the columns :data:`SCORE` and :data:`LABEL`."""
        score, label = self.grades
        return self.examples.table.with_columns(pl.Series(SCORE, score), pl.Series(LABEL, label))

    @property
    def clipped(self) -> ScoredExamples:
        """The same examples with scores clipped to the scale."""
        return self.rescored(self.scale.clip(self.score))

    @property
    def unclipped(self) -> Floats:
        """Scores as the network gives them, possibly beyond the scale [n]."""
        return self.score if self.as_output is None else self.as_output

    @property
    def beyond(self) -> int:
        """Number of scores beyond the scale."""
        return int(np.sum(self.score != self.clipped.score))

    def rescored(self, score: Floats) -> ScoredExamples:
        """The same examples with other scores [n]."""
        return replace(self, score=score, as_output=self.unclipped)

    def where(self, inside: npt.NDArray[np.bool_]) -> ScoredExamples:
        """The examples for which ``inside`` [n] is true."""
        return ScoredExamples(
            Examples(self.examples.folder, self.examples.table.filter(inside)),
            self.scale,
            self.score[inside],
            self.label[inside],
            self.spread[inside],
            self.unclipped[inside],
        )


def labels_of(examples: Examples) -> Floats:
    """Labels of examples as float64 [n]."""
    return examples.column("label").astype(np.float64)
