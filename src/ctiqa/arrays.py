"""Arrays of any library as NumPy arrays: torch tensors on any device, JAX, xarray and the like."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError


@runtime_checkable
class AnyArray(Protocol):
    """An array of any library: NumPy, torch (on a processor or GPU), JAX, xarray.

    >>> [isinstance(each, AnyArray) for each in (np.zeros(3), [0.0, 1.0], "scan/")]
    [True, False, False]
    """

    def __array__(self) -> npt.NDArray[Any]:
        """The same numbers as a NumPy array."""


def as_numpy(value: AnyArray, name: str) -> npt.NDArray[Any]:
    """The numbers of an array, on the processor; gradients are left behind.

    Args:
        value: Array of any library, of any shape and kind of number.
        name: What it is called, for messages.

    Raises:
        UsageError: If a part of it is masked, it is stored too coarsely for HU, or its library
            cannot hand it over.

    >>> as_numpy(np.array([1, 2], dtype=np.int16), "hu").tolist()
    [1, 2]
    """
    if np.ma.is_masked(value):
        raise UsageError(
            f"'{name}' must not be masked; fill what is masked, by -1024 for no measurement"
        )
    if str(getattr(value, "dtype", "")).endswith("bfloat16"):
        raise UsageError(
            f"'{name}' must keep every HU, got bfloat16, which rounds them to steps of up to 8; "
            "keep images in float32 (casting back does not restore them)"
        )
    try:
        # NumPy asks torch tensors on a GPU, or with gradients, in vain.
        force = getattr(value, "numpy", None) if hasattr(value, "detach") else None
        return np.asarray(force(force=True) if force else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"'{name}' cannot be made a NumPy array: {error}; pass a dense array or tensor"
        ) from None
