"""Writes a model and its card: what it is, what it was made from, how well it agrees."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.evaluate.conformal import calibrate, interval_coverage
from ctiqa.evaluate.model_card import held_out
from ctiqa.evaluate.model_card.card_facts import INTERVAL_LEVEL, draft
from ctiqa.evaluate.predictors.predictor import Predictor
from ctiqa.evaluate.scale import GRADES, Scale
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.io.atomic import make_folder, write_bytes
from ctiqa.recipe import Recipe
from ctiqa.score.engines.engine import Engine
from ctiqa.weights import HASHES, Model, ModelFiles, file_digest, load_hashes, parse_card

ENOUGH = 30
"""Fewest examples of a part of the test whose agreement is reported."""


def write_model(
    recipe: Recipe,
    network: bytes,
    examples: Examples,
    folder: Path,
    *,
    threads: int,
    scale: Scale = GRADES,
) -> dict[str, Any]:
    """Calibrate and measure a network through the engine users run, and write it with its card.

    Args:
        recipe: How the network was made.
        network: Content of the ``.onnx`` file.
        examples: The whole prepared data set; validation calibrates, test reports.
        folder: Where ``<name>.onnx``, ``<name>.json`` and ``hashes.json`` go.
        threads: Threads of the engine.
        scale: Scale of the labels; the network gives grades, 0-4.

    Returns:
        The card.

    Raises:
        DataError: If the data set holds slices that the network is not made for.
    """
    facts = draft(recipe, examples)
    drawn = examples.where(purpose="example")
    parts = {split: drawn.where(split=split) for split in ("validation", "test")}
    for part in parts.values():
        _check_matrix(part, *facts["input"]["matrix"])
    engine = Engine(_model(recipe.name, network, facts, folder), threads)
    predictor = Predictor(recipe.name, "model", {}, estimate=engine.run, scale=GRADES)
    validation, test = (held_out.score_in_grades(predictor, parts[split], scale) for split in parts)
    rule = calibrate(validation.score, validation.spread, validation.label, INTERVAL_LEVEL)
    covered = interval_coverage(rule, test.score, test.spread, test.label)
    card = {
        **facts,
        "interval": asdict(rule),
        "agreement": held_out.agreement_with_intervals(test),
        "checks": {
            "interval_coverage": round(covered, 4),
            **_checks(predictor, examples, test, scale),
        },
    }
    _write(recipe.name, network, card, folder)
    return card


def _check_matrix(examples: Examples, low: int, high: int) -> None:
    """Slices of one matrix, and where the network has a fixed one, of that."""
    images = examples.images()
    shapes = sorted({images[k].shape for k in range(len(images))})
    unfit = low == high and shapes != [(low, low)]
    if unfit or len(shapes) > 1:
        wanted = f"{low}x{low} pixels" if low == high else "one matrix"
        listed = ", ".join("x".join(map(str, shape)) for shape in shapes)
        raise DataError(
            f"this model is measured on slices of {wanted}, the data set has {listed}; "
            "prepare one of such slices"
        )


def _checks(
    predictor: Predictor, examples: Examples, test: ScoredExamples, scale: Scale
) -> dict[str, Any]:
    """What is checked besides agreement; the last ones only where the data hold their slices."""
    unseen = examples.where(split="test")
    every_third = Examples(examples.folder, test.examples.table[::3])
    checks: dict[str, Any] = {
        "steadiness": held_out.steadiness(predictor, every_third, scale),
        "regions": held_out.by_region(test),
    }
    if {"kernel_half_per_mm", "blur_mm", "denoise"} <= set(test.examples.table.columns):
        checks["dose_and_views"] = _agreement_if_enough(held_out.dose_and_views(test))
    ladder, sharper = (
        held_out.score_in_grades(predictor, part, scale) if len(part) else None
        for part in (unseen.where(purpose=purpose) for purpose in ("ladder", "sharper"))
    )
    if ladder and (order := held_out.held_out_dose_order(ladder)):
        checks["dose_order"] = order
    if sharper and (higher := held_out.sharper_order(test, sharper)) is not None:
        checks["sharper_order"] = higher
    return checks


def _agreement_if_enough(scored: ScoredExamples) -> dict[str, Any] | None:
    """Agreement of a part of the test; ``None`` where it is too small for an interval."""
    if len(scored) < ENOUGH:
        return None
    return held_out.agreement_with_intervals(scored)


def _model(name: str, network: bytes, card: dict[str, Any], folder: Path) -> Model:
    file = folder / f"{name}.onnx"
    files = ModelFiles(name, file, file.with_suffix(".json"), "file")
    data = json.dumps(card).encode()
    return Model(files, parse_card(data, files.card), network, file_digest(network))


def _write(name: str, network: bytes, card: dict[str, Any], folder: Path) -> None:
    make_folder(folder)
    data = (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()
    hashes = load_hashes(folder) | {
        f"{name}.onnx": file_digest(network),
        f"{name}.json": file_digest(data),
    }
    write_bytes(folder / f"{name}.onnx", network)
    write_bytes(folder / f"{name}.json", data)
    write_bytes(folder / HASHES, (json.dumps(hashes, indent=1) + "\n").encode())
