"""Slices in, verdicts out, in the same order and with few slices held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING

import numpy as np

from ctiqa.hu import Window, apply_window
from ctiqa.score.verdict import abstention, judge
from ctiqa.types import Slice, SliceScore
from ctiqa.weights import ModelCard

if TYPE_CHECKING:
    from ctiqa.score.engine import Engine

BATCH = 2
"""Slices per run of the network; more cost memory and gain no speed on a CPU."""


def score_slices(
    images: Iterable[Slice], engine: Engine, card: ModelCard, window: Window | None = None
) -> Iterator[SliceScore]:
    """Score a stream of slices, batching neighbours of the same shape.

    Args:
        images: Slices; at most ``BATCH`` of them are held at a time.
        engine: Network.
        card: Its card.
        window: Window to apply before the network, for models that expect brightness.

    Yields:
        One verdict a slice, in order.
    """

    def kind(image: Slice) -> tuple[str | None, tuple[int, ...]]:
        return abstention(image.hu, card), image.hu.shape

    for (reason, _), group in groupby(images, key=kind):
        while batch := list(islice(group, BATCH)):
            if reason:
                yield from (_abstain(image, reason) for image in batch)
            else:
                yield from _score_batch(batch, engine, card, window)


def _abstain(image: Slice, reason: str) -> SliceScore:
    return SliceScore(image.header, None, None, (*image.header.flags, reason))


def _score_batch(
    batch: Sequence[Slice], engine: Engine, card: ModelCard, window: Window | None
) -> Iterator[SliceScore]:
    stack = np.stack([image.hu for image in batch])
    members = engine.run(stack if window is None else apply_window(stack, window))
    for image, estimates in zip(batch, members, strict=True):
        score, interval = judge(estimates, card.interval)
        yield SliceScore(image.header, score, interval, image.header.flags)
