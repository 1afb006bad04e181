"""The models of the package: the one source for the command line, the docs and the tests."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from ctiqa.errors import UsageError


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One model of the package.

    Attributes:
        name: Name for ``--model``; the files are ``<name>.onnx`` and ``<name>.json``.
        title: Title in a few words.
        summary: What it is suited for, in one sentence.
    """

    name: str
    title: str
    summary: str


DEFAULT_MODEL = "ctiqa-s4"
"""Default model."""

MODELS: tuple[ModelRecord, ...] = (
    ModelRecord(
        name=DEFAULT_MODEL,
        title="ctiqa student 4",
        summary="Chest, abdomen and head, any matrix from 256 to 1024, windows inside the model.",
    ),
)


def find_model(name: str) -> ModelRecord:
    """The record of a model by its name.

    Raises:
        UsageError: If no model has this name.

    >>> find_model("ctiqa-s4").title
    'ctiqa student 4'
    """
    for record in MODELS:
        if record.name == name:
            return record
    names = [record.name for record in MODELS]
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known models: {', '.join(names)}"
    raise UsageError(
        f"'model' must be a known name, an imported model or the path of an .onnx file, "
        f"got {name!r}; {hint}"
    )
