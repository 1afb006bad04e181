"""Recipes of trainings: optimiser, length, loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ctiqa.recipe.rules import is_run_name, require_rules, rule

AUGMENTATIONS = ("flip", "rotate", "transpose", "scale")
"""Augmentations of a slice; all but ``scale`` preserve pixel values, and so the noise."""

Precision = Literal["auto", "bf16", "float32"]
"""Autocast: bfloat16 if the processor supports it natively, always bfloat16, or float32."""


@dataclass(frozen=True, slots=True)
class TrainRecipe:
    """One training.

    Attributes:
        steps: Number of optimiser steps, if ``epochs`` is 0.
        epochs: Number of epochs, each in a new order; 0 draws ``steps`` batches balanced by
            patient and grade instead.
        batch: Examples per step, over all devices.
        accumulate: Number of micro-batches of a batch; each must fit into memory.
        optimizer: Stochastic gradient descent with momentum, Adam, or Adam with decoupled decay.
        momentum: Momentum of ``sgd``.
        learning_rate: Peak learning rate, reached after the warm-up.
        least_rate: End of the cosine schedule, as a share of the peak; 1 keeps the rate constant.
        warmup: Share of the steps over which the learning rate rises.
        weight_decay: Weight decay.
        clip: Maximum norm of the gradient; 0 for no clipping.
        schedule: Whether the learning rate changes with every step or every epoch.
        last_batch: Whether examples that do not fill a batch at the end of an epoch form a
            smaller batch or are dropped.
        precision: Autocast precision in training, validation and scoring. ``auto`` takes
            bfloat16 if the processor supports it natively, otherwise float32, as bfloat16 is then
            many times slower.
        ema_decay: Decay per step of the exponential moving average (EMA) of the weights.
        augment: Augmentations, among :data:`AUGMENTATIONS`.
        loss: Training loss: |e| + e²; p-Huber (Shen et al. 2025); e²; or the ranked
            probability of ordinal grades.
        huber_form: Continuous p-Huber, or as printed, with a jump.
        distil_weight: Weight β of the distillation loss.
        distil_epsilon: Largest difference, in grades, between teacher and label at which the
            teacher is trusted.
        distil_to: Whether every output follows its member, or the mean follows the mean.
        gate: Whether the teacher is trusted per image, or per batch.
        distillation: Whether its loss adds to that on the label, or replaces it where it applies.
        teachers: Teacher scores of the original slices, stored once; or of the augmented slices,
            at every step.
        map_weight: Weight of the loss on the map of local noise.
        findings_weight: Weight of the loss on what is wrong with a slice.
        regions_weight: Weight of the loss on what a slice shows.
        open_scale: Whether labels are learned beyond the ends of the scale, as far as they go, or
            only a little beyond.
        consistency_weight: Weight of the squared difference between two views of one slice,
            rotated, mirrored and, for crops, shifted differently; if it is > 0, half of a batch
            are such twins.
        crop: Side in pixels of the random training crop; 0 for whole slices.
        whole_steps: Number of last steps with whole slices, regardless of ``crop``: the network
            is fine-tuned at inference size.
        validate_every: Steps between validations (each also writes a checkpoint); 0 validates
            after every epoch.
        hold_out: Examples that select the best checkpoint: ``usual`` takes a member's own fold,
            and the validation patients for a student; ``first-fold`` takes the first fold for
            all, and no member is trained on it.
        select: Criterion of the best checkpoint: overall metric on these examples, their loss
            (lowest is best), or overall metric on the training batches of the epoch; the last
            needs no held-out examples.
        validate_on: Whether the overall metric uses scores as given by the network, or clipped to
            the label scale.
        patience: Validations without improvement after which training stops; 0 never stops.
        seed: Seed of weights, order and augmentation.
    """

    steps: int = 1000
    epochs: int = 0
    batch: int = 16
    accumulate: int = 1
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    momentum: float = 0.9
    learning_rate: float = 1e-3
    least_rate: float = 0.01
    warmup: float = 0.1
    weight_decay: float = 0.05
    clip: float = 1.0
    schedule: Literal["step", "epoch"] = "step"
    last_batch: Literal["dropped", "kept"] = "dropped"
    precision: Precision = "auto"
    ema_decay: float = 0.99
    augment: tuple[str, ...] = ("flip", "rotate")
    loss: Literal["l1+l2", "p-huber", "mse", "ranked-probability"] = "l1+l2"
    huber_form: Literal["continuous", "printed"] = "continuous"
    distil_weight: float = 0.0
    distil_epsilon: float = 0.5
    distil_to: Literal["members", "mean"] = "members"
    gate: Literal["image", "batch"] = "image"
    distillation: Literal["adds", "replaces"] = "adds"
    teachers: Literal["stored", "every-step"] = "stored"
    map_weight: float = 0.3
    findings_weight: float = 0.2
    regions_weight: float = 0.1
    open_scale: bool = False
    consistency_weight: float = 0.0
    crop: int = 0
    whole_steps: int = 0
    validate_every: int = 250
    hold_out: Literal["usual", "first-fold"] = "usual"
    select: Literal["validation", "validation-loss", "training"] = "validation"
    validate_on: Literal["given", "clipped"] = "given"
    patience: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        counts = ("steps", "batch", "accumulate")
        naturals = ("epochs", "whole_steps", "patience", "seed")
        weights = (
            "weight_decay",
            "clip",
            "map_weight",
            "findings_weight",
            "regions_weight",
            "distil_weight",
            "distil_epsilon",
            "consistency_weight",
        )
        shares = ("warmup", "least_rate")
        known = ", ".join(AUGMENTATIONS)
        require_rules(
            *(rule(self, name, ">= 1", lambda v: v >= 1) for name in counts),
            *(rule(self, name, ">= 0", lambda v: v >= 0) for name in naturals),
            *(rule(self, name, ">= 0", lambda v: 0 <= v < math.inf) for name in weights),
            *(rule(self, name, "in [0, 1]", lambda v: 0 <= v <= 1) for name in shares),
            rule(self, "learning_rate", "> 0", lambda v: 0 < v < math.inf),
            rule(self, "momentum", "in [0, 1)", lambda v: 0 <= v < 1),
            rule(self, "ema_decay", "in [0, 1)", lambda v: 0 <= v < 1),
            rule(self, "augment", f"among {known}", lambda v: set(AUGMENTATIONS).issuperset(v)),
            self._crop_rule(),
            self._length_rule(),
            self._schedule_rule(),
            self._parts_rule(),
            self._twins_rule(),
            *self.own_rules(),
        )

    def own_rules(self) -> tuple[str | None, ...]:
        """Rules of one kind of training; ``None`` for each that is kept."""
        return ()

    def _crop_rule(self) -> str | None:
        wanted = "0 or a multiple of 32 from 128"
        return rule(self, "crop", wanted, lambda v: v == 0 or (v >= 128 and v % 32 == 0))

    def _length_rule(self) -> str | None:
        if self.epochs:
            return rule(self, "validate_every", ">= 0", lambda v: v >= 0)
        return rule(self, "validate_every", ">= 1 where 'epochs' is 0", lambda v: v >= 1)

    def _schedule_rule(self) -> str | None:
        wanted = "'step' where 'epochs' is 0"
        return None if self.epochs else rule(self, "schedule", wanted, lambda v: v == "step")

    def _twins_rule(self) -> str | None:
        if not self.consistency_weight:
            return None
        wanted = "a multiple of 2·'accumulate' where consistency_weight > 0"
        return rule(self, "batch", wanted, lambda v: v % (2 * max(self.accumulate, 1)) == 0)

    def _parts_rule(self) -> str | None:
        wanted = f"a divisor of 'batch' = {self.batch}"
        return rule(self, "accumulate", wanted, lambda v: v >= 1 and self.batch % v == 0)


@dataclass(frozen=True, slots=True)
class FineTuneRecipe(TrainRecipe):
    """Further training of a trained student.

    Attributes:
        from_run: Name of the run, in the same folder as this one, whose student is trained
            further; empty trains this run's own student further.
        from_model: Name of the installed model whose network is trained further on readers'
            scores; empty for none.
        anchor_weight: With ``from_model``: weight of the loss on departures from that model. They
            are measured on the scored slices and on degraded copies of them.
        interpolation: Weight interpolation after the training: share of the weights before it
            that is kept. 0 keeps the fine-tuned weights alone.
    """

    from_run: str = ""
    from_model: str = ""
    anchor_weight: float = 1.0
    interpolation: float = 0.0

    @property
    def start(self) -> str:
        """Run or model that is trained further; empty for this run's own student."""
        return self.from_run or self.from_model

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`TrainRecipe.own_rules`."""
        wanted = "a file name, or empty"
        return (
            rule(self, "from_run", wanted, lambda v: not v or is_run_name(v)),
            rule(self, "from_model", wanted, lambda v: not v or is_run_name(v)),
            rule(self, "interpolation", "in [0, 1)", lambda v: 0 <= v < 1),
            rule(self, "anchor_weight", "> 0", lambda v: 0 < v < math.inf),
            *(self._model_rules() if self.from_model else ()),
        )

    def _model_rules(self) -> tuple[str | None, ...]:
        """Rules of fine-tuning on readers' scores, whose slices have no maps to draw crops by."""
        where = "where from_model is set"
        return (
            rule(self, "from_run", f"empty {where}", lambda v: not v),
            rule(self, "epochs", f">= 1 {where}", lambda v: v >= 1),
            rule(self, "last_batch", f"'dropped' {where}", lambda v: v == "dropped"),
            rule(self, "consistency_weight", f"0 {where}", lambda v: v == 0),
        )
