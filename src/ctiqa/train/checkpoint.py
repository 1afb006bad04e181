"""Checkpoints: everything needed to resume a training, without pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ctiqa.errors import DataError, OutputError
from ctiqa.io.atomic import make_folder
from ctiqa.models.build import build
from ctiqa.recipe import NetworkRecipe


def save(
    file: Path,
    facts: dict[str, Any],
    *,
    average: nn.Module,
    model: nn.Module | None = None,
    optimizer: torch.optim.Optimizer | None = None,
) -> None:
    """Write a checkpoint atomically.

    Args:
        file: The checkpoint file.
        facts: Step, recipe, history: anything JSON can hold.
        average: Average of the network's weights, which is all that scoring needs.
        model: The network itself, to resume training.
        optimizer: The optimiser, to resume training.

    Raises:
        OutputError: If it cannot be written; an earlier checkpoint is left unchanged.
    """
    tensors = {f"average.{k}": v for k, v in average.state_dict().items()}
    if model is not None:
        tensors |= {f"model.{k}": v for k, v in model.state_dict().items()}
    if optimizer is not None:
        tensors |= _optimizer_tensors(optimizer)
    temporary = file.with_suffix(".tmp")
    make_folder(file.parent)
    copies = {k: v.detach().clone().contiguous() for k, v in tensors.items()}
    try:
        save_file(copies, temporary, metadata={"facts": json.dumps(facts)})
        temporary.replace(file)
    except (SafetensorError, OSError) as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"checkpoint '{file}' cannot be written: {error}") from error


def load_checkpoint(file: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by name, and the facts.

    Raises:
        DataError: If the file is missing or not a checkpoint.
    """
    try:
        with safe_open(file, framework="pt") as stored:
            facts = dict(json.loads(stored.metadata()["facts"]))
            names = list(stored.keys())
            return {name: stored.get_tensor(name) for name in names}, facts
    except FileNotFoundError:
        raise DataError(f"checkpoint '{file}' does not exist; train it first") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(f"'{file}' is not a checkpoint of ctiqa: {error}") from None


def weights_digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of tensors and their names, in hexadecimal.

    >>> weights = {"bias": torch.zeros(2)}
    >>> same, other = {"bias": torch.zeros(2)}, {"bias": torch.ones(2)}
    >>> weights_digest(weights) == weights_digest(same) != weights_digest(other)
    True
    """
    return hashlib.sha256(safetensors.torch.save(dict(tensors))).hexdigest()


def restore(
    tensors: dict[str, Tensor],
    *,
    model: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> None:
    """Restore network, average and optimiser from a checkpoint."""
    load_part(tensors, "model", model)
    load_part(tensors, "average", average)
    _restore_optimizer(tensors, optimizer)


def load_average(model: nn.Module, file: Path) -> nn.Module:
    """Load the EMA weights of a checkpoint into a network, in evaluation mode."""
    tensors, _ = load_checkpoint(file)
    prefix = "average.module."
    averaged = {
        f"average.{k.removeprefix(prefix)}": v for k, v in tensors.items() if k.startswith(prefix)
    }
    load_part(averaged, "average", model)
    return model.eval()


def load_network(recipe: NetworkRecipe, file: Path, **changes: Any) -> nn.Module:
    """The network of a recipe with the EMA weights of a checkpoint, in evaluation mode.

    Args:
        recipe: The recipe.
        file: The checkpoint.
        **changes: Fields of the recipe that differ.
    """
    return load_average(build(replace(recipe, pretrained="none", **changes)), file)


def load_part(tensors: dict[str, Tensor], part: str, module: nn.Module) -> None:
    """Load the tensors of one part into a module.

    Raises:
        DataError: If they belong to another architecture.
    """
    prefix = part + "."
    state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise DataError(f"the checkpoint is of another architecture: {error}") from None


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimizer.state_dict()["state"]
    return {
        f"optimizer.{index}.{name}": torch.as_tensor(value)
        for index, values in state.items()
        for name, value in values.items()
    }


def _restore_optimizer(tensors: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
    whole = optimizer.state_dict()
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            state.setdefault(int(index), {})[key] = value
    whole["state"] = state
    optimizer.load_state_dict(whole)
