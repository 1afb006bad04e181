"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

LIBRARIES = (
    "ctiqa",
    "numpy",
    "onnxruntime",
    "openvino",
    "pydicom",
    "pyjpegls",
    "pylibjpeg-openjpeg",
    "torch",
    "torchvision",
    "timm",
)

BUSY = 0.25
"""Running processes per core, of others, from which figures are not to be trusted."""


def machine() -> dict[str, str | int | float]:
    """Processor, usable cores, memory, system and Python."""
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def cores() -> int:
    """Processor cores that may be used."""
    return len(psutil.Process().cpu_affinity()) if _has_affinity() else os.cpu_count() or 1


def load() -> float:
    """Processes that wanted a core in the last minute, on average."""
    return round(psutil.getloadavg()[0], 2)


def is_busy(found: float, usable: int) -> bool:
    """Whether others use so much of the machine that figures are not to be trusted.

    >>> is_busy(0.1, 2), is_busy(2.1, 2)
    (False, True)
    """
    return found > BUSY * usable


def versions() -> dict[str, str]:
    """The installed versions of what does the work; what is not installed is left out."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def precisions(engines: Sequence[str]) -> dict[str, str]:
    """What every engine calculates in on this machine."""
    found = dict.fromkeys(engines, "float32")
    if "openvino" in found:
        from ctiqa.score.engines.openvino_cpu import runs_bfloat16  # noqa: PLC0415 - optional

        found["openvino"] = "bfloat16" if runs_bfloat16() else "float32"
    return found


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
