"""Memory use during training: keep freed buffers, and advise if a micro-batch does not fit."""

from __future__ import annotations

import ctypes
import os

import torch

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Parameters of glibc's ``mallopt``, as <malloc.h> numbers them."""

KEPT_BYTES = {M_MMAP_THRESHOLD: 2**30, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**26}


def keep_freed_memory() -> bool:
    """Let this process keep freed memory, if the C library supports it (glibc).

    Every training step allocates the same large buffers. If they are returned to the kernel in
    between, it clears every page again, which took a tenth to a fifth of a step.

    Returns:
        Whether the C library accepted the request.

    >>> keep_freed_memory() in {True, False}
    True
    """
    if os.name != "posix":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(parameter, value) == 1 for parameter, value in KEPT_BYTES.items())


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error means out of memory, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def micro_batch_that_fits(batch: int, accumulate: int) -> str:
    """Advice: the next smaller micro-batches that a batch can be divided into.

    Args:
        batch: Examples per step.
        accumulate: Number of micro-batches, which are too large.

    >>> micro_batch_that_fits(16, 2)
    "a micro-batch of 8 images does not fit into memory; set 'accumulate' = 4 (micro-batches of 4)"
    >>> micro_batch_that_fits(3, 3)
    'one image does not fit into memory; take a smaller network or smaller slices'
    """
    size = batch // accumulate
    smaller = [n for n in range(1, size // 2 + 1) if batch % n == 0]
    if not smaller:
        return "one image does not fit into memory; take a smaller network or smaller slices"
    fits = max(smaller)
    return (
        f"a micro-batch of {size} images does not fit into memory; "
        f"set 'accumulate' = {batch // fits} (micro-batches of {fits})"
    )
