"""JIT compilation by numba if installed; otherwise the same loops run in plain, slow Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., object])

    def jit(function: F) -> F: ...

    def jit_serial(function: F) -> F: ...

    prange = range
else:
    try:
        from numba import njit, prange

        def jit(function):
            return njit(parallel=True, fastmath=True, cache=True, nogil=True)(function)

        def jit_serial(function):
            return njit(fastmath=True, cache=True, nogil=True)(function)

    except ImportError:
        prange = range

        def jit(function):
            return function

        jit_serial = jit


__all__ = ["jit", "jit_serial", "prange"]
