"""Optimisers and learning-rate schedule."""

from __future__ import annotations

import math

import torch
from torch import nn

from ctiqa.recipe import TrainRecipe


def optimizer_of(model: nn.Module, recipe: TrainRecipe) -> torch.optim.Optimizer:
    """The optimiser of a recipe, for all trainable weights."""
    weights = [p for p in model.parameters() if p.requires_grad]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(weights, rate, momentum=recipe.momentum, weight_decay=decay)
    if recipe.optimizer == "adam":
        return torch.optim.Adam(weights, rate, weight_decay=decay)
    return torch.optim.AdamW(weights, rate, weight_decay=decay)


def learning_rate(recipe: TrainRecipe, step: int, total: int) -> float:
    """Linear warm-up, then half a cosine down to a share of the peak.

    Loshchilov and Hutter, ICLR 2017. With ``schedule`` = ``epoch`` the rate is constant within an
    epoch, as with torch's ``CosineAnnealingLR`` stepped once per epoch: the first epoch has the
    peak rate, and the last is one step before the end of the cosine.

    Args:
        recipe: Peak, share at the end, warm-up, schedule.
        step: Step, from 0.
        total: Total steps; a multiple of ``recipe.epochs`` if the recipe counts epochs.

    >>> recipe = TrainRecipe(warmup=0.1, learning_rate=1.0)
    >>> round(learning_rate(recipe, 9, 100), 2), round(learning_rate(recipe, 99, 100), 2)
    (1.0, 0.01)
    """
    if recipe.schedule == "epoch":
        step, total = step * recipe.epochs // total, recipe.epochs
    warm = round(recipe.warmup * total)
    if step < warm:
        return recipe.learning_rate * (step + 1) / warm
    progress = (step - warm) / max(total - warm, 1)
    fall = 0.5 * (1 + math.cos(math.pi * progress))
    return recipe.learning_rate * (recipe.least_rate + (1 - recipe.least_rate) * fall)
