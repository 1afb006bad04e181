"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

LIBRARIES = ("ctiqa", "numpy", "onnxruntime", "pydicom", "pyjpegls")


def machine() -> dict[str, str | int | float]:
    """Processor, usable cores, memory, system and Python."""
    return {
        "cpu": _cpu(),
        "cores": len(psutil.Process().cpu_affinity()) if _has_affinity() else os.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """The installed versions of what does the work."""
    return {name: version(name) for name in LIBRARIES}


def in_words(facts: dict[str, str | int | float]) -> str:
    """The machine in one line."""
    return (
        f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB, "
        f"{facts['system']}, Python {facts['python']}"
    )


def _has_affinity() -> bool:
    return hasattr(psutil.Process, "cpu_affinity")


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
