"""Networks and their training, as recipes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctiqa.recipe.rules import require, rule


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """Size of the stride-32 network.

    Attributes:
        stem: Channels of the five stride-2 stages; the last is the width of the tokens.
        blocks: Attention blocks.
        heads: Attention heads; must divide the token width.
        outputs: Numbers in the score vector.
    """

    stem: tuple[int, ...] = (16, 32, 64, 96, 160)
    blocks: int = 3
    heads: int = 5
    outputs: int = 5

    def __post_init__(self) -> None:
        width = self.stem[-1] if self.stem else 0
        require(
            rule(self, "stem", "five channel counts >= 1", lambda v: len(v) == 5 and min(v) >= 1),
            rule(self, "blocks", ">= 1", lambda v: v >= 1),
            rule(self, "heads", f"a divisor of {width}", lambda v: v >= 1 and width % v == 0),
            rule(self, "outputs", ">= 1", lambda v: v >= 1),
        )


@dataclass(frozen=True, slots=True)
class TrainRecipe:
    """One training: optimiser, length and loss.

    Attributes:
        steps: Optimiser steps.
        batch: Examples a step.
        learning_rate: Peak learning rate of AdamW, reached after the warm-up.
        weight_decay: Decoupled weight decay.
        warmup: Share of the steps over which the learning rate rises.
        average: Decay a step of the exponential average of the weights that is kept.
        map_weight: Weight of the loss on the map of local noise.
        distil_weight: Weight β of the distillation loss.
        distil_epsilon: Largest distance, in grades, between teacher and label at which the
            teacher is believed.
        consistency_weight: Weight of the squared difference between two views of one slice,
            turned and mirrored differently; where it is > 0 half of a batch are such twins.
        crop: Side in pixels of the random crop trained on; 0 takes whole slices.
        whole_steps: Last steps, which take whole slices whatever ``crop`` says: the network must
            end up at home in what it will score.
        validate_every: Steps between two validations (each also writes a checkpoint).
        seed: Seed of weights, order and augmentation.
    """

    steps: int = 1000
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.1
    average: float = 0.99
    map_weight: float = 0.3
    distil_weight: float = 0.0
    distil_epsilon: float = 0.5
    consistency_weight: float = 0.0
    crop: int = 0
    whole_steps: int = 0
    validate_every: int = 250
    seed: int = 1

    def __post_init__(self) -> None:
        counts = ("steps", "batch", "validate_every")
        weights = (
            "weight_decay",
            "map_weight",
            "distil_weight",
            "distil_epsilon",
            "consistency_weight",
        )
        require(
            *(rule(self, name, ">= 1", lambda v: v >= 1) for name in counts),
            *(rule(self, name, ">= 0", lambda v: 0 <= v < math.inf) for name in weights),
            rule(self, "learning_rate", "> 0", lambda v: 0 < v < math.inf),
            rule(self, "warmup", "in [0, 1]", lambda v: 0 <= v <= 1),
            rule(self, "average", "in [0, 1)", lambda v: 0 <= v < 1),
            rule(
                self,
                "crop",
                "0 or a multiple of 32 from 128",
                lambda v: v == 0 or (v >= 128 and v % 32 == 0),
            ),
            "batch must be even where consistency_weight > 0, got " + str(self.batch)
            if self.consistency_weight > 0 and self.batch % 2
            else None,
            rule(self, "whole_steps", ">= 0", lambda v: v >= 0),
            rule(self, "seed", ">= 0", lambda v: v >= 0),
        )
