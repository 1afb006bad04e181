"""Model files: where they lie, what their cards say, and whether they are what they should be.

A model is three things in one folder: ``<name>.onnx``, its card ``<name>.json`` and a line for
each in ``hashes.json``. Models come inside the package or are imported into the user's own folder
(hospital computers are often offline); nothing is ever downloaded.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctiqa.catalog import MODELS, find_model
from ctiqa.errors import UsageError, WeightsError
from ctiqa.hu import WINDOWS

HASHES = "hashes.json"
"""File beside the models that says which sha256 each of them must have."""

PACKAGED = Path(__file__).parent / "assets" / "models"
"""Folder of the models inside the package."""


@dataclass(frozen=True, slots=True)
class IntervalRule:
    """How wide the prediction interval of a slice is (split-conformal, from validation patients).

    Attributes:
        level: Share of slices whose true score lies inside, in (0, 1).
        quantile: Half width in units of the member spread, >= 0.
        floor: Smallest spread taken, in score points, >= 0.
    """

    level: float
    quantile: float
    floor: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model says about itself.

    Attributes:
        name: Name of the model.
        version: Version of its weights.
        members: Number of head members, each one estimate of the score.
        matrix: Smallest and largest matrix side it was made for, in pixels.
        multiple: What its sides must be multiples of; what lacks is filled with air.
        selectable_windows: Names of the windows a user may choose from; empty where the windows
            are inside the model.
        interval: How the prediction interval is made.
        facts: The whole card as stored (licence, data, label, agreement, ...).
    """

    name: str
    version: str
    members: int
    matrix: tuple[int, int]
    multiple: int
    selectable_windows: tuple[str, ...]
    interval: IntervalRule
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where one model lies.

    Attributes:
        name: Name of the model (the file name without its suffix).
        onnx: The network.
        card: Its card.
        origin: ``"packaged"``, ``"imported"`` or ``"file"``.
    """

    name: str
    onnx: Path
    card: Path
    origin: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was read and verified.

    Attributes:
        files: Where it came from.
        card: What it says about itself.
        network: Content of the ONNX file.
        sha256: Digest of ``network``.
    """

    files: ModelFiles
    card: ModelCard
    network: bytes
    sha256: str

    @property
    def facts(self) -> dict[str, Any]:
        """The card with the digest of the network, for reports."""
        return {**self.card.facts, "sha256": self.sha256}


def user_dir() -> Path:
    """Folder of imported models: ``CTIQA_MODELS``, else the user's data folder."""
    if chosen := os.environ.get("CTIQA_MODELS"):
        return Path(chosen)
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".local" / "share") / "ctiqa" / "models"


def list_models() -> tuple[ModelFiles, ...]:
    """All models that ``--model`` knows by name: packaged ones first, then imported ones."""
    packaged = tuple(_files_of(PACKAGED / f"{record.name}.onnx", "packaged") for record in MODELS)
    imported = sorted(user_dir().glob("*.onnx"))
    return packaged + tuple(_files_of(path, "imported") for path in imported)


def locate(model: str | Path) -> ModelFiles:
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
    """Read a model and its card, and verify both against ``hashes.json`` beside them.

    Args:
        model: Name, or path of an ``.onnx`` file with its ``.json`` beside it. Only a file named
            by its path may lack a ``hashes.json``: whoever points at a file vouches for it.
        sha256: Digest the network must have, instead of the one in ``hashes.json``.

    Raises:
        UsageError: If there is no model of this name.
        WeightsError: If a file is missing, altered, or the card breaks a rule.
    """
    files = locate(model)
    hashes = load_hashes(files.onnx.parent)
    if sha256 is not None:
        hashes[files.onnx.name] = sha256.lower()
    network = _read(files.onnx)
    card = _read(files.card)
    for path, data in ((files.onnx, network), (files.card, card)):
        _verify(path, data, hashes.get(path.name), required=files.origin != "file")
    return Model(files, parse_card(card, files.card), network, digest(network))


def digest(data: bytes) -> str:
    """The sha256 of some bytes, in hexadecimal.

    >>> digest(b"")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(data).hexdigest()


def load_hashes(folder: Path) -> dict[str, str]:
    """The table file name -> sha256 of a folder of models; empty where there is none.

    Raises:
        WeightsError: If the table is not a JSON object of texts.
    """
    path = folder / HASHES
    if not path.is_file():
        return {}
    table = _parse_object(_read(path), path)
    if not all(isinstance(value, str) for value in table.values()):
        raise WeightsError(f"{path.name}: every value must be a sha256 as text")
    return {name: str(value).lower() for name, value in table.items()}


def load_card(model: str | Path) -> ModelCard:
    """The card of a model, verified, without reading its network.

    Raises:
        UsageError: If there is no model of this name.
        WeightsError: If the card is missing, altered or breaks a rule.
    """
    files = locate(model)
    data = _read(files.card)
    expected = load_hashes(files.card.parent).get(files.card.name)
    _verify(files.card, data, expected, required=files.origin != "file")
    return parse_card(data, files.card)


def parse_card(data: bytes, path: Path) -> ModelCard:
    """Turn the JSON of a card into a record.

    Raises:
        WeightsError: If it is not JSON, or a needed entry is missing or out of range.
    """
    facts = _parse_object(data, path)
    try:
        card = _card_from(facts)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"model card {path.name}: entry {error} is missing or of the wrong kind"
        ) from error
    if problems := _card_problems(card):
        raise WeightsError(f"model card {path.name}: {'; '.join(problems)}")
    return card


def installation(model: Model) -> tuple[tuple[Path, bytes], ...]:
    """What has to be written to import a model into the user's folder, in this order.

    The hashes come last: an import that stops halfway is noticed at the next load.

    Raises:
        UsageError: If a packaged model already has this name.
    """
    if model.files.name in {record.name for record in MODELS}:
        raise UsageError(
            f"{model.files.name!r} is the name of a packaged model; rename the file before import"
        )
    folder = user_dir()
    card = _read(model.files.card)
    names = {model.files.onnx.name: model.sha256, model.files.card.name: digest(card)}
    hashes = json.dumps({**load_hashes(folder), **names}, indent=2, sort_keys=True).encode()
    return (
        (folder / model.files.onnx.name, model.network),
        (folder / model.files.card.name, card),
        (folder / HASHES, hashes),
    )


def _files_of(onnx: Path, origin: str) -> ModelFiles:
    return ModelFiles(onnx.stem, onnx, onnx.with_suffix(".json"), origin)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"model file {path} cannot be read ({error.strerror}); reinstall ctiqa, or import the "
            "model with 'ctiqa weights import FILE'"
        ) from error


def _verify(path: Path, data: bytes, expected: str | None, *, required: bool) -> None:
    if expected is None:
        if required:
            raise WeightsError(f"{path.name} is not listed in {HASHES} beside it: not verified")
        return
    found = digest(data)
    if found != expected:
        raise WeightsError(
            f"{path.name} is not the file it should be: sha256 expected {expected}, got {found}; "
            "reinstall ctiqa or import the model again"
        )


def _parse_object(data: bytes, path: Path) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except ValueError as error:
        raise WeightsError(f"{path.name} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path.name} must hold a JSON object, got {type(content).__name__}")
    return content


def _card_from(facts: dict[str, Any]) -> ModelCard:
    low, high = facts["input"]["matrix"]
    rule = facts["interval"]
    return ModelCard(
        name=str(facts["name"]),
        version=str(facts["version"]),
        members=int(facts["members"]),
        matrix=(int(low), int(high)),
        multiple=int(facts["input"].get("multiple", 1)),
        selectable_windows=tuple(facts["input"].get("selectable_windows", ())),
        interval=IntervalRule(float(rule["level"]), float(rule["quantile"]), float(rule["floor"])),
        facts=facts,
    )


def _card_problems(card: ModelCard) -> list[str]:
    rule = card.interval
    windows = ", ".join(card.selectable_windows)
    rules = {
        f"'input.selectable_windows' must be known windows, got {windows}": WINDOWS.keys()
        >= set(card.selectable_windows),
        f"'members' must be >= 1, got {card.members}": card.members >= 1,
        f"'input.matrix' must rise, got {list(card.matrix)}": 0 < card.matrix[0] <= card.matrix[1],
        f"'input.multiple' must be >= 1, got {card.multiple}": card.multiple >= 1,
        f"'interval.level' must lie in (0, 1), got {rule.level}": 0 < rule.level < 1,
        f"'interval.quantile' must be >= 0, got {rule.quantile}": 0 <= rule.quantile < math.inf,
        f"'interval.floor' must be >= 0, got {rule.floor}": 0 <= rule.floor < math.inf,
    }
    return [text for text, kept in rules.items() if not kept]
