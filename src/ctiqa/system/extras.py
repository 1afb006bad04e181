"""Optional libraries: which extra brings each, and what to say where one is missing.

Scoring needs none of them. What does asks here first, before any work is done, so that nobody
waits an hour to be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from ctiqa.errors import UsageError

EXTRA_OF = {
    "PIL": "train",
    "dask": "cluster",
    "dicomweb_client": "clinic",
    "distributed": "cluster",
    "highdicom": "clinic",
    "matplotlib": "train",
    "numba": "train",
    "onnx": "train",
    "onnxscript": "train",
    "openvino": "fast",
    "polars": "train",
    "pynetdicom": "clinic",
    "pywt": "train",
    "safetensors": "train",
    "skimage": "train",
    "tensorboard": "train",
    "timm": "train",
    "torch": "train",
    "torchvision": "train",
}
"""The extra that brings a library, by the name that is imported."""

DATA_SETS = ("polars",)
"""What data sets made by ``ctiqa prepare`` are written and read with."""

PICTURES = ("PIL",)
"""What natural images are read with."""

NETWORKS = ("safetensors", "timm", "torch", "torchvision")
"""What trained networks are built, stored and run with."""

DRAWINGS = ("matplotlib",)
"""What pages, losses and comparisons are drawn with."""

ONNX = ("onnx", "onnxscript")
"""What networks are exported with."""


def require_extra(user: str, *modules: str, extra: str | None = None) -> None:
    """Make sure that optional libraries are installed; none of them is loaded.

    Args:
        user: What needs them, for the message.
        *modules: Names that are imported.
        extra: The extra to install; by default the one in :data:`EXTRA_OF`.

    Raises:
        UsageError: Naming every library that is missing and the command that installs it.

    >>> require_extra("reading", "json")
    >>> require_extra("'ctiqa dream'", "json", "electric_sheep", extra="train")
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: 'ctiqa dream' needs electric_sheep, which is not installed; install it
    with: pip install 'ctiqa[train]'
    """
    if missing := [name for name in modules if not is_installed(name)]:
        raise UsageError(lack(user, missing, extra))


def is_installed(name: str) -> bool:
    """Whether a library can be found, without loading it.

    >>> is_installed("json"), is_installed("electric_sheep")
    (True, False)
    """
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def lack(user: str, missing: Sequence[str], extra: str | None = None) -> str:
    """The sentence about libraries that are missing, with the command that installs them.

    >>> print(lack("a run", ["timm", "torch.nn"]))
    a run needs timm and torch, which are not installed; install them with:
    pip install 'ctiqa[train]'
    >>> lack("this", ["jinja2"])
    "this needs jinja2, which is not installed; install it with: pip install 'ctiqa'"
    """
    names = [name.partition(".")[0] for name in missing]
    extras = {extra} if extra else {EXTRA_OF[name] for name in names if name in EXTRA_OF}
    package = f"ctiqa[{','.join(sorted(extras))}]" if extras else "ctiqa"
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    are, them = ("are", "them") if len(names) > 1 else ("is", "it")
    return (
        f"{user} needs {listed}, which {are} not installed; "
        f"install {them} with: pip install '{package}'"
    )


def is_extra(error: BaseException) -> bool:
    """Whether an error says that an optional library is not installed.

    >>> is_extra(ModuleNotFoundError("no", name="torch.nn")), is_extra(KeyError("torch"))
    (True, False)
    """
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    return (name or "").partition(".")[0] in EXTRA_OF
