"""Slices in, verdicts out, in the same order and with few slices held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from typing import TYPE_CHECKING

import numpy as np

from ctiqa.hu import Window, apply_window
from ctiqa.score.ahead import side_by_side
from ctiqa.score.verdict import abstention, judge
from ctiqa.types import Slice, SliceScore
from ctiqa.weights import ModelCard

if TYPE_CHECKING:
    from ctiqa.score.engines.engine import Engine

SliceGroup = tuple[str | None, Sequence[Slice]]
"""Slices of one shape, and why they cannot be judged; ``None`` where they can."""


def score_slices(
    images: Iterable[Slice],
    engine: Engine,
    card: ModelCard,
    window: Window | None = None,
    *,
    workers: int = 1,
) -> Iterator[SliceScore]:
    """Score a stream of slices: several at a time, neighbours of the same shape in batches.

    A slice's score does not depend on how many are scored at the same time.

    Args:
        images: Slices; at most a batch for each worker, and one that waits, is held at a time.
        engine: Network.
        card: Its card.
        window: Window to apply before the network, for models that expect brightness.
        workers: Batches scored at the same time, >= 1.

    Yields:
        One verdict a slice, in order.
    """
    score = partial(_score_group, engine, card, window)
    for verdicts in side_by_side(score, _groups(images, card, engine.batch), workers):
        yield from verdicts


def _groups(images: Iterable[Slice], card: ModelCard, batch: int) -> Iterator[SliceGroup]:
    def kind(image: Slice) -> tuple[str | None, tuple[int, ...]]:
        return abstention(image.hu, card), image.hu.shape

    for (reason, _), group in groupby(images, key=kind):
        while held := list(islice(group, batch)):
            yield reason, held


def _score_group(
    engine: Engine, card: ModelCard, window: Window | None, group: SliceGroup
) -> list[SliceScore]:
    reason, images = group
    if reason:
        return [_abstain(image, reason) for image in images]
    stack = np.stack([image.hu for image in images])
    members = engine.run(stack if window is None else apply_window(stack, window))
    return [
        SliceScore(image.header, *judge(estimates, card.interval), image.header.flags)
        for image, estimates in zip(images, members, strict=True)
    ]


def _abstain(image: Slice, reason: str) -> SliceScore:
    return SliceScore(image.header, None, None, (*image.header.flags, reason))
