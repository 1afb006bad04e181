"""Network scores of whole examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.recipe import TrainRecipe
from ctiqa.recipe.training import Precision
from ctiqa.train.batches import stacked
from ctiqa.train.losses import label_loss
from ctiqa.train.setup.devices import Device

_FEWEST = 3
"""Fewest examples for a correlation."""


@torch.inference_mode()
def predict(
    model: nn.Module,
    examples: Examples,
    *,
    batch: int = 16,
    device: Device | None = None,
    precision: Precision = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Score vectors of whole slices, not clipped.

    Args:
        model: Network of :mod:`ctiqa.models`.
        examples: Examples of one matrix size.
        batch: Slices per batch.
        device: Device to run on; the CPU if not given.
        precision: Autocast precision, that of the recipe the network was trained with.
        progress: Called with (examples done, total examples).

    Returns:
        Scores [examples, outputs].
    """
    where = device or Device()
    model.to(where.torch).eval()
    images = examples.images()
    parts: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(images), batch):
        numbers: Sequence[int] = range(start, min(start + batch, len(images)))
        parts.append(predict_batch(model, [images[k] for k in numbers], where, precision))
        if progress:
            progress(start + len(numbers), len(images))
    return np.concatenate(parts)


@torch.inference_mode()
def predict_batch(
    model: nn.Module,
    images: list[npt.NDArray[np.generic]],
    where: Device,
    precision: Precision = "auto",
) -> npt.NDArray[np.float32]:
    """Score vectors of a few whole slices of one size, not clipped.

    Args:
        model: Network in evaluation mode, on its device.
        images: Slices in HU [rows, cols], or RGB images [rows, cols, 3].
        where: The device.
        precision: Autocast precision.

    Returns:
        Scores [images, outputs].
    """
    stack = stacked(images).to(where.torch).float()
    with where.autocast(precision):
        scores = model(stack.contiguous(memory_format=torch.channels_last)).scores
    return np.asarray(scores.float().cpu().numpy())


def validation(
    examples: Examples, recipe: TrainRecipe, device: Device | None = None
) -> Callable[[nn.Module], dict[str, float]]:
    """A function that computes the validation metrics of a network.

    Args:
        examples: Examples that select the best checkpoint. There may be none if it is selected on
            training data; then there are no metrics.
        recipe: Loss, precision, and whether scores are clipped.
        device: Device to run on; the CPU if not given.

    Raises:
        DataError: If there are too few examples; raised now, not after hours of training.
    """
    if problem := too_few_to_choose(len(examples), recipe):
        raise DataError(problem)
    if len(examples) < _FEWEST:
        return lambda _: {}
    label = examples.column("label").astype(np.float64)
    ends = (min(0.0, label.min()), max(4.0, label.max()))

    def measure(model: nn.Module) -> dict[str, float]:
        outputs = predict(model, examples, device=device, precision=recipe.precision)
        each = label_loss(torch.from_numpy(outputs), torch.from_numpy(label).float(), recipe)
        scores = outputs.mean(axis=1, dtype=np.float64)
        if recipe.validate_on == "clipped":
            scores = np.clip(scores, *ends)
        return {**agreement(scores, label).as_dict(), "val_loss": float(each.mean())}

    return measure


def too_few_to_choose(count: int, recipe: TrainRecipe) -> str | None:
    """Why there are too few examples to select a checkpoint; ``None`` if enough or not needed.

    >>> too_few_to_choose(2, TrainRecipe(select="training")) is None
    True
    """
    if recipe.select == "training" or count >= _FEWEST:
        return None
    return (
        f"validation needs at least {_FEWEST} examples, got {count}; raise "
        "'data.validation_share' or 'data.held_out_examples' (in a table with splits of your own, "
        "the rows of 'validation') and prepare again, or set 'select' to 'training'"
    )
