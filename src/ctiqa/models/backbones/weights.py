"""Load backbone weights from a file: all of them fit, or none is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from ctiqa.errors import WeightsError
from ctiqa.models.backbones.state_dicts import key_differences, read_state

NOT_WEIGHTS = (
    "relative_position_index",
    "relative_coords_table",
    "attn_mask",
    "num_batches_tracked",
)
"""Suffixes of keys that are derived from the image size, or counters; older files lack them."""

TORCHVISION_VIT = (
    (r"^class_token$", "cls_token"),
    (r"^encoder\.pos_embedding$", "pos_embed"),
    (r"^conv_proj\.", "patch_embed.proj."),
    (r"^encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."),
    (r"^(blocks\.\d+)\.ln_([12])\.", r"\1.norm\2."),
    (r"^(blocks\.\d+)\.self_attention\.in_proj_", r"\1.attn.qkv."),
    (r"^(blocks\.\d+)\.self_attention\.out_proj\.", r"\1.attn.proj."),
    (r"^(blocks\.\d+)\.mlp\.(0|linear_1)\.", r"\1.mlp.fc1."),
    (r"^(blocks\.\d+)\.mlp\.(3|linear_2)\.", r"\1.mlp.fc2."),
    (r"^encoder\.ln\.", "norm."),
    (r"^heads\.(head\.)?", "head."),
)
"""Patterns of torchvision's Vision Transformer names, and timm's names; applied in order."""


def load_backbone(
    backbone: nn.Module,
    file: Path,
    classifier: str,
    first_conv: str,
    not_ours: tuple[str, ...] = (),
) -> None:
    """Load all weights but the last layer; ViT names may be timm's or torchvision's.

    The first convolution is summed over colours for one channel, and the position embedding of a
    Vision Transformer is interpolated for another side, as timm does with its own weights.

    Args:
        backbone: Network of timm or torchvision; unchanged if the file does not fit.
        file: Its state dict, ``.safetensors`` or saved by torch.
        classifier: Name of the last layer, which keeps its own weights.
        first_conv: Name of the first convolution.
        not_ours: Prefixes of keys in the file that are ignored.

    Raises:
        WeightsError: If the file cannot be read or belongs to another architecture; the message
            names keys that are missing, unknown or of another shape.
    """
    state = as_timm(read_state(file))
    skipped = (f"{classifier}.", *not_ours)
    given = {k: v for k, v in state.items() if not is_derived(k) and not k.startswith(skipped)}
    own = {
        k: v
        for k, v in backbone.state_dict().items()
        if not is_derived(k) and not k.startswith(f"{classifier}.")
    }
    fitted = {k: _fitted(k, v, own.get(k), first_conv, backbone) for k, v in given.items()}
    problems = key_differences(own, fitted)
    if problems:
        raise WeightsError(
            f"'{file}' must hold the weights of a {type(backbone).__name__} of this size, but "
            f"{'; '.join(problems)}; give the file of the backbone that the recipe names, or 'none'"
        )
    backbone.load_state_dict(fitted, strict=False)


def is_derived(name: str) -> bool:
    """Whether a tensor is derived from the image size, or is a counter.

    >>> is_derived("features.1.0.attn.relative_position_index")
    True
    """
    return name.endswith(NOT_WEIGHTS)


def as_timm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of a Vision Transformer as in timm; leave others unchanged.

    >>> import torch
    >>> list(as_timm({"encoder.layers.encoder_layer_3.ln_1.weight": torch.zeros(1)}))
    ['blocks.3.norm1.weight']
    """
    return (
        {timm_name(name): value for name, value in state.items()}
        if (any(name.startswith("encoder.layers.encoder_layer_") for name in state))
        else dict(state)
    )


def timm_name(name: str) -> str:
    """Timm's name for a tensor of a Vision Transformer of torchvision.

    >>> timm_name("encoder.layers.encoder_layer_0.self_attention.in_proj_bias")
    'blocks.0.attn.qkv.bias'
    """
    for pattern, new in TORCHVISION_VIT:
        name = re.sub(pattern, new, name)
    return name


def fitted_conv(weight: Tensor, channels: int) -> Tensor:
    """Weights of a first convolution for another number of channels.

    They are summed over colours for one channel: a grey image then gives the same output.

    Args:
        weight: Weight [outputs, 3, rows, cols].
        channels: Wanted number of channels.

    Raises:
        WeightsError: If ``channels`` is not 1.

    >>> import torch
    >>> fitted_conv(torch.ones(1, 3, 1, 1), 1).item()
    3.0
    """
    if channels == 1:
        return weight.sum(dim=1, keepdim=True)
    raise WeightsError(f"weights for {weight.shape[1]} channels must not be used for {channels}")


def _fitted(
    name: str, value: Tensor, own: Tensor | None, first_conv: str, backbone: nn.Module
) -> Tensor:
    if own is None or own.shape == value.shape:
        return value
    if name == f"{first_conv}.weight" and own.shape[1] == 1:
        return fitted_conv(value, 1)
    if name == "pos_embed" and own.shape[-1] == value.shape[-1]:
        return _resampled(value, own, int(getattr(backbone, "num_prefix_tokens", 1)))
    return value


def _resampled(places: Tensor, own: Tensor, prefix: int) -> Tensor:
    from timm.layers.pos_embed import resample_abs_pos_embed  # noqa: PLC0415 - slow

    side = round((own.shape[1] - prefix) ** 0.5)
    resampled: Tensor = resample_abs_pos_embed(
        places, new_size=[side, side], num_prefix_tokens=prefix
    )
    return resampled
