"""What the published systems got wrong, as switches: each defect sets keys of a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from ctiqa.errors import UsageError

System = Literal["ctiqa", "distiliqa", "shen2025", "tfkt"]

BOTH = ("teacher", "student")


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that a published system does and should not.

    Attributes:
        name: Short name, unique within its system.
        system: Whose defect it is.
        keys: Values, by dotted key, that bring it back into a corrected recipe.
        what: What the authors do, and what is right.
    """

    name: str
    system: System
    keys: Mapping[str, Any]
    what: str


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
        "the gate is taken over the whole batch; the paper says for every image",
    ),
    Defect(
        "noise-resampled",
        "distiliqa",
        {f"{part}.augment": ["flip", "rotate", "transpose", "scale"] for part in BOTH},
        "scaling and resizing resamples the noise while the label stays",
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
        "data",
        "distiliqa",
        {"data.mode": "as-published"},
        "dose constant 3, label window 350/40, folds that cut the file list (see docs/data.md)",
    ),
    Defect(
        "p-huber-jumps",
        "shen2025",
        {f"{part}.huber_form": "printed" for part in BOTH},
        "the printed p-Huber loss jumps at its threshold; the continuous form does not",
    ),
    Defect(
        "crop-off-centre",
        "shen2025",
        {"network.crop": "published"},
        "the crop of DistilIQA, on which the stem is built, is off the centre",
    ),
    Defect(
        "data",
        "shen2025",
        {"data.mode": "as-published"},
        "PSNR of an image against itself; validation by image (see docs/data.md)",
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
"""Every defect of training and networks that has a switch; those of data follow ``data.mode``."""

WITHOUT_MODES = ("simulate", "simulate-all", "folder", "kadid10k")
"""Sources that nobody has published mistakes of."""


def defects_of(system: str) -> tuple[Defect, ...]:
    """The defects of one system.

    >>> [defect.name for defect in defects_of("tfkt")]
    ['layout-lost', 'min-max', 'data']
    """
    return tuple(defect for defect in DEFECTS if defect.system == system)


def as_published(values: Mapping[str, Any], defects: Iterable[Defect]) -> dict[str, Any]:
    """Plain values of a recipe with some defects brought back.

    Tables that the recipe lacks (a student, where there is none) stay away.
    """
    source = values.get("data", {}).get("source", "simulate")
    keys = {key: value for defect in defects for key, value in defect.keys.items()}
    wanted = {
        key: value
        for key, value in keys.items()
        if key.split(".")[0] in values and not (key == "data.mode" and source in WITHOUT_MODES)
    }
    return overlaid(values, wanted)


def overlaid(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of a recipe with some keys set, each named with dots.

    Raises:
        UsageError: If a key leads through something that is not a table.

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
