"""Import of the authors' checkpoints: read safely, renamed, checked completely."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from ctiqa.errors import WeightsError
from ctiqa.models.authors import distiliqa as authors_distiliqa
from ctiqa.models.authors import tfkt as authors_tfkt
from ctiqa.models.backbones.state_dicts import KEYS_SHOWN, key_differences, read_checkpoint
from ctiqa.models.backbones.weights import is_derived
from ctiqa.models.build import build
from ctiqa.recipe import NetworkRecipe

AuthorsSystem = Literal["distiliqa", "tfkt"]
"""Systems with published code."""


@dataclass(frozen=True, slots=True)
class AuthorsLayout:
    """Naming of the tensors in a system's published code.

    Attributes:
        system: The system.
        prefixes: Prefixes of its keys.
        recipe: Recipe of the network of a state dict; raises an error for another input size.
        name: Our name of a tensor, given its name and the whole state dict.
        notes: Notes on a checkpoint, for people.
    """

    system: AuthorsSystem
    prefixes: tuple[str, ...]
    recipe: Callable[[Mapping[str, Tensor]], NetworkRecipe]
    name: Callable[[str, Mapping[str, Tensor]], str]
    notes: Callable[[Mapping[str, Tensor]], tuple[str, ...]]


AUTHORS_LAYOUTS = (
    AuthorsLayout(
        "distiliqa",
        ("conv_head.", "downsample.", "model."),
        authors_distiliqa.distiliqa_recipe,
        authors_distiliqa.our_distiliqa_name,
        lambda _: (),
    ),
    AuthorsLayout(
        "tfkt",
        ("effnetv2l.", "swinv2b."),
        authors_tfkt.tfkt_recipe,
        authors_tfkt.our_tfkt_name,
        authors_tfkt.notes,
    ),
)


@dataclass(frozen=True, eq=False, slots=True)
class Imported:
    """A network with the authors' weights.

    Attributes:
        network: In evaluation mode; its scores are on the authors' label scale.
        recipe: Its recipe.
        ignored: Names in the checkpoint that are not used for scoring.
        notes: Notes for people.
    """

    network: nn.Module
    recipe: NetworkRecipe
    ignored: tuple[str, ...]
    notes: tuple[str, ...]


def load_authors(file: Path, system: AuthorsSystem, window: str | None = None) -> Imported:
    """Load a checkpoint saved by a system's published code.

    Args:
        file: A state dict saved by torch (DistilIQA: ``fold1.pth``, ``student_199.pth``), alone
            or in a checkpoint with an optimiser; or the same tensors as ``.safetensors``.
        system: The system.
        window: Window of its training slices, if not the usual one.

    Raises:
        WeightsError: If the file is missing, damaged, contains code, or is of another system,
            size or input; the message says what differs.
    """
    found = read_checkpoint(file)
    layout = _layout(file, system, found.state)
    recipe = _recipe(file, layout, found.state, window)
    network = build(recipe)
    own = network.state_dict()
    ours = {layout.name(name, found.state): value for name, value in found.state.items()}
    spare = [name for name in ours if is_derived(name) and name not in own]
    ours = {name: value for name, value in ours.items() if name not in spare}
    _check(file, layout, {k: v for k, v in own.items() if k in ours or not is_derived(k)}, ours)
    network.load_state_dict(ours, strict=False)
    ignored = (*found.beside, *spare)
    return Imported(network.eval(), recipe, ignored, layout.notes(found.state))


def _layout(file: Path, system: AuthorsSystem, state: Mapping[str, Tensor]) -> AuthorsLayout:
    """The layout of the system, if the file has it."""
    asked = next(layout for layout in AUTHORS_LAYOUTS if layout.system == system)
    if any(name.startswith(asked.prefixes) for name in state):
        return asked
    for other in AUTHORS_LAYOUTS:
        if any(name.startswith(other.prefixes) for name in state):
            raise WeightsError(
                f"'{file}' must be of the system asked for, '{system}', but its keys are those of "
                f"'{other.system}'; use --system {other.system}"
            )
    if authors_tfkt.is_first_phase(state):
        raise WeightsError(
            f"'{file}' must hold a whole network, but holds the features of TFKT's first phase "
            "alone; give a checkpoint of its second phase"
        )
    keys = ", ".join(f"'{name}'" for name in list(state)[:KEYS_SHOWN])
    starts = ", ".join(f"'{prefix}'" for prefix in asked.prefixes)
    raise WeightsError(
        f"'{file}' must hold the network of '{system}', whose keys begin with {starts}, but holds "
        f"{len(state)} others: {keys} …; give a checkpoint that its authors' program saved"
    )


def _recipe(
    file: Path, layout: AuthorsLayout, state: Mapping[str, Tensor], window: str | None
) -> NetworkRecipe:
    try:
        recipe = layout.recipe(state)
    except KeyError as error:
        raise WeightsError(
            f"'{file}' must hold the whole network of '{layout.system}', but has no {error}; "
            "give a file that its authors' program saved"
        ) from None
    except WeightsError as error:
        raise WeightsError(f"'{file}': {error}") from None
    return recipe if window is None else replace(recipe, window=window)  # type: ignore[call-arg]


def _check(
    file: Path, layout: AuthorsLayout, own: Mapping[str, Tensor], ours: Mapping[str, Tensor]
) -> None:
    """Refuse weights that do not fit exactly or are not finite."""
    problems = key_differences(own, ours)
    if problems:
        raise WeightsError(
            f"'{file}' must hold the weights of '{layout.system}', but (in our names) "
            f"{'; '.join(problems)}; give a checkpoint of the published network"
        )
    broken = [f"'{k}'" for k, v in ours.items() if not torch.isfinite(v).all()]
    if broken:
        raise WeightsError(
            f"'{file}' must hold finite numbers, but {len(broken)} of its tensors hold NaN or "
            f"infinity: {', '.join(broken[:KEYS_SHOWN])}; give a checkpoint of an earlier epoch"
        )
