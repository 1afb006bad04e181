"""Predictors: everything that gives scores, from shipped models to tables of other methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ctiqa.data.manifest import Examples
from ctiqa.errors import UsageError
from ctiqa.evaluate.dataset import ids_of
from ctiqa.evaluate.scale import Scale
from ctiqa.evaluate.scored import ScoredExamples, labels_of
from ctiqa.score.engines.protocol import Answers
from ctiqa.types import Floats
from ctiqa.weights import IntervalRule, ModelCard

Images = npt.NDArray[np.float32]
"""Slices of one size in HU, float32 [slices, rows, cols]."""

Prediction = Callable[[Images], npt.NDArray[np.float32]]
"""Scores by every member, not clipped [slices, members]; their mean is the score."""

ImageChange = Callable[[Images], Images]
ExampleProgress = Callable[[int, int], None]
PredictorKind = Literal["model", "run", "teacher", "predictions", "reference"]

BATCH = 8
"""Slices per batch."""


@dataclass(frozen=True, eq=False)
class Predictor:
    """Something that gives scores.

    Attributes:
        name: Name in tables.
        kind: Kind of predictor.
        facts: Facts that identify it: digest, recipe, file.
        estimate: Scores slices; ``None`` for a table of scores.
        given: Scores by example, for a table of scores.
        scale: Scale of its scores; that of the labels if ``None``.
        trained_on: Hash of the data set it was trained on; ``None`` if not known.
        matrix: Smallest and largest matrix side in pixels; ``None`` if not known.
        interval: Rule of its prediction interval; ``None`` without one.
        clips: Whether users get its scores clipped to the scale.
        answer: All answers of a model that gives more than scores; ``None`` for any other.
        card: Card of such a model.
    """

    name: str
    kind: PredictorKind
    facts: Mapping[str, Any]
    estimate: Prediction | None = None
    given: Mapping[str, float] = field(default_factory=dict)
    scale: Scale | None = None
    trained_on: str | None = None
    matrix: tuple[int, int] | None = None
    interval: IntervalRule | None = None
    clips: bool = False
    answer: Callable[[Images], Answers] | None = None
    card: ModelCard | None = None

    def knows(self, examples: Examples) -> bool:
        """Whether it has a score for every one of these examples."""
        return self.estimate is not None or self.given.keys() >= set(ids_of(examples.table))


def score_examples(
    predictor: Predictor,
    examples: Examples,
    scale: Scale,
    *,
    change: ImageChange | None = None,
    progress: ExampleProgress | None = None,
    batch: int = BATCH,
) -> ScoredExamples:
    """Score examples of any size, in batches of one size.

    Args:
        predictor: What scores them.
        examples: Slices in HU, with labels.
        scale: Scale of the labels; scores on another scale are converted to it.
        change: Applied to each batch of slices before it is scored.
        progress: Called with (examples done, examples in all).
        batch: Slices per batch.

    Raises:
        UsageError: If slices are to be changed and the predictor is only a table of scores.
    """
    if predictor.estimate is None:
        if change is not None:
            raise UsageError(f"'{predictor.name}' is a table; it cannot score changed images")
        given = np.array([predictor.given[name] for name in ids_of(examples.table)])
        return ScoredExamples(examples, scale, given, labels_of(examples), np.zeros_like(given))
    members: list[npt.NDArray[np.float32]] = []
    done = 0
    for hu in same_size_batches(examples, batch):
        members.append(predictor.estimate(np.ascontiguousarray(change(hu) if change else hu)))
        done += len(hu)
        if progress:
            progress(done, len(examples))
    outputs = np.concatenate(members) if members else np.empty((0, 1), np.float32)
    return scored_outputs(predictor, examples, scale, outputs)


def scored_outputs(
    predictor: Predictor, examples: Examples, scale: Scale, outputs: npt.NDArray[np.float32]
) -> ScoredExamples:
    """Examples with the scores that a predictor's outputs mean.

    Args:
        predictor: What was run.
        examples: What it was run on.
        scale: Scale of the labels; scores on another scale are converted to it.
        outputs: Scores by every member, not clipped [examples, members].
    """
    score, spread = _score_and_spread(outputs, predictor.scale or scale, scale)
    scored = ScoredExamples(examples, scale, score, labels_of(examples), spread)
    return scored.clipped if predictor.clips else scored


def _score_and_spread(
    outputs: npt.NDArray[np.float32], own: Scale, scale: Scale
) -> tuple[Floats, Floats]:
    """Mean and standard deviation over the members, converted from the predictor's own scale."""
    mean = outputs.mean(axis=1, dtype=np.float64)
    score = mean if own == scale else scale.low + own.grades(mean) * scale.grade
    spread = outputs.std(axis=1, dtype=np.float64)
    return score, np.asarray(spread * (scale.grade / own.grade))


def same_size_batches(examples: Examples, batch: int = BATCH) -> Iterator[Images]:
    """Consecutive slices of one size, at most ``batch`` at a time."""
    images = examples.images()
    held: list[npt.NDArray[np.generic]] = []
    for number in range(len(images)):
        image = images[number]
        if held and (len(held) == batch or held[0].shape != image.shape):
            yield np.stack(held).astype(np.float32)
            held = []
        held.append(image)
    if held:
        yield np.stack(held).astype(np.float32)
