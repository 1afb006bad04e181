"""Optional libraries: the extra that installs each, and the message if one is missing.

Scoring needs none of them. Commands that do check here first, so that a missing library is
reported before any work is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from ctiqa.errors import UsageError

EXTRA_OF = {
    "PIL": "train",
    "alembic": "clinic",
    "anyio": "clinic",
    "argon2": "clinic",
    "cryptography": "clinic",
    "dask": "cluster",
    "dask_jobqueue": "cluster",
    "dicomweb_client": "clinic",
    "distributed": "cluster",
    "fastapi": "clinic",
    "fsspec": "cluster",
    "highdicom": "clinic",
    "itsdangerous": "clinic",
    "matplotlib": "train",
    "numba": "train",
    "onnx": "train",
    "onnxscript": "train",
    "openvino": "fast",
    "polars": "train",
    "prometheus_client": "clinic",
    "psycopg": "clinic",
    "psycopg_binary": "clinic",
    "pydantic": "clinic",
    "pynetdicom": "clinic",
    "python_multipart": "clinic",
    "pywt": "train",
    "reportlab": "clinic",
    "requests": "clinic",
    "s3fs": "cluster",
    "safetensors": "train",
    "skimage": "train",
    "sqlalchemy": "clinic",
    "tensorboard": "train",
    "timm": "train",
    "torch": "train",
    "torchvision": "train",
    "urllib3": "clinic",
    "uvicorn": "clinic",
}
"""Extra that installs a library, by import name."""

DATA_SETS = ("polars",)
"""Libraries that read and write the data sets of ``ctiqa prepare``."""

PICTURES = ("PIL",)
"""Libraries that read natural images."""

NETWORKS = ("safetensors", "timm", "torch", "torchvision")
"""Libraries that build, store and run trained networks."""

DRAWINGS = ("matplotlib",)
"""Libraries that draw pages, losses and comparisons."""

ONNX = ("onnx", "onnxscript")
"""Libraries that export networks."""


def require_extra(user: str, *modules: str, extra: str | None = None) -> None:
    """Check that optional libraries are installed, without loading them.

    Args:
        user: Command or feature that needs them, for the message.
        *modules: Import names.
        extra: Extra to install; by default the one in :data:`EXTRA_OF`.

    Raises:
        UsageError: If any is missing; names all of them and the command that installs them.

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
    """Whether a library is installed, without loading it.

    >>> is_installed("json"), is_installed("electric_sheep")
    (True, False)
    """
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def lack(user: str, missing: Sequence[str], extra: str | None = None) -> str:
    """The message for missing libraries, with the command that installs them.

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
    """Whether an error means that an optional library is not installed.

    >>> is_extra(ModuleNotFoundError("no", name="torch.nn")), is_extra(KeyError("torch"))
    (True, False)
    """
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    return (name or "").partition(".")[0] in EXTRA_OF
