"""Score a stream of slices in order, with few slices in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ctiqa.calibration.apply import calibrated
from ctiqa.calibration.file import Calibration
from ctiqa.hu import Window, apply_window
from ctiqa.score.domain import OUTSIDE_TRAINING, why_outside
from ctiqa.score.examined import examined
from ctiqa.score.side_by_side import side_by_side
from ctiqa.score.verdict import abstention, judge_slice
from ctiqa.types import Slice, SliceScore
from ctiqa.weights import ModelCard

if TYPE_CHECKING:
    from ctiqa.score.engines.engine import Engine

Key = TypeVar("Key")
"""Key of a slice, such as the index of its scan."""

SliceGroup = tuple[str | None, Sequence[tuple[Key, Slice]]]
"""Slices of one shape, and why they cannot be scored; ``None`` if they can."""

Use = Callable[[Key, Slice, SliceScore], None]
"""What is done with a slice and its score."""


def score_slices(
    images: Iterable[tuple[Key, Slice]],
    engine: Engine,
    card: ModelCard,
    window: Window | None = None,
    *,
    workers: int = 1,
    use: Use[Key] | None = None,
    calibration: Calibration | None = None,
    measured: Callable[[Key], bool] | None = None,
) -> Iterator[tuple[Key, SliceScore]]:
    """Score a stream of slices: several in parallel, consecutive slices of equal shape in batches.

    The score of a slice does not depend on how many are scored in parallel.

    Args:
        images: Slices with their keys; at most one batch per worker, and one that waits, are held
            at a time.
        engine: The network.
        card: Its model card.
        window: Window to apply before the network, for models that expect brightness.
        workers: Batches scored in parallel, >= 1.
        use: Called with every slice and its score while the pixels are in memory, in the thread
            that scored it.
        calibration: Calibration of the scores to local readers.
        measured: Whether a slice is measured and thoroughly examined; ``None`` measures none.

    Yields:
        One score per slice, in order, with the key of the slice.
    """

    def score(group: SliceGroup[Key]) -> tuple[list[Key], list[SliceScore]]:
        reason, items = group
        keys = [key for key, _ in items]
        if reason:
            verdicts = [_abstain(image, reason) for _, image in items]
        else:
            wanted = [measured is not None and measured(key) for key in keys]
            images = [image for _, image in items]
            verdicts = _judged(engine, card, window, images, wanted)
        if calibration is not None:
            verdicts = [calibrated(each, calibration) for each in verdicts]
        if use is not None:
            for (key, image), verdict in zip(group[1], verdicts, strict=True):
                use(key, image, verdict)
        return keys, verdicts

    groups = _groups(images, card, engine.batch)
    for keys, verdicts in side_by_side(score, groups, workers):
        yield from zip(keys, verdicts, strict=True)


def _groups(
    images: Iterable[tuple[Key, Slice]], card: ModelCard, batch: int
) -> Iterator[SliceGroup[Key]]:
    def kind(item: tuple[Key, Slice]) -> tuple[str | None, tuple[int, ...]]:
        hu = item[1].hu
        return abstention(hu, card), hu.shape

    for (reason, _), group in groupby(images, key=kind):
        while held := list(islice(group, batch)):
            yield reason, held


def _judged(
    engine: Engine,
    card: ModelCard,
    window: Window | None,
    images: Sequence[Slice],
    wanted: Sequence[bool],
) -> list[SliceScore]:
    """Scores of slices of one shape, with flags and, where wanted, measures."""
    stack = np.stack([image.hu for image in images])
    answers = engine.answer(stack if window is None else apply_window(stack, window))
    verdicts = []
    for number, (image, measure) in enumerate(zip(images, wanted, strict=True)):
        if reason := _outside(image, card, thorough=measure):
            verdicts.append(_abstain(image, reason))
            continue
        verdict = judge_slice(image.header, answers, number, card)
        verdicts.append(examined(verdict, image, card, measure=measure))
    return verdicts


def _outside(image: Slice, card: ModelCard, *, thorough: bool) -> str | None:
    """Why a slice shows no patient; objects may be scored by a model that names no regions."""
    reason = why_outside(image.hu, image.header.spacing_mm, thorough=thorough)
    return None if reason == OUTSIDE_TRAINING and not card.judged else reason


def _abstain(image: Slice, reason: str) -> SliceScore:
    return SliceScore(image.header, None, None, (*image.header.flags, reason))
