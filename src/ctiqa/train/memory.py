"""What to do where a batch does not fit into memory."""

from __future__ import annotations

import torch


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error says that memory has ended, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def part_that_fits(batch: int, accumulate: int) -> str:
    """Advice: the next smaller parts that a batch can be cut into.

    Args:
        batch: Examples a step.
        accumulate: Parts that it is cut into, which turned out too large.

    >>> part_that_fits(16, 2)
    "a part of 8 images does not fit into memory; set 'accumulate' = 4 (parts of 4)"
    >>> part_that_fits(3, 3)
    'one image does not fit into memory; take a smaller network or smaller slices'
    """
    part = batch // accumulate
    smaller = [n for n in range(1, part // 2 + 1) if batch % n == 0]
    if not smaller:
        return "one image does not fit into memory; take a smaller network or smaller slices"
    fits = max(smaller)
    return (
        f"a part of {part} images does not fit into memory; "
        f"set 'accumulate' = {batch // fits} (parts of {fits})"
    )
