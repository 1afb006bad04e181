"""Writes a model with its card: description, training data, agreement with the labels."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.data.manifest import FILTERED, Examples
from ctiqa.errors import DataError
from ctiqa.evaluate.answers.estimates import answer_facts, answers_to, judged_examples
from ctiqa.evaluate.conformal import (
    calibrate,
    calibrate_noise,
    coverage_by_group,
    interval_coverage,
    noise_coverage,
)
from ctiqa.evaluate.degradations import plain_examples
from ctiqa.evaluate.model_card import held_out
from ctiqa.evaluate.model_card.card_facts import INTERVAL_LEVEL, draft
from ctiqa.evaluate.predictors.predictor import Predictor
from ctiqa.evaluate.robustness.filters import as_facts, filter_responses
from ctiqa.evaluate.robustness.pointing import pointing
from ctiqa.evaluate.scale import GRADES, Scale
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.io.atomic import make_folder, write_bytes
from ctiqa.recipe import Recipe
from ctiqa.score.engines.engine import Engine
from ctiqa.score.engines.protocol import Answers
from ctiqa.types import Floats
from ctiqa.weights import HASHES, Model, ModelCard, ModelFiles, file_digest, load_hashes, parse_card

TOTAL_NOISE = "total_noise_hu"
"""Column of the equivalent noise that an example truly has."""

ENOUGH = 30
"""Smallest part of the test split whose agreement is reported."""


def write_model(
    recipe: Recipe,
    network: bytes,
    examples: Examples,
    folder: Path,
    *,
    threads: int,
    scale: Scale = GRADES,
) -> dict[str, Any]:
    """Calibrate and evaluate a network with the engine that users run, and write it with its card.

    Args:
        recipe: Recipe of the network.
        network: Content of the ``.onnx`` file.
        examples: The whole prepared data set: calibrated on validation, evaluated on test.
        folder: Where ``<name>.onnx``, ``<name>.json`` and ``hashes.json`` go.
        threads: Threads of the engine.
        scale: Scale of the labels; the network gives grades, 0-4.

    Returns:
        The card.

    Raises:
        DataError: If the network does not support slices of the data set.
    """
    facts = draft(recipe, examples)
    drawn = examples.where(purpose="example")
    parts = {split: drawn.where(split=split) for split in ("validation", "test")}
    for part in parts.values():
        _check_matrix(part, *facts["input"]["matrix"])
    model = _model(recipe.name, network, facts, folder)
    engine = Engine(model, threads)
    predictor = Predictor(recipe.name, "model", {}, estimate=engine.run, scale=GRADES)
    answers = {split: answers_to(engine.answer, part) for split, part in parts.items()}
    validation, test = (
        held_out.in_grades(predictor, parts[split], scale, answers[split].scores).where(
            _scored(answers[split], parts[split], model.card)
        )
        for split in parts
    )
    rule = calibrate(validation.unclipped, validation.spread, validation.label, INTERVAL_LEVEL)
    noise_rule, noise_covered = _noise_rule(answers, parts, model.card)
    found = answer_facts(answers["test"], parts["test"], model.card)
    unseen = held_out.of_regions(examples.where(split="test"), model.card.judged)
    card = {
        **facts,
        "interval": asdict(rule),
        **noise_rule,
        "agreement": held_out.agreement_with_intervals(test),
        "checks": {
            "interval_coverage": round(
                interval_coverage(rule, test.unclipped, test.spread, test.label), 4
            ),
            "coverage_by_group": coverage_by_group(rule, test),
            **noise_covered,
            **_checks(predictor, unseen, test, scale),
            **({"answers": found, "map": _pointing(engine, test.examples)} if found else {}),
        },
    }
    _write(recipe.name, network, card, folder)
    return card


def _scored(answers: Answers, examples: Examples, card: ModelCard) -> npt.NDArray[np.bool_]:
    """Which examples are patients that the model scores [n].

    What is drawn tests whether the model abstains from it, and nothing else.
    """
    return judged_examples(answers, card) & ~examples.drawn()


def _noise_rule(
    answers: dict[str, Answers], parts: dict[str, Examples], card: ModelCard
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The card's entries on the accuracy of the equivalent noise; empty if it is not estimated.

    Returns:
        The rule from the validation split, and its coverage on the test split.
    """
    if any(each.log_equivalent_noise_hu is None for each in answers.values()) or any(
        TOTAL_NOISE not in each.table.columns for each in parts.values()
    ):
        return {}, {}
    validation, test = (
        _noises(answers[split], parts[split], card) for split in ("validation", "test")
    )
    rule = calibrate_noise(*validation, INTERVAL_LEVEL)
    covered = round(noise_coverage(rule, *test), 4)
    return {"noise_interval": asdict(rule)}, {"noise_interval_coverage": covered}


def _noises(answers: Answers, examples: Examples, card: ModelCard) -> tuple[Floats, Floats, Floats]:
    """Estimated and true equivalent noise in HU, and spread in grades, of what is scored [n]."""
    rows = _scored(answers, examples, card)
    found = np.exp(np.asarray(answers.log_equivalent_noise_hu, dtype=np.float64))
    true = examples.column(TOTAL_NOISE).astype(np.float64)
    spread = answers.scores.std(axis=1, dtype=np.float64)
    return found[rows], true[rows], spread[rows]


def _check_matrix(examples: Examples, low: int, high: int) -> None:
    """Require slices of one matrix: that of the network, if it is fixed."""
    images = examples.images()
    shapes = sorted({images[k].shape for k in range(len(images))})
    unfit = low == high and shapes != [(low, low)]
    if unfit or len(shapes) > 1:
        wanted = f"{low}x{low} pixels" if low == high else "one matrix"
        listed = ", ".join("x".join(map(str, shape)) for shape in shapes)
        raise DataError(
            f"this model is evaluated on slices of {wanted}, the data set has {listed}; "
            "prepare a data set of such slices"
        )


def _checks(
    predictor: Predictor, unseen: Examples, test: ScoredExamples, scale: Scale
) -> dict[str, Any]:
    """Checks besides agreement; some only if the data set has slices for them."""
    every_third = Examples(unseen.folder, test.examples.table[::3])
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
    if ladder and (order := held_out.dose_monotonicity(ladder)):
        checks["dose_order"] = order
    if sharper and (higher := held_out.sharper_order(test, sharper)) is not None:
        checks["sharper_order"] = higher
    filtered = unseen.where(purpose=FILTERED)
    if len(filtered):
        table = held_out.score_in_grades(predictor, filtered, scale).graded_table
        checks["filters"] = as_facts(filter_responses(table))
    return checks


def _pointing(engine: Engine, test: Examples) -> dict[str, Any]:
    """How often the map points to a degraded place, of slices without artefacts and filters."""
    found = pointing(engine.answer, plain_examples(test))
    return {name: {"n": each.n, "pointed": round(each.pointed, 4)} for name, each in found.items()}


def _agreement_if_enough(scored: ScoredExamples) -> dict[str, Any] | None:
    """Agreement of a part of the test split; ``None`` if it is too small for an interval."""
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
