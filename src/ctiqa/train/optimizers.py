"""Optimisers and the learning rate of every step."""

from __future__ import annotations

import math

import torch
from torch import nn

from ctiqa.recipe import TrainRecipe


def optimizer_of(model: nn.Module, recipe: TrainRecipe) -> torch.optim.Optimizer:
    """The optimiser that a recipe asks for, over all weights that learn."""
    weights = [p for p in model.parameters() if p.requires_grad]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(weights, rate, momentum=recipe.momentum, weight_decay=decay)
    if recipe.optimizer == "adam":
        return torch.optim.Adam(weights, rate, weight_decay=decay)
    return torch.optim.AdamW(weights, rate, weight_decay=decay)


def learning_rate(recipe: TrainRecipe, step: int, total: int) -> float:
    """Linear warm-up, then half a cosine down to a share of the peak.

    Loshchilov and Hutter, ICLR 2017. Where the recipe schedules by the epoch, the rate of an epoch
    is that of its number, as torch's ``CosineAnnealingLR`` gives it when it is stepped once an
    epoch: the first epoch has the peak, and the last is one step short of the end.

    Args:
        recipe: Peak, share at the end, warm-up, schedule.
        step: Step, from 0.
        total: Steps in all; a multiple of ``recipe.epochs`` where those are counted.

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
