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
from ctiqa.recipe import TrainRecipe
from ctiqa.train.batches import stacked
from ctiqa.train.devices import Device
from ctiqa.train.losses import label_loss


@torch.inference_mode()
def predict(
    model: nn.Module,
    examples: Examples,
    *,
    batch: int = 16,
    device: Device | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Score vectors of whole slices, not clipped.

    Args:
        model: Network of :mod:`ctiqa.models`.
        examples: Examples of one matrix size.
        batch: Slices at a time.
        device: Where it runs; the CPU where none is given.
        progress: Told (examples done, examples in all).

    Returns:
        Scores [examples, outputs].
    """
    where = (device or Device()).torch
    model.to(where).eval()
    images = examples.images()
    parts: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(images), batch):
        numbers: Sequence[int] = range(start, min(start + batch, len(images)))
        parts.append(predict_batch(model, [images[k] for k in numbers], where))
        if progress:
            progress(start + len(numbers), len(images))
    return np.concatenate(parts)


@torch.inference_mode()
def predict_batch(
    model: nn.Module, images: list[npt.NDArray[np.generic]], where: torch.device
) -> npt.NDArray[np.float32]:
    """Score vectors of a few whole slices of one size, not clipped.

    Args:
        model: Network in evaluation mode, on its device.
        images: Slices in HU [rows, cols], or RGB images [rows, cols, 3].
        where: The device.

    Returns:
        Scores [images, outputs].
    """
    stack = stacked(images).to(where).float()
    with torch.autocast(where.type, dtype=torch.bfloat16):
        scores, _ = model(stack.contiguous(memory_format=torch.channels_last))
    return np.asarray(scores.float().cpu().numpy())


def validation(
    examples: Examples, recipe: TrainRecipe, device: Device | None = None
) -> Callable[[nn.Module], dict[str, float]]:
    """A function that measures a network on these examples.

    Args:
        examples: Those that choose the best checkpoint.
        recipe: The loss that is measured too.
        device: Where it runs; the CPU where none is given.

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
    ends = (min(0.0, label.min()), max(4.0, label.max()))

    def measure(model: nn.Module) -> dict[str, float]:
        outputs = predict(model, examples, device=device)
        each = label_loss(torch.from_numpy(outputs), torch.from_numpy(label).float(), recipe)
        scores = np.clip(outputs.mean(axis=1, dtype=np.float64), *ends)
        return {**agreement(scores, label).as_dict(), "val_loss": float(each.mean())}

    return measure
