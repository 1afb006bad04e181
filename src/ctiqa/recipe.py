"""Recipes: a whole run described by one TOML file, read strictly.

Unknown keys, wrong types and impossible values are errors; every problem is listed at once.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from ctiqa.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """How examples are made from a collection of clean slices.

    Attributes:
        most_slices: Slices taken from one series at the most, evenly spaced.
        train_examples: Degraded examples for every slice of a training patient.
        held_out_examples: The same for validation and test patients.
        draws: Independent noise reconstructions a slice.
        folds: Folds that the training patients are cut into.
        test_share: Share of the patients of every region kept for the test.
        validation_share: The same for validation.
        test_patients: Patients that are in the test in any case.
        train_patients: Patients that are trained on in any case (the only ones of their kind).
        seed: Seed of splits and degradations.
    """

    most_slices: int = 16
    train_examples: int = 40
    held_out_examples: int = 24
    draws: int = 2
    folds: int = 5
    test_share: float = 0.2
    validation_share: float = 0.15
    test_patients: tuple[str, ...] = ()
    train_patients: tuple[str, ...] = ()
    seed: int = 1

    def __post_init__(self) -> None:
        counts = ("most_slices", "train_examples", "held_out_examples", "draws")
        shares = ("test_share", "validation_share")
        _require(
            *(_rule(self, name, ">= 1", lambda v: v >= 1) for name in counts),
            *(_rule(self, name, "in [0, 0.5)", lambda v: 0 <= v < 0.5) for name in shares),
            _rule(self, "folds", ">= 2", lambda v: v >= 2),
            _rule(self, "seed", ">= 0", lambda v: v >= 0),
        )


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """Size of the stride-32 network.

    Attributes:
        stem: Channels of the five stride-2 stages; the last is the width of the tokens.
        blocks: Attention blocks.
        heads: Attention heads; must divide the token width.
        outputs: Numbers in the score vector.
    """

    stem: tuple[int, ...] = (16, 32, 64, 96, 160)
    blocks: int = 3
    heads: int = 5
    outputs: int = 5

    def __post_init__(self) -> None:
        width = self.stem[-1] if self.stem else 0
        _require(
            _rule(self, "stem", "five channel counts >= 1", lambda v: len(v) == 5 and min(v) >= 1),
            _rule(self, "blocks", ">= 1", lambda v: v >= 1),
            _rule(self, "heads", f"a divisor of {width}", lambda v: v >= 1 and width % v == 0),
            _rule(self, "outputs", ">= 1", lambda v: v >= 1),
        )


@dataclass(frozen=True, slots=True)
class TrainRecipe:
    """One training: optimiser, length and loss.

    Attributes:
        steps: Optimiser steps.
        batch: Examples a step.
        learning_rate: Peak learning rate of AdamW, reached after the warm-up.
        weight_decay: Decoupled weight decay.
        warmup: Share of the steps over which the learning rate rises.
        average: Decay a step of the exponential average of the weights that is kept.
        map_weight: Weight of the loss on the map of local noise.
        distil_weight: Weight β of the distillation loss.
        distil_epsilon: Largest distance, in grades, between teacher and label at which the
            teacher is believed.
        crop: Side in pixels of the random crop trained on; 0 takes whole slices.
        validate_every: Steps between two validations (each also writes a checkpoint).
        seed: Seed of weights, order and augmentation.
    """

    steps: int = 1000
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.1
    average: float = 0.99
    map_weight: float = 0.3
    distil_weight: float = 0.0
    distil_epsilon: float = 0.5
    crop: int = 0
    validate_every: int = 250
    seed: int = 1

    def __post_init__(self) -> None:
        counts = ("steps", "batch", "validate_every")
        weights = ("weight_decay", "map_weight", "distil_weight", "distil_epsilon")
        _require(
            *(_rule(self, name, ">= 1", lambda v: v >= 1) for name in counts),
            *(_rule(self, name, ">= 0", lambda v: 0 <= v < math.inf) for name in weights),
            _rule(self, "learning_rate", "> 0", lambda v: 0 < v < math.inf),
            _rule(self, "warmup", "in [0, 1]", lambda v: 0 <= v <= 1),
            _rule(self, "average", "in [0, 1)", lambda v: 0 <= v < 1),
            _rule(
                self,
                "crop",
                "0 or a multiple of 32 from 128",
                lambda v: v == 0 or (v >= 128 and v % 32 == 0),
            ),
            _rule(self, "seed", ">= 0", lambda v: v >= 0),
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything needed to make a model again.

    Attributes:
        name: Name of the model.
        data: How examples are made.
        network: Size of the network, of teacher members and student alike.
        teacher: Training of every teacher member.
        student: Training of the student.
        members: Teacher members, each trained without one fold.
    """

    name: str
    data: DataRecipe = field(default_factory=DataRecipe)
    network: NetworkRecipe = field(default_factory=NetworkRecipe)
    teacher: TrainRecipe = field(default_factory=TrainRecipe)
    student: TrainRecipe = field(default_factory=TrainRecipe)
    members: int = 5

    def __post_init__(self) -> None:
        folds, outputs = self.data.folds, self.network.outputs
        _require(
            _rule(
                self,
                "name",
                "a file name of letters, digits, '.', '_' and '-'",
                lambda v: re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", v) is not None,
            ),
            _rule(self, "members", f"1…{folds} (data.folds)", lambda v: 1 <= v <= folds),
            None
            if outputs == self.members
            else f"network.outputs must be equal to members = {self.members}, so that every "
            f"output has its teacher, got {outputs}",
        )

    def as_dict(self) -> dict[str, Any]:
        """The recipe as plain values, for checkpoints and manifests."""
        return asdict(self)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        UsageError: If it cannot be read, listing every unknown key, missing key and wrong type.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"recipe '{path}' cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"recipe '{path}' is not TOML: {error}") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"recipe '{path}' is not TOML: {error}") from None
    return recipe_from(values, str(path))


def recipe_from(values: Mapping[str, Any], where: str = "recipe") -> Recipe:
    """Build a recipe from plain values, strictly.

    >>> recipe_from({"name": "a", "members": "five"})
    Traceback (most recent call last):
    ctiqa.errors.UsageError: recipe: 1 problem:
      members must be int, got 'five'
    """
    problems: list[str] = []
    recipe = _build(Recipe, values, "", problems)
    if recipe is None or problems:
        count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        raise UsageError(f"{where}: {count}:\n  " + "\n  ".join(problems))
    return recipe


def _build(cls: type[T], values: Mapping[str, Any], prefix: str, problems: list[str]) -> T | None:
    hints = get_type_hints(cls)
    known = {f.name: f for f in fields(cast("Any", cls))}
    before = len(problems)
    problems += [f"{prefix}{name} is not a key of a recipe" for name in values if name not in known]
    problems += [f"{prefix}{n} is missing" for n, f in known.items() if _required(f, values)]
    made = {
        name: _convert(hints[name], value, prefix + name, problems)
        for name, value in values.items()
        if name in known
    }
    if len(problems) > before:
        return None
    try:
        return cls(**made)
    except UsageError as error:
        problems += [prefix + line for line in str(error).splitlines()]
        return None


def _required(f: Field[Any], values: Mapping[str, Any]) -> bool:
    return f.default is MISSING and f.default_factory is MISSING and f.name not in values


def _convert(hint: Any, value: Any, name: str, problems: list[str]) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        if isinstance(value, Mapping):
            return _build(hint, value, name + ".", problems)
        problems.append(f"{name} must be a table, got {value!r}")
        return None
    if get_origin(hint) is tuple:
        if isinstance(value, list | tuple):
            item = get_args(hint)[0]
            return tuple(_convert(item, v, f"{name}[{i}]", problems) for i, v in enumerate(value))
        problems.append(f"{name} must be a list, got {value!r}")
        return None
    accepted = (int, float) if hint is float else (hint,)
    if isinstance(value, bool) != (hint is bool) or not isinstance(value, accepted):
        problems.append(f"{name} must be {hint.__name__}, got {value!r}")
        return None
    return hint(value)


def _rule(made: object, name: str, wanted: str, kept: Callable[[Any], bool]) -> str | None:
    """What is wrong with one field of a recipe; ``None`` where it keeps its rule."""
    value = getattr(made, name)
    return None if kept(value) else f"{name} must be {wanted}, got {value!r}"


def _require(*problems: str | None) -> None:
    """Raise one error that lists every problem, a line each."""
    found = [problem for problem in problems if problem is not None]
    if found:
        raise UsageError("\n".join(found))
