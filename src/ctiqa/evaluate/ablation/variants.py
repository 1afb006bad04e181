"""Variants of a recipe in the ablations and the comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ctiqa.errors import UsageError
from ctiqa.evaluate.ablation.compared import COMPARED_NETWORKS, SMALL_NETWORKS
from ctiqa.recipe import (
    Defect,
    PublishedThing,
    as_published,
    defects_of,
    overlaid,
    published_by,
    recipe_from,
)
from ctiqa.recipe.published import WITHOUT_MODES

BLOCKS = (0, 1, 2, 3, 4, 5)
MEMBERS = (1, 2, 3, 4, 5)
BETAS = (0.0, 0.2, 0.25, 0.4, 0.5, 0.6, 0.75, 0.8, 1.0)
"""Values that Shen et al. vary in their tables 1 to 3."""

DATA_MODE = "data.mode"
"""Key that needs data prepared as published."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of a table.

    Attributes:
        name: Name that says what is different.
        values: Plain values of its recipe.
        folder: Its name as part of a path.
        published_data: Whether it is trained on data prepared as published, if there are any.
        instead: Variant to run without such data; ``None`` if nothing else would be left of it.
    """

    name: str
    values: Mapping[str, Any]
    folder: str
    published_data: bool = False
    instead: Variant | None = None


def variants_of(kind: str, values: Mapping[str, Any]) -> list[Variant]:
    """The variants of an ablation, or of the comparison of networks.

    Args:
        kind: ``blocks``, ``members``, ``beta``, ``tfkt``, ``defects`` or ``networks``.
        values: Plain values of the recipe that is varied.

    Raises:
        UsageError: If the recipe lacks what is varied.
    """
    if kind not in VARIANT_KINDS:
        raise UsageError(f"'ablation' must be one of {', '.join(VARIANT_KINDS)}, got {kind!r}")
    return VARIANT_KINDS[kind](values)


def shortened(values: Mapping[str, Any], epochs: int) -> dict[str, Any]:
    """Plain values of a recipe with at most this many epochs per training.

    Raises:
        UsageError: If the length of a training is given in steps.

    >>> shortened({"student": {"epochs": 5}}, 2)
    {'student': {'epochs': 2}}
    """
    parts = [part for part in ("teacher", "student", "fine_tune") if part in values]
    if stepped := [part for part in parts if not values[part].get("epochs")]:
        raise UsageError(f"'epochs' shortens trainings that count epochs; {stepped[0]} has none")
    return overlaid(
        values, {f"{part}.epochs": min(values[part]["epochs"], epochs) for part in parts}
    )


def chosen(variants: Sequence[Variant], names: Sequence[str] | None) -> list[Variant]:
    """The variants with these names; all if none are given.

    Raises:
        UsageError: If there is no variant with a name.
    """
    known = [variant.name for variant in variants]
    if unknown := [name for name in names or [] if name not in known]:
        raise UsageError(f"'only' must be among {', '.join(known)}, got {', '.join(unknown)}")
    return [variant for variant in variants if not names or variant.name in names]


def on_given_data(
    variants: Sequence[Variant], source: str, *, published_data: bool
) -> tuple[list[Variant], list[str]]:
    """The variants that can be run on the given data, and messages about the others.

    Args:
        variants: What is varied.
        source: Source of the data set.
        published_data: Whether data prepared as published are given too.

    Raises:
        UsageError: If no variant is left, or none would use the data as published.
    """
    moded = source not in WITHOUT_MODES
    if published_data and not (moded and any(each.published_data for each in variants)):
        raise UsageError(
            "'data-as-published' is for 'defects' on data of a published source; none of these "
            f"variants is trained on it ({source}): leave it out"
        )
    kept: list[Variant] = []
    notes: list[str] = []
    why = "give --data-as-published" if moded else f"data of '{source}' have no published form"
    for each in variants:
        if published_data or not each.published_data:
            kept.append(each)
        elif each.instead is None:
            notes.append(f"{each.name}: left out, {why}")
        elif moded:
            notes.append(f"{each.name}: run as '{each.instead.name}', {why}")
            kept.append(each.instead)
        else:
            kept.append(each)
    if not kept:
        raise UsageError(f"no variant is left to run: {'; '.join(notes)}")
    return kept, notes


def _blocks(values: Mapping[str, Any]) -> list[Variant]:
    if values.get("network", {}).get("kind") != "stem-vit":
        raise UsageError("'blocks' varies the stem; the recipe's network.kind must be 'stem-vit'")
    return [_variant(f"{n} blocks", values, {"network.blocks": n}) for n in BLOCKS]


def _members(values: Mapping[str, Any]) -> list[Variant]:
    """All of table 2; the folds of the data set count, not those of the recipe."""
    recipe = recipe_from(values)
    if not recipe.members:
        raise UsageError("'members' varies the teacher; the recipe must have 'members' > 0")
    folds = {"data.folds": max(recipe.data.folds, *MEMBERS)}
    return [
        _variant(
            f"{k} members",
            values,
            {"members": k, "network.outputs": k} | (folds if k > recipe.data.folds else {}),
        )
        for k in MEMBERS
    ]


def _betas(values: Mapping[str, Any]) -> list[Variant]:
    if not recipe_from(values).members:
        raise UsageError("'beta' varies the distillation; the recipe must have 'members' > 0")
    return [_variant(f"beta {b:g}", values, {"student.distil_weight": b}) for b in BETAS]


def _tfkt(values: Mapping[str, Any]) -> list[Variant]:
    """TFKT's ablation: complete, with features frozen in phase 2, and without phase 1."""
    if values.get("network", {}).get("kind") != "tfkt" or "pretrain" not in values:
        raise UsageError(
            "'tfkt' varies TFKT's two phases; the recipe's network.kind must be 'tfkt', with a "
            "[pretrain] table"
        )
    whole = overlaid(values, {"network.freeze_features": False})
    alone = {name: value for name, value in whole.items() if name != "pretrain"}
    frozen = overlaid(values, {"network.freeze_features": True})
    return [
        Variant("TFKT", whole, "tfkt"),
        Variant("TFKT, features frozen", frozen, "tfkt-features-frozen"),
        Variant("TFKT without phase 1", alone, "tfkt-without-phase-1"),
    ]


def _defects(values: Mapping[str, Any]) -> list[Variant]:
    """Corrected; with each defect that changes the recipe alone; and with all of them."""
    corrected = overlaid(values, {"mode": "corrected"})
    system = str(values.get("system", "ctiqa"))
    found, everything = defects_of(system), published_by(system)
    rows = [Variant("corrected", corrected, "corrected")]
    for defect in found:
        changed = as_published(corrected, [defect])
        if changed != corrected:
            rows.append(_defect(defect, changed))
    if len(rows) == 1:
        raise UsageError(
            f"'defects' needs the recipe of a published system, got {values.get('system')!r}"
        )
    return [*rows, _as_published(corrected, everything)]


def _defect(defect: Defect, changed: Mapping[str, Any]) -> Variant:
    """One defect alone; data as published validate on a fold of images, not on patients."""
    of_data = DATA_MODE in defect.keys
    values = overlaid(changed, {"student.hold_out": "first-fold"}) if of_data else changed
    return Variant(defect.name, values, defect.name, published_data=of_data)


def _as_published(corrected: Mapping[str, Any], everything: Sequence[PublishedThing]) -> Variant:
    """All published settings; without data as published, all but those of the data."""
    rest = [each for each in everything if DATA_MODE not in each.keys]
    name = "as published but the data"
    return Variant(
        "as published",
        as_published(corrected, everything),
        "as-published",
        published_data=True,
        instead=Variant(name, as_published(corrected, rest), _folder(name)),
    )


def _networks(values: Mapping[str, Any]) -> list[Variant]:
    """The recipe's own network without and with its teacher, and the compared networks."""
    recipe = recipe_from(values)
    small = "-small" in recipe.name
    alone = overlaid(values, {"members": 0, "student.distil_weight": 0.0})
    alone.pop("pretrain", None)
    window = getattr(recipe.network, "window", None)
    same = {"outputs": 1, "pretrained": recipe.network.pretrained}
    same |= {"window": window} if window else {}
    others = [
        Variant(name, {**alone, "network": {**network, **same}}, _folder(name))
        for name, network in (SMALL_NETWORKS if small else COMPARED_NETWORKS).items()
    ]
    whole = recipe.members or recipe.pretrain
    own = [Variant("this method", values, "this-method")] if whole else []
    return [Variant("own network alone", alone, "own-network-alone"), *own, *others]


VARIANT_KINDS: dict[str, Callable[[Mapping[str, Any]], list[Variant]]] = {
    "blocks": _blocks,
    "members": _members,
    "beta": _betas,
    "tfkt": _tfkt,
    "defects": _defects,
    "networks": _networks,
}
"""Functions that make the variants, by kind of table."""


def _variant(name: str, values: Mapping[str, Any], changes: Mapping[str, Any]) -> Variant:
    return Variant(name, overlaid(values, changes), _folder(name))


def _folder(name: str) -> str:
    return name.lower().replace(" ", "-")
