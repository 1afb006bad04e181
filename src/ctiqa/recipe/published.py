"""Defects and choices of the published systems, as settings of recipe keys.

A defect is wrong; a choice is not, but it is what the authors do, or what their libraries do by
default. Mode ``as-published`` applies all of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from ctiqa.errors import UsageError
from ctiqa.recipe.data import DataRecipe, Mode
from ctiqa.recipe.network import NETWORK_KINDS

System = Literal["ctiqa", "distiliqa", "shen2025", "tfkt"]

BOTH = ("teacher", "student")


@dataclass(frozen=True, slots=True)
class PublishedThing:
    """One property of a published system.

    Attributes:
        name: Short name, unique within its system.
        system: The system.
        keys: Values, by dotted key, that apply it to a recipe.
        what: What the authors do and, for a defect, what would be right.
    """

    name: str
    system: System
    keys: Mapping[str, Any]
    what: str


@dataclass(frozen=True, slots=True)
class Defect(PublishedThing):
    """Something a published system does wrong."""


@dataclass(frozen=True, slots=True)
class Choice(PublishedThing):
    """Something a published system does that could equally be done differently.

    ``what`` names the source: the paper, the authors' code, or a library's default.
    """


def _both(**keys: Any) -> dict[str, Any]:
    """Apply keys to teacher and student."""
    return {f"{part}.{key}": value for part in BOTH for key, value in keys.items()}


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "loss-replaced",
        "distiliqa",
        {"student.distillation": "replaces"},
        "`loss =+` replaces the loss on the label whenever distillation fires; it should add",
    ),
    Defect(
        "gate-per-batch",
        "distiliqa",
        {"student.gate": "batch"},
        "the gate is computed over the whole batch; in the paper, for every image",
    ),
    Defect(
        "noise-resampled",
        "distiliqa",
        _both(augment=["flip", "rotate", "transpose", "scale"]),
        "scaling and resizing resample the noise, but the label stays the same",
    ),
    Defect(
        "chosen-on-training",
        "distiliqa",
        {"student.select": "training"},
        "the student's checkpoint is chosen on augmented training data; validation should choose",
    ),
    Defect(
        "crop-off-centre",
        "distiliqa",
        {"network.crop": "published"},
        "the crop drops 16 pixels at the top and left, 11 at the bottom and right",
    ),
    Defect(
        "lung-unseen",
        "distiliqa",
        {"network.window": "distiliqa"},
        "the network gets only 350/40, in which lung is black; it should get the label's windows",
    ),
    Defect(
        "data",
        "distiliqa",
        {"data.mode": "as-published"},
        "dose constant 3, label window 350/40, folds that cut the file list (see docs/data.md)",
    ),
    Defect(
        "p-huber-jumps",
        "shen2025",
        _both(huber_form="printed"),
        "the printed p-Huber loss jumps at its threshold; the continuous form does not",
    ),
    Defect(
        "chosen-on-training",
        "shen2025",
        {"student.select": "training"},
        "the student's checkpoint is chosen on training data; validation should choose",
    ),
    Defect(
        "crop-off-centre",
        "shen2025",
        {"network.crop": "published"},
        "the crop of DistilIQA, on which the stem is built, is off centre",
    ),
    Defect(
        "lung-unseen",
        "shen2025",
        {"network.window": "distiliqa"},
        "the network gets one window, in which lung is black; it should get the label's windows",
    ),
    Defect(
        "data",
        "shen2025",
        {"data.mode": "as-published"},
        "PSNR normalised over the data set; validation on a draw of images (see docs/data.md)",
    ),
    Defect(
        "layout-lost",
        "tfkt",
        {"network.connector": "vector"},
        "the connector reads pooled features, so the transformer sees no layout",
    ),
    Defect(
        "min-max",
        "tfkt",
        {"network.scaling": "min-max"},
        "brightness depends on the extremes of every image, so a metal clip changes the noise",
    ),
    Defect(
        "data",
        "tfkt",
        {"data.mode": "as-published"},
        "slices of one patient on both sides of a split (see docs/data.md)",
    ),
)
"""Every defect of training and networks; defects of the data follow ``data.mode``."""

_PARTS = ("pretrain", "student")
"""Trainings of TFKT."""

CHOICES: tuple[Choice, ...] = (
    Choice(
        "rate-by-epoch",
        "distiliqa",
        _both(schedule="epoch", warmup=0.0),
        "code: torch's CosineAnnealingLR down to 1e-6, stepped after every epoch; no warm-up",
    ),
    Choice(
        "last-batch-kept",
        "distiliqa",
        _both(last_batch="kept"),
        "torch's default: a DataLoader keeps the last, smaller batch",
    ),
    Choice(
        "nothing-clipped-or-averaged",
        "distiliqa",
        _both(clip=0.0, ema_decay=0.0),
        "code: gradients are not clipped, weights not averaged",
    ),
    Choice(
        "teachers-every-step",
        "distiliqa",
        {"student.teachers": "every-step"},
        "code: members score the augmented batch at every step; scoring the unaugmented slices "
        "once costs a fifth",
    ),
    Choice(
        "float32",
        "distiliqa",
        _both(precision="float32", validate_on="given"),
        "torch's default: float32, scores as the network gives them",
    ),
    Choice(
        "one-draw",
        "shen2025",
        {"teacher.hold_out": "first-fold"},
        "paper: one draw of 20 % of the images validates all members; the student learns from all",
    ),
    Choice(
        "constant-rate",
        "shen2025",
        _both(least_rate=1.0, warmup=0.0),
        "paper: learning rate 0.0002; no schedule is named",
    ),
    Choice(
        "unaugmented",
        "shen2025",
        _both(augment=[]),
        "paper: no augmentation is named",
    ),
    Choice(
        "last-batch-kept",
        "shen2025",
        _both(last_batch="kept"),
        "torch's default: a DataLoader keeps the last, smaller batch",
    ),
    Choice(
        "nothing-clipped-or-averaged",
        "shen2025",
        _both(clip=0.0, ema_decay=0.0),
        "paper: neither is named",
    ),
    Choice(
        "float32",
        "shen2025",
        _both(precision="float32", validate_on="given"),
        "torch's default: float32, scores as the network gives them",
    ),
    Choice(
        "one-draw",
        "tfkt",
        {"student.hold_out": "first-fold"},
        "poster and code: one draw of 200 of the 1,000 slices validates",
    ),
    Choice(
        "one-at-a-time",
        "tfkt",
        {f"{part}.batch": 1 for part in _PARTS},
        "code: batches of 1, so that batch normalisation sees one image",
    ),
    Choice(
        "rate-by-epoch",
        "tfkt",
        {f"{p}.{k}": v for p in _PARTS for k, v in (("schedule", "epoch"), ("warmup", 0.0))},
        "code: torch's CosineAnnealingLR, stepped after every epoch; no warm-up",
    ),
    Choice(
        "rate-to-zero",
        "tfkt",
        {f"{part}.least_rate": 0.0 for part in _PARTS},
        "code: the cosine ends at 0",
    ),
    Choice(
        "nothing-clipped-or-averaged",
        "tfkt",
        {f"{p}.{k}": 0.0 for p in _PARTS for k in ("clip", "ema_decay")},
        "code: gradients are not clipped, weights not averaged",
    ),
    Choice(
        "lowest-validation-loss",
        "tfkt",
        {f"{part}.select": "validation-loss" for part in _PARTS},
        "code: the checkpoint with the lowest MSE on the held-out images",
    ),
    Choice(
        "augmented",
        "tfkt",
        {f"{part}.augment": ["flip", "rotate"] for part in _PARTS},
        "code: flips both ways and quarter turns, also of photographs",
    ),
    Choice(
        "photographs-squared",
        "tfkt",
        {"network.natural_side": 512},
        "code: photographs are stretched to 512×512, which resamples their noise",
    ),
    Choice(
        "random-first-layer",
        "tfkt",
        {"network.first_layer": "random"},
        "code: the first convolutions are replaced by random ones for one channel",
    ),
    Choice(
        "float32",
        "tfkt",
        {
            f"{part}.{key}": value
            for part in _PARTS
            for key, value in (
                ("precision", "float32"),
                ("validate_on", "given"),
                ("last_batch", "kept"),
            )
        },
        "torch's default: float32, every batch, scores as the network gives them",
    ),
)
"""Every choice of the authors."""

WITHOUT_MODES = ("simulate", "simulate-clinical", "folder", "kadid10k")
"""Sources without published mistakes."""


def defects_of(system: str) -> tuple[Defect, ...]:
    """The defects of one system.

    >>> [defect.name for defect in defects_of("tfkt")]
    ['layout-lost', 'min-max', 'data']
    """
    return tuple(defect for defect in DEFECTS if defect.system == system)


def published_by(system: str) -> tuple[PublishedThing, ...]:
    """Everything ``as-published`` applies: the defects and choices of one system."""
    return *defects_of(system), *(choice for choice in CHOICES if choice.system == system)


def as_published(values: Mapping[str, Any], things: Iterable[PublishedThing]) -> dict[str, Any]:
    """Apply defects and choices to the plain values of a recipe.

    Tables that the recipe lacks are not added, nor keys that its kind of network lacks (such as
    the crop of a baseline network).
    """
    keys = {key: value for thing in things for key, value in thing.keys.items()}
    return overlaid(values, {key: value for key, value in keys.items() if _takes(values, key)})


def _takes(values: Mapping[str, Any], key: str) -> bool:
    """Whether a recipe can have a key."""
    table, _, name = key.partition(".")
    if table not in values:
        return False
    if key == "data.mode":
        return values["data"].get("source", "simulate") not in WITHOUT_MODES
    kind = str(values["network"].get("kind", "stride32")) if table == "network" else ""
    return kind not in NETWORK_KINDS or name in {
        field.name for field in fields(NETWORK_KINDS[kind])
    }


def in_mode(data: DataRecipe, mode: Mode) -> DataRecipe:
    """Set the mode of a data recipe.

    Raises:
        UsageError: If its source has no published version.

    >>> from ctiqa.recipe.data import CccidData
    >>> in_mode(CccidData(), "as-published").mode
    'as-published'
    """
    if mode == "as-published" and data.source in WITHOUT_MODES:
        raise UsageError(
            f"'mode' must be 'corrected' for source '{data.source}', for which no mistakes "
            f"are published, got '{mode}'"
        )
    return replace(data, mode=mode)


def overlaid(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Set dotted keys in the plain values of a recipe.

    Raises:
        UsageError: If part of a key is not a table.

    >>> overlaid({"name": "a", "network": {"blocks": 5}}, {"network.blocks": 3})
    {'name': 'a', 'network': {'blocks': 3}}
    """
    changed = deepcopy(dict(values))
    for key, value in changes.items():
        *tables, last = key.split(".")
        table: Any = changed
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise UsageError(f"'{key}' must lead through tables, but '{name}' is {table!r}")
        table[last] = value
    return changed
