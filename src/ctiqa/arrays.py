"""Arrays of any library as NumPy arrays: torch tensors on any device, JAX, xarray and others."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError


@runtime_checkable
class AnyArray(Protocol):
    """An array of any library: NumPy, torch (CPU or GPU), JAX, xarray.

    >>> [isinstance(each, AnyArray) for each in (np.zeros(3), [0.0, 1.0], "scan/")]
    [True, False, False]
    """

    def __array__(self) -> npt.NDArray[Any]:
        """The same numbers as a NumPy array."""


def as_numpy(value: AnyArray, name: str) -> npt.NDArray[Any]:
    """The numbers of an array, in CPU memory and without gradients.

    Args:
        value: Array of any library, shape and numeric type.
        name: Name of the array in messages.

    Raises:
        UsageError: If part of it is masked, its numeric type is too coarse for HU, or its
            library cannot convert it.

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
        # NumPy cannot convert torch tensors that are on a GPU or have gradients.
        force = getattr(value, "numpy", None) if hasattr(value, "detach") else None
        return np.asarray(force(force=True) if force else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"'{name}' cannot be made a NumPy array: {error}; pass a dense array or tensor"
        ) from None
