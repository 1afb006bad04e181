"""What this processor says it can calculate in, asked without loading an engine."""

from __future__ import annotations

import re
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
"""Where Linux lists the processor's abilities."""

BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Linux's names of the instructions for bfloat16: two on x86-64, one on 64-bit Arm."""

LISTS = re.compile(r"^(?:flags|Features)\s*:(.*)$", re.MULTILINE)


def lacks_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether this processor certainly does not calculate in bfloat16.

    Args:
        cpuinfo: Where its abilities are listed.

    Returns:
        ``False`` where it does, and where that cannot be told.

    >>> lacks_bfloat16(Path("nowhere"))
    False
    """
    return _listed(cpuinfo) is False


def has_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether this processor certainly calculates in bfloat16.

    Args:
        cpuinfo: Where its abilities are listed.

    Returns:
        ``False`` where it does not, and where that cannot be told: slower by a third where it
        could have, not nine times slower where it could not.

    >>> has_bfloat16(Path("nowhere"))
    False
    """
    return _listed(cpuinfo) is True


def _listed(cpuinfo: Path) -> bool | None:
    """Whether bfloat16 is among the abilities; ``None`` where they are not listed."""
    try:
        found = LISTS.search(cpuinfo.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return None if found is None else not BFLOAT16_FLAGS.isdisjoint(found[1].split())
