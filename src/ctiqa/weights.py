"""Model files: location, cards, verification.

A model is three things in one folder: ``<name>.onnx``, its card ``<name>.json`` and an entry for
each in ``hashes.json``. Models are part of the package or imported into the user's folder (hospital
computers are often offline); nothing is ever downloaded.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctiqa.cards import IntervalRule, ModelCard, parse_card, parse_object
from ctiqa.catalog import MODELS, find_model
from ctiqa.errors import UsageError, WeightsError
from ctiqa.text.strict_json import MOST_BYTES

__all__ = [
    "HASHES",
    "IntervalRule",
    "Model",
    "ModelCard",
    "ModelFiles",
    "file_digest",
    "installation",
    "list_models",
    "load_card",
    "load_hashes",
    "load_model",
    "locate_model",
    "parse_card",
    "user_dir",
]

HASHES = "hashes.json"
"""File in a folder of models with the expected SHA-256 of every model file."""

PACKAGED = Path(__file__).parent / "assets" / "models"
"""Folder of the models in the package."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Files of one model.

    Attributes:
        name: Name of the model (the file name without suffix).
        onnx: File of the network.
        card: File of its card.
        origin: ``"packaged"``, ``"imported"`` or ``"file"``.
    """

    name: str
    onnx: Path
    card: Path
    origin: str


@dataclass(frozen=True, slots=True)
class Model:
    """A verified model in memory.

    Attributes:
        files: Its files.
        card: Its card.
        network: Content of the ONNX file.
        sha256: Digest of ``network``.
    """

    files: ModelFiles
    card: ModelCard
    network: bytes
    sha256: str

    @property
    def facts(self) -> dict[str, Any]:
        """The card and the digest of the network, for reports."""
        return {**self.card.facts, "sha256": self.sha256}


def user_dir() -> Path | None:
    """Folder of imported models: ``CTIQA_MODELS``, or else in the user's data folder.

    Returns:
        The folder, which need not exist; ``None`` for a user without a home.
    """
    if chosen := os.environ.get("CTIQA_MODELS"):
        return Path(chosen)
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        data = Path(base) if base else Path.home() / ".local" / "share"
    except RuntimeError:
        return None
    return data / "ctiqa" / "models"


def list_models() -> tuple[ModelFiles, ...]:
    """All models that ``--model`` finds by name: packaged ones first, then imported ones."""
    packaged = tuple(_files_of(PACKAGED / f"{record.name}.onnx", "packaged") for record in MODELS)
    return packaged + tuple(_files_of(path, "imported") for path in _imported())


def locate_model(model: str | Path) -> ModelFiles:
    """Find a model by name or by the path of its ``.onnx`` file.

    Raises:
        UsageError: If there is no such model.
    """
    if Path(model).suffix == ".onnx":
        if not Path(model).is_file():
            raise UsageError(f"'model' must be a file that exists or a known name, got {model}")
        return _files_of(Path(model), "file")
    for files in list_models():
        if files.name == str(model):
            return files
    record = find_model(str(model))
    return _files_of(PACKAGED / f"{record.name}.onnx", "packaged")


def load_model(model: str | Path, *, sha256: str | None = None) -> Model:
    """Read a model and its card, and verify both against ``hashes.json`` in their folder.

    Args:
        model: Name, or path of an ``.onnx`` file with its ``.json`` in the same folder. Only a
            file given by its path may lack a ``hashes.json``: the caller then vouches for it.
        sha256: Expected digest of the network, instead of the one in ``hashes.json``.

    Raises:
        UsageError: If there is no model of this name.
        WeightsError: If a file is missing or altered, or the card breaks a rule.
    """
    files = locate_model(model)
    hashes = load_hashes(files.onnx.parent)
    if sha256 is not None:
        hashes[files.onnx.name] = sha256.lower()
    network = _read(files.onnx)
    card = _read_text(files.card)
    for path, data in ((files.onnx, network), (files.card, card)):
        _verify(path, data, hashes.get(path.name), required=files.origin != "file")
    return Model(files, parse_card(card, files.card), network, file_digest(network))


def file_digest(data: bytes) -> str:
    """SHA-256 of some bytes, in hexadecimal.

    >>> file_digest(b"")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(data).hexdigest()


def load_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 by file name in a folder of models; empty if there is no ``hashes.json``.

    Raises:
        WeightsError: If the file is not a JSON object of strings.
    """
    path = folder / HASHES
    if not path.is_file():
        return {}
    table = parse_object(_read_text(path), path)
    if not all(isinstance(value, str) for value in table.values()):
        raise WeightsError(f"{path.name}: every value must be a sha256 as text")
    return {name: str(value).lower() for name, value in table.items()}


def load_card(model: str | Path) -> ModelCard:
    """Read and verify the card of a model, without its network.

    Raises:
        UsageError: If there is no model of this name.
        WeightsError: If the card is missing, altered or breaks a rule.
    """
    files = locate_model(model)
    data = _read_text(files.card)
    expected = load_hashes(files.card.parent).get(files.card.name)
    _verify(files.card, data, expected, required=files.origin != "file")
    return parse_card(data, files.card)


def installation(model: Model) -> tuple[tuple[Path, bytes], ...]:
    """Files to write to import a model into the user's folder, in this order.

    The hashes are last, so an interrupted import is detected at the next load.

    Raises:
        UsageError: If a packaged model has this name, or the user has no folder.
    """
    if model.files.name in {record.name for record in MODELS}:
        raise UsageError(
            f"{model.files.name!r} is the name of a packaged model; rename the file before import"
        )
    folder = user_dir()
    if folder is None:
        raise UsageError("you have no home folder; name one for imported models in CTIQA_MODELS")
    card = _read_text(model.files.card)
    names = {model.files.onnx.name: model.sha256, model.files.card.name: file_digest(card)}
    hashes = json.dumps({**load_hashes(folder), **names}, indent=2, sort_keys=True).encode()
    return (
        (folder / model.files.onnx.name, model.network),
        (folder / model.files.card.name, card),
        (folder / HASHES, hashes),
    )


def _imported() -> list[Path]:
    """Models in the user's folder; empty if it cannot be listed."""
    folder = user_dir()
    try:
        return sorted(folder.glob("*.onnx")) if folder else []
    except OSError:
        return []


def _files_of(onnx: Path, origin: str) -> ModelFiles:
    return ModelFiles(onnx.stem, onnx, onnx.with_suffix(".json"), origin)


def _read(path: Path, most: int = -1) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise WeightsError(
            f"model file {path} cannot be read ({error.strerror}); reinstall ctiqa, or import the "
            "model with 'ctiqa weights import FILE'"
        ) from error


def _read_text(path: Path) -> bytes:
    """Read a card or hashes; of a too large file only enough for it to be refused."""
    return _read(path, MOST_BYTES + 1)


def _verify(path: Path, data: bytes, expected: str | None, *, required: bool) -> None:
    if expected is None:
        if required:
            raise WeightsError(f"{path.name} is not listed in {HASHES} beside it: not verified")
        return
    found = file_digest(data)
    if found != expected:
        raise WeightsError(
            f"{path.name} is not the file it should be: sha256 expected {expected}, got {found}; "
            "reinstall ctiqa or import the model again"
        )
