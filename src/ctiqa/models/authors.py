"""Checkpoints of DistilIQA's authors: read safely, mapped onto our network, converted.

Their program (github.com/mariabaldeon/DistilIQA, 2024) saves the state dict of a network whose
stem is called ``conv_head`` and ``downsample`` and whose body is torchvision's ViT-B/16.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from ctiqa.errors import WeightsError
from ctiqa.io.atomic import write_bytes
from ctiqa.models.body_weights import differences, read_weights, reason, timm_name
from ctiqa.models.stem_vit import StemVit
from ctiqa.recipe import StemVitNetwork

BODIES = {
    192: "vit_tiny_patch16_224",
    384: "vit_small_patch16_224",
    768: "vit_base_patch16_224",
    1024: "vit_large_patch16_224",
}
"""Width of a Vision Transformer, and its name in timm; the authors' is that of 768."""

PARALLEL = "module."
"""What torch's DataParallel puts before every key."""


def load_authors(file: Path) -> StemVit:
    """The network of an authors' checkpoint, in evaluation mode.

    Its scores are on the authors' scale: 0–1, the similarity to full dose.

    Args:
        file: A ``.pth`` of theirs (``fold1.pth``, ``student_199.pth``), or the same tensors as
            ``.safetensors``.

    Raises:
        WeightsError: If the file is missing, holds anything but tensors, or is of another
            architecture; what differs is named.
    """
    state = read_authors(file)
    try:
        recipe, ours = authors_recipe(state), {our_name(k, state): v for k, v in state.items()}
    except KeyError as error:
        raise WeightsError(
            f"'{file}' must hold the state dict of DistilIQA's network, but has no {error}; "
            "give a file that their train_teacher or train_student saved"
        ) from None
    network = StemVit(recipe)
    problems = differences(network.state_dict(), ours)
    if problems:
        raise WeightsError(
            f"'{file}' must hold the weights of DistilIQA with {recipe.blocks} blocks, but "
            f"(in our names) {'; '.join(problems)}"
        )
    network.load_state_dict(ours)
    return network.eval()


def convert_authors(file: Path, target: Path) -> StemVitNetwork:
    """Write an authors' checkpoint as ``.safetensors`` with our keys and the recipe.

    Args:
        file: Their checkpoint.
        target: File to write; its metadata holds the recipe as JSON.

    Returns:
        The recipe of the network.

    Raises:
        WeightsError: As :func:`load_authors`.
        OutputError: If the target cannot be written; what was there is untouched.
    """
    from safetensors.torch import save  # noqa: PLC0415 - only here

    network = load_authors(file)
    recipe = authors_recipe(read_authors(file))
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    write_bytes(target, save(state, metadata={"recipe": json.dumps(asdict(recipe))}))
    return recipe


def load_converted(file: Path) -> StemVit:
    """The network of a file that :func:`convert_authors` wrote, in evaluation mode.

    Raises:
        WeightsError: If the file is missing or another one.
    """
    from safetensors import safe_open  # noqa: PLC0415 - only here

    state = read_weights(file)
    with safe_open(file, framework="pt") as stored:
        facts = (stored.metadata() or {}).get("recipe")
    if facts is None:
        raise WeightsError(f"'{file}' must say its recipe; convert the checkpoint again")
    network = StemVit(StemVitNetwork(**json.loads(facts)))
    network.load_state_dict(state)
    return network.eval()


def read_authors(file: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by the authors' names; no code in the file is run.

    Raises:
        WeightsError: If the file is missing, damaged or holds anything but tensors.
    """
    if file.suffix == ".safetensors":
        return read_weights(file)
    if not file.is_file():
        raise WeightsError(f"the checkpoint must exist, '{file}' does not; give another")
    try:
        held = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"'{file}' must be a state dict saved by torch, with nothing but tensors in it: "
            f"{reason(error)}; save model.state_dict() and give that file"
        ) from error
    if not isinstance(held, Mapping) or not all(isinstance(v, Tensor) for v in held.values()):
        raise WeightsError(
            f"'{file}' must hold tensors by name, got {type(held).__name__}; "
            "save model.state_dict() and give that file"
        )
    return {str(name).removeprefix(PARALLEL): value for name, value in held.items()}


def authors_recipe(state: Mapping[str, Tensor]) -> StemVitNetwork:
    """Our recipe of the network that a state dict of the authors belongs to.

    Raises:
        KeyError: If a tensor that tells it is not there.
        WeightsError: If the body is none of :data:`BODIES`.
    """
    width = state["model.conv_proj.weight"].shape[0]
    if width not in BODIES:
        known = ", ".join(map(str, BODIES))
        raise WeightsError(f"the width of the body must be one of {known}, got {width}")
    return StemVitNetwork(
        outputs=state["model.heads.weight"].shape[0],
        blocks=_count(state, r"conv_head\.(\d+)\."),
        body=BODIES[width],
        depth=_count(state, r"model\.encoder\.layers\.encoder_layer_(\d+)\."),
        crop="published",
    )


def our_name(name: str, state: Mapping[str, Tensor]) -> str:
    """Our name of a tensor of the authors.

    Args:
        name: Theirs.
        state: All of theirs; how many blocks the stem has tells where the last layer stands.

    >>> our_name("downsample.0.bias", {"conv_head.0.0.bias": torch.zeros(8)})
    'stem.1.0.bias'
    >>> our_name("model.heads.weight", {})
    'body.head.weight'
    """
    if name.startswith("model."):
        return "body." + timm_name(name.removeprefix("model."))
    blocks = _count(state, r"conv_head\.(\d+)\.")
    return re.sub(r"^downsample\.", f"stem.{blocks}.", re.sub(r"^conv_head\.", "stem.", name))


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    """How many different numbers a pattern finds."""
    return len({found[1] for name in state if (found := re.match(pattern, name))})
