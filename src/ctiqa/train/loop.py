"""The training loop: read a batch, step, average, now and then validate and save."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ctiqa.errors import DataError
from ctiqa.recipe import TrainRecipe
from ctiqa.train import checkpoint
from ctiqa.train.batches import Batch, Batches

LAST = "last.safetensors"
BEST = "best.safetensors"

Loss = Callable[[Batch, Tensor, Tensor], Tensor]
"""Loss of a batch from its scores [n, outputs] and noise maps."""

Validate = Callable[[nn.Module], dict[str, float]]
"""Figures of the averaged network on validation patients; ``overall`` chooses the best."""


@dataclass
class Training:
    """One training in progress.

    Attributes:
        model: Network being trained.
        recipe: Optimiser, length, batch.
        folder: Where checkpoints go.
        facts: Written into every checkpoint besides: recipe, data, purpose.
        tell: Called with one line of progress a validation.
    """

    model: nn.Module
    recipe: TrainRecipe
    folder: Path
    facts: dict[str, Any]
    tell: Callable[[str], None] = lambda _: None
    history: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = self.model.to(memory_format=torch.channels_last)
        decay = get_ema_multi_avg_fn(self.recipe.average)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.model, multi_avg_fn=decay, use_buffers=True)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=self.recipe.learning_rate,
            weight_decay=self.recipe.weight_decay,
        )

    def run(self, batches: Batches, loss: Loss, validate: Validate) -> Path:
        """Train from the last checkpoint, or from the start, to the recipe's last step.

        Returns:
            The checkpoint with the best validation.

        Raises:
            DataError: If the loss is no longer finite; the last good checkpoint stays.
        """
        first = self._resume()
        started, total = time.monotonic(), self.recipe.steps
        for step, batch in enumerate(batches.steps(first, total), start=first):
            value = self._step(step, batch, loss)
            done = step + 1
            if done % self.recipe.validate_every == 0 or done == total:
                rate = (done - first) * self.recipe.batch / (time.monotonic() - started)
                self._validated(done, value, rate, validate)
        return self.folder / BEST

    def _step(self, step: int, batch: Batch, loss: Loss) -> float:
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, step)
        images = batch.hu.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores, noise = self.model(images)
        value = loss(batch, scores.float(), noise.float())
        if not torch.isfinite(value):
            raise DataError(
                f"the loss is {value.item()} at step {step}; the last good checkpoint is "
                f"'{self.folder / LAST}': lower 'learning_rate' and start again from it"
            )
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        return value.item()

    def _validated(self, done: int, loss: float, rate: float, validate: Validate) -> None:
        figures = {"step": float(done), "loss": loss, **validate(self.average.module)}
        best = max((h["overall"] for h in self.history), default=-math.inf)
        self.history.append(figures)
        if figures["overall"] > best:
            self._save(BEST, done)
        self._save(LAST, done)
        words = " ".join(f"{k} {v:.4f}" for k, v in figures.items() if k != "step")
        self.tell(f"step {done}/{self.recipe.steps}: {words} ({rate:.0f} images/s)")

    def _save(self, name: str, done: int) -> None:
        facts = {**self.facts, "step": done, "history": self.history}
        checkpoint.save(
            self.folder / name,
            model=self.model,
            average=self.average,
            optimizer=self.optimizer,
            facts=facts,
        )

    def _resume(self) -> int:
        file = self.folder / LAST
        if not file.exists():
            return 0
        tensors, facts = checkpoint.load(file)
        # A checkpoint holds JSON, in which tuples are lists.
        if facts.get("recipe") != json.loads(json.dumps(self.facts["recipe"])):
            raise DataError(
                f"'{file}' was made by another recipe; remove the folder to start afresh"
            )
        checkpoint.restore(
            tensors, model=self.model, average=self.average, optimizer=self.optimizer
        )
        self.history = facts["history"]
        return int(facts["step"])


def learning_rate(recipe: TrainRecipe, step: int) -> float:
    """Linear warm-up, then half a cosine down to a hundredth of the peak.

    >>> recipe = TrainRecipe(steps=100, warmup=0.1, learning_rate=1.0)
    >>> round(learning_rate(recipe, 9), 2), round(learning_rate(recipe, 99), 2)
    (1.0, 0.01)
    """
    warm = max(round(recipe.warmup * recipe.steps), 1)
    if step < warm:
        return recipe.learning_rate * (step + 1) / warm
    progress = (step - warm) / max(recipe.steps - warm, 1)
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
