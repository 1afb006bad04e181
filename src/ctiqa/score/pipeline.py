"""Slices in, verdicts out, in the same order and with few slices held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ctiqa.hu import Window, apply_window
from ctiqa.score.side_by_side import side_by_side
from ctiqa.score.verdict import abstention, judge
from ctiqa.types import Slice, SliceScore
from ctiqa.weights import ModelCard

if TYPE_CHECKING:
    from ctiqa.score.engines.engine import Engine

Key = TypeVar("Key")
"""What a slice belongs to, such as the number of its scan."""

SliceGroup = tuple[str | None, Sequence[tuple[Key, Slice]]]
"""Slices of one shape, and why they cannot be judged; ``None`` where they can."""


def score_slices(
    images: Iterable[tuple[Key, Slice]],
    engine: Engine,
    card: ModelCard,
    window: Window | None = None,
    *,
    workers: int = 1,
) -> Iterator[tuple[Key, SliceScore]]:
    """Score a stream of slices: several at a time, neighbours of the same shape in batches.

    A slice's score does not depend on how many are scored at the same time.

    Args:
        images: Slices, each with what it belongs to; at most a batch for each worker, and one
            that waits, is held at a time.
        engine: Network.
        card: Its card.
        window: Window to apply before the network, for models that expect brightness.
        workers: Batches scored at the same time, >= 1.

    Yields:
        One verdict a slice, in order, with what the slice belongs to.
    """
    score = partial(_score_group, engine, card, window)
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


def _score_group(
    engine: Engine, card: ModelCard, window: Window | None, group: SliceGroup[Key]
) -> tuple[list[Key], list[SliceScore]]:
    reason, items = group
    keys, images = [key for key, _ in items], [image for _, image in items]
    if reason:
        return keys, [_abstain(image, reason) for image in images]
    stack = np.stack([image.hu for image in images])
    members = engine.run(stack if window is None else apply_window(stack, window))
    return keys, [
        SliceScore(image.header, *judge(estimates, card.interval), image.header.flags)
        for image, estimates in zip(images, members, strict=True)
    ]


def _abstain(image: Slice, reason: str) -> SliceScore:
    return SliceScore(image.header, None, None, (*image.header.flags, reason))
