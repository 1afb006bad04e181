"""Read state dicts from foreign files without running code, and compare them with ours."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ctiqa.errors import WeightsError, some

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "weights")
"""Usual names of the state dict in a checkpoint with epochs, optimisers and the like."""

PARALLEL = "module."
"""Prefix that torch's DataParallel adds to every key."""

KEYS_SHOWN = 5
"""Number of keys of each sort that an error names."""


@dataclass(frozen=True, eq=False, slots=True)
class Checkpoint:
    """Content of a foreign checkpoint.

    Attributes:
        state: Tensors by name.
        beside: Names of other entries: epochs, optimisers and the like.
    """

    state: dict[str, Tensor]
    beside: tuple[str, ...] = ()


def read_state(file: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name; see :func:`read_checkpoint`.

    Raises:
        WeightsError: If the file is missing, damaged, contains code, or has no tensors by name.
    """
    return read_checkpoint(file).state


def read_checkpoint(file: Path) -> Checkpoint:
    """Tensors and other entries of a checkpoint; no code in it is run.

    Wrappers (``{"state_dict": …}``, ``{"model": …}``) are removed, and so is ``module.`` if all
    keys begin with it.

    Args:
        file: A ``.safetensors`` file, or a state dict saved by torch.

    Raises:
        WeightsError: If the file is missing, damaged, contains code, or has no tensors by name.
    """
    if not file.exists():
        raise WeightsError(
            f"the file of weights must exist, '{file}' does not; give another, or 'none'"
        )
    held = _safetensors(file) if file.suffix == ".safetensors" else _of_torch(file)
    found = unwrapped(held)
    if not found.state:
        raise WeightsError(
            f"'{file}' must hold tensors by name, got {_kind(held)}; "
            "save model.state_dict() and give that file"
        )
    return found


def unwrapped(held: object) -> Checkpoint:
    """Tensors by name in the content of a checkpoint; empty if there are none.

    >>> found = unwrapped({"epoch": 3, "state_dict": {"module.a": torch.zeros(1)}})
    >>> list(found.state), found.beside
    (['a'], ('epoch',))
    """
    if not isinstance(held, Mapping):
        return Checkpoint({})
    if held and all(isinstance(value, Tensor) for value in held.values()):
        return Checkpoint(_one_device({str(name): value for name, value in held.items()}))
    wrapper = next((name for name in WRAPPERS if isinstance(held.get(name), Mapping)), None)
    if wrapper is None:
        return Checkpoint({})
    beside = tuple(str(name) for name in held if name != wrapper)
    inner = unwrapped(held[wrapper])
    return Checkpoint(inner.state, beside + inner.beside)


def count(state: Mapping[str, Tensor], pattern: str) -> int:
    r"""Number of different matches of a pattern in names.

    >>> one = torch.zeros(1)
    >>> count({"a.0.x": one, "a.0.y": one, "a.1.x": one}, r"a\.(\d+)")
    2
    """
    return len({found[1] for name in state if (found := re.match(pattern, name))})


def check_one_channel(part: str, first: Tensor) -> None:
    """Refuse the weights of a first convolution for more than one channel.

    Raises:
        WeightsError: If it reads more channels.
    """
    if first.shape[1] != 1:
        raise WeightsError(
            f"{part} must read one channel, got weights for {first.shape[1]}; give weights of the "
            "published network"
        )


def key_differences(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """Differences between weights and a network; empty if they fit.

    Args:
        own: Tensors of the network by name.
        given: Tensors of the file by name.

    >>> key_differences({"a": torch.zeros(1), "b": torch.zeros(2)}, {"b": torch.zeros(3)})
    ["1 missing: 'a'", "1 of another shape: 'b' (3) instead of (2)"]
    """
    shapes = [
        f"'{k}' {shape(given[k])} instead of {shape(own[k])}"
        for k in own
        if k in given and own[k].shape != given[k].shape
    ]
    return [
        *_listed("missing", [f"'{k}'" for k in own if k not in given]),
        *_listed("unknown", [f"'{k}'" for k in given if k not in own]),
        *_listed("of another shape", shapes),
    ]


def shape(tensor: Tensor) -> str:
    """The shape of a tensor, for people.

    >>> shape(torch.zeros(2, 3))
    '(2×3)'
    """
    return f"({'×'.join(map(str, tensor.shape))})"


def reason(error: Exception) -> str:
    r"""The first line of another library's error message.

    >>> reason(ValueError("no such host\nand more")), reason(EOFError())
    ('no such host', 'EOFError')
    """
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def _safetensors(file: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError  # noqa: PLC0415 - only needed for files
    from safetensors.torch import load_file  # noqa: PLC0415

    try:
        return dict(load_file(file))
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"'{file}' must be a safetensors file of a state dict: {error}; "
            "download or convert it again"
        ) from error


def _of_torch(file: Path) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"'{file}' must be a state dict saved by torch, with nothing but tensors in it, but "
            f"{_obstacle(error)}; save model.state_dict() and give that file"
        ) from error


def _obstacle(error: Exception) -> str:
    """Why torch could not read the file, without its advice to disable the check."""
    code = re.search(r"GLOBAL ([\w.]+)", str(error))
    return f"it holds code ({code[1]}), which is not run" if code else "it is no such file"


def _one_device(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors without the DataParallel prefix."""
    if all(name.startswith(PARALLEL) for name in state):
        return {name.removeprefix(PARALLEL): value for name, value in state.items()}
    return state


def _kind(held: object) -> str:
    if isinstance(held, Mapping):
        keys = ", ".join(map(repr, list(held)[:KEYS_SHOWN]))
        return f"a {type(held).__name__} of {keys or 'nothing'}"
    return type(held).__name__


def _listed(what: str, names: Iterable[str]) -> list[str]:
    names = list(names)
    if not names:
        return []
    return [f"{len(names)} {what}: {some(names, KEYS_SHOWN)}"]
