"""Scores of whole examples from a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.metrics.agreement import agreement


@torch.inference_mode()
def predict(
    model: nn.Module,
    examples: Examples,
    *,
    batch: int = 16,
    progress: Callable[[int, int], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Score vectors of whole slices, not clipped.

    Args:
        model: Network of :mod:`ctiqa.models`.
        examples: Examples of one matrix size.
        batch: Slices at a time.
        progress: Told (examples done, examples in all).

    Returns:
        Scores [examples, outputs].
    """
    model.eval()
    images = examples.images()
    parts: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(images), batch):
        numbers: Sequence[int] = range(start, min(start + batch, len(images)))
        hu = np.stack([images[k] for k in numbers]).astype(np.float32)[:, None]
        tensor = torch.from_numpy(hu).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores, _ = model(tensor)
        parts.append(scores.float().numpy())
        if progress:
            progress(start + len(numbers), len(images))
    return np.concatenate(parts)


def validation(examples: Examples) -> Callable[[nn.Module], dict[str, float]]:
    """A function that measures a network on these examples (labels and scores in 0–4).

    Raises:
        DataError: If there are too few, now and not after hours of training.
    """
    if len(examples) < 3:
        raise DataError(
            f"validation needs at least 3 examples, got {len(examples)}; raise "
            "'data.validation_share' or 'data.held_out_examples' (or lower 'data.folds') and "
            "prepare again"
        )
    label = examples.column("label").astype(np.float64)

    def measure(model: nn.Module) -> dict[str, float]:
        scores = np.clip(predict(model, examples).mean(axis=1), 0, 4)
        figures = agreement(scores.astype(np.float64), label)
        return {"overall": figures.overall, "mae": figures.mae}

    return measure
