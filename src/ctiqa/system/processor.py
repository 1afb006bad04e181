"""Cores and features of the processor, detected without loading an engine."""

from __future__ import annotations

import os
import re
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
"""File in which Linux lists the processor's features."""

BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Linux's names for bfloat16 instructions: two on x86-64, one on 64-bit Arm."""

LISTS = re.compile(r"^(?:flags|Features)\s*:(.*)$", re.MULTILINE)


def usable_cores() -> int:
    """Number of processor cores available to this process, which a container may limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def lacks_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether this processor certainly lacks bfloat16 instructions.

    Args:
        cpuinfo: Where its abilities are listed.

    Returns:
        ``False`` if it has them, and if this is unknown.

    >>> lacks_bfloat16(Path("nowhere"))
    False
    """
    return _listed(cpuinfo) is False


def has_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether this processor certainly has bfloat16 instructions.

    Args:
        cpuinfo: Where its abilities are listed.

    Returns:
        ``False`` if it lacks them, and if this is unknown: not using them costs a third of
        the speed, using them without support makes it nine times slower.

    >>> has_bfloat16(Path("nowhere"))
    False
    """
    return _listed(cpuinfo) is True


def _listed(cpuinfo: Path) -> bool | None:
    """Whether bfloat16 is among the listed features; ``None`` if there is no list."""
    try:
        found = LISTS.search(cpuinfo.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return None if found is None else not BFLOAT16_FLAGS.isdisjoint(found[1].split())
