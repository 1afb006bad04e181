"""The training loop: optimiser steps, weight averaging, validation, checkpoints."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ctiqa.errors import DataError
from ctiqa.io.ahead import ahead
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.models.contract import Outputs
from ctiqa.recipe import TrainRecipe
from ctiqa.recipe.stored import completed
from ctiqa.train import checkpoint
from ctiqa.train.batches import Batch, Batches
from ctiqa.train.logs.run_log import RunLog
from ctiqa.train.optimizers import learning_rate, optimizer_of
from ctiqa.train.setup.devices import Device
from ctiqa.train.setup.memory import is_out_of_memory, micro_batch_that_fits

LAST = "last.safetensors"
BEST = "best.safetensors"

Loss = Callable[[Batch, Outputs], Tensor]
"""Mean loss of a batch, which is augmented and on the device, from the network's outputs."""

Validate = Callable[[nn.Module], dict[str, float]]
"""Validation metrics of the averaged network; empty without held-out examples."""

CHOSEN_BY: dict[str, tuple[str, int]] = {
    "validation": ("overall", 1),
    "validation-loss": ("val_loss", -1),
    "training": ("train_overall", 1),
}
"""Metric that selects the best checkpoint, and its sign: 1 if higher is better, otherwise -1."""

StepMetrics = dict[str, float]

T = TypeVar("T")


@dataclass
class Training:
    """One training.

    Attributes:
        model: Network being trained.
        recipe: Optimiser, length, batch size.
        folder: Folder of the checkpoints.
        facts: Written to every checkpoint: recipe, hash of the data and the like.
        log: Called with one line of progress per validation.
        metrics_log: Record of the metrics of every validation.
        device: Device to train on.
        history: Metrics of every validation so far.
    """

    model: nn.Module
    recipe: TrainRecipe
    folder: Path
    facts: dict[str, Any]
    log: Callable[[str], None] = lambda _: None
    metrics_log: RunLog | None = None
    device: Device = field(default_factory=Device)
    history: list[StepMetrics] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = self.device.prepared(self.model)
        self.parallel = self.device.parallel(self.model)
        decay = get_ema_multi_avg_fn(self.recipe.ema_decay)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.model, multi_avg_fn=decay, use_buffers=True)
        self.optimizer = optimizer_of(self.model, self.recipe)
        self._seen: list[tuple[Tensor, Tensor]] = []
        self._losses: list[float] = []

    def run(self, batches: Batches, loss: Loss, validate: Validate) -> Path:
        """Train to the recipe's last step, from the last checkpoint if there is one.

        Returns:
            The best checkpoint.

        Raises:
            DataError: If the loss is not finite (the last good checkpoint is kept), or a batch does
                not fit into memory; the message says what would fit.
        """
        every = self.recipe.validate_every or batches.per_epoch
        total = self.recipe.epochs * batches.per_epoch or self.recipe.steps
        first = self._resume()
        if self._exhausted():
            return self.folder / BEST
        clock = Clock()
        coming = ahead(map(batches.batch, range(first, total)), count=1)
        for step, batch in enumerate(clock.waiting(coming), start=first):
            self._losses.append(self._step(step, total, batch, loss))
            done = step + 1
            if done % every == 0 or done == total:
                pace = clock.pace(done - first, self.recipe.batch, total - done)
                where = {"step": float(done), "epoch": done / batches.per_epoch}
                self._validated(total, where | pace, validate)
                if self._exhausted():
                    break
        if self.metrics_log and self.device.first and first < total:
            self.metrics_log.finished(self.history)
        return self.folder / BEST

    def _step(self, step: int, total: int, batch: Batch, loss: Loss) -> float:
        self.model.train()
        # The seed depends on the step alone, so a resumed run draws the same random numbers.
        torch.manual_seed((self.recipe.seed << 32) + step * self.device.world + self.device.rank)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, step, total)
        self.optimizer.zero_grad(set_to_none=True)
        try:
            value = self.device.mean(self._backward(self.device.share(batch), loss)).item()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            parts = self.recipe.accumulate * self.device.world
            raise DataError(micro_batch_that_fits(len(batch.number), parts)) from None
        if not math.isfinite(value):
            raise DataError(
                f"the loss is {value} at step {step}; the last good checkpoint is "
                f"'{self.folder / LAST}': lower 'learning_rate' and start again with --no-resume"
            )
        if self.recipe.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        return value

    def _backward(self, batch: Batch, loss: Loss) -> Tensor:
        """Compute the gradients of a batch in parts; returns its mean loss."""
        # The last batch of an epoch may be smaller: its parts may be fewer or differ in size.
        parts, count = min(self.recipe.accumulate, len(batch.number)), len(batch.number)
        total = torch.zeros((), device=self.device.torch)
        for k in range(parts):
            part = batch.part(slice(k, None, parts)).ready(self.device.torch)
            with self.device.autocast(self.recipe.precision):
                outputs = self.parallel(part.images)
            outputs = outputs.floats()
            value = loss(part, outputs)
            value = value * (len(part.number) / count)
            value.backward()  # type: ignore[no-untyped-call]
            total += value.detach()
            self._seen.append((outputs.scores.detach().mean(dim=1), part.label))
        return total

    def _validated(self, total: int, metrics: StepMetrics, validate: Validate) -> None:
        if self.device.first:
            trained = {"loss": fmean(self._losses), **_trained(self._seen)}
            metrics = metrics | trained | validate(self.average.module)
            self._keep(metrics)
            self.log(f"step {metrics['step']:.0f}/{total}: {_summary(metrics)}")
        self._seen.clear()
        self._losses.clear()
        self.device.wait()

    def _keep(self, metrics: StepMetrics) -> None:
        """Write the checkpoints of a validation."""
        best = max(map(self._merit, self.history), default=-math.inf)
        self.history.append(metrics)
        facts = {**self.facts, "step": int(metrics["step"]), "history": self.history}
        if self._merit(metrics) > best:
            checkpoint.save(self.folder / BEST, facts, average=self.average)
        checkpoint.save(
            self.folder / LAST,
            facts,
            model=self.model,
            average=self.average,
            optimizer=self.optimizer,
        )
        if self.metrics_log:
            self.metrics_log.validated(self.history)

    def _merit(self, metrics: StepMetrics) -> float:
        """The metric that selects the best checkpoint; higher is better."""
        name, sign = CHOSEN_BY[self.recipe.select]
        return sign * metrics[name]

    def _exhausted(self) -> bool:
        """Whether there was no improvement for as many validations as ``patience`` allows."""
        merit = [self._merit(h) for h in self.history]
        since = len(merit) - 1 - merit.index(max(merit)) if merit else 0
        return self.device.agreed(0 < self.recipe.patience <= since)

    def _resume(self) -> int:
        file = self.folder / LAST
        if not file.exists():
            return 0
        tensors, facts = checkpoint.load_checkpoint(file)
        # In a checkpoint's JSON tuples are lists, and keys may be those of an earlier version.
        mine = json.loads(json.dumps(self.facts))
        stored = facts.get("recipe")
        if isinstance(stored, dict) and "recipe" in mine:
            facts["recipe"] = completed(stored, mine["recipe"])
        if strange := [key for key in mine if facts.get(key) != mine[key]]:
            raise DataError(
                f"'{file}' was made by another {' and '.join(strange)}; use another run folder, "
                "or use --no-resume to start again"
            )
        checkpoint.restore(
            tensors, model=self.model, average=self.average, optimizer=self.optimizer
        )
        self.history = facts["history"]
        return int(facts["step"])


class Clock:
    """Speed of a training, and time spent waiting for batches."""

    def __init__(self) -> None:
        self._started, self._waited = time.monotonic(), 0.0

    def waiting(self, batches: Iterable[T]) -> Iterator[T]:
        """Yield the batches and measure the time spent waiting for them."""
        source = iter(batches)
        while True:
            asked = time.monotonic()
            try:
                batch = next(source)
            except StopIteration:
                return
            self._waited += time.monotonic() - asked
            yield batch

    def pace(self, steps: int, batch: int, left: int) -> StepMetrics:
        """Images per second, share of time spent waiting, and seconds left."""
        spent = max(time.monotonic() - self._started, 1e-9)
        return {
            "images_per_s": steps * batch / spent,
            "waiting": self._waited / spent,
            "seconds_left": spent / steps * left,
        }


def _trained(seen: list[tuple[Tensor, Tensor]]) -> StepMetrics:
    """Agreement on the training batches since the last validation."""
    score = torch.cat([score for score, _ in seen]).double().cpu().numpy()
    label = torch.cat([label for _, label in seen]).double().cpu().numpy()
    known = np.isfinite(label)
    if known.sum() < 3:
        return {"train_overall": 0.0}
    found = agreement(score[known], label[known])
    return {"train_overall": found.overall, "train_mae": found.mae}


def _summary(metrics: StepMetrics) -> str:
    shown = {k: v for k, v in metrics.items() if k in {"loss", "overall", "mae", "train_overall"}}
    words = " ".join(f"{name} {value:.4f}" for name, value in shown.items())
    return (
        f"{words} ({metrics['images_per_s']:.1f} images/s, {metrics['waiting']:.0%} waiting, "
        f"{metrics['seconds_left']:.0f} s left)"
    )
