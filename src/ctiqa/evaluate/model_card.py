"""Writes a model and its card: what it is, what it was made from, how well it agrees."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa.data import labels
from ctiqa.data.degrade import WORST_NOISE_HU
from ctiqa.data.manifest import Examples
from ctiqa.evaluate import held_out
from ctiqa.evaluate.labelled import content_of
from ctiqa.io.atomic import write_bytes
from ctiqa.models.stride32 import INPUT_RANGE_HU, INPUT_WINDOWS
from ctiqa.recipe import Recipe
from ctiqa.score.engine import Engine
from ctiqa.weights import HASHES, Model, ModelFiles, digest, load_hashes, parse_card

LEVEL = 0.9
ENOUGH = 30
"""Fewest examples of a part of the test whose agreement is reported."""
MATRIX = (256, 1024)

LABEL = (
    "Simulated, not read by radiologists. Five full-reference measures (patch error pooled with "
    "power 4, SSIM in the soft-tissue and in the wide window, gradient similarity, VIF), each "
    "read as the plain noise that would have cost this very slice as much, averaged, joined with "
    "the slice's own noise and put on the 0-4 scale of LDCTIQAC2023 by two physical anchors: "
    f"{labels.EXCELLENT_NOISE_HU:g} HU of total noise is a 4, {labels.USELESS_NOISE_HU:g} HU a 0."
)

NOT_TRAINED_ON = (
    "scores given by radiologists",
    "the images of LDCTIQAC2023",
    "the patient of the example scan",
    "metal, motion, beam hardening and ring artefacts",
    "images of deep-learning reconstruction",
    "cone-beam, photon-counting, micro and paediatric CT",
    "limbs; heads and necks are only a few slices",
)


def write_model(
    recipe: Recipe, network: bytes, examples: Examples, folder: Path, *, threads: int
) -> dict[str, Any]:
    """Calibrate and measure a network through the engine users run, and write it with its card.

    Args:
        recipe: How the network was made.
        network: Content of the ``.onnx`` file.
        examples: The whole prepared data set; validation calibrates, test reports.
        folder: Where ``<name>.onnx``, ``<name>.json`` and ``hashes.json`` go.
        threads: Threads of the engine.

    Returns:
        The card.
    """
    draft = _facts(recipe, examples)
    engine = Engine(_model(recipe.name, network, draft, folder), threads)
    drawn = examples.where(purpose="example")
    validation = held_out.score_examples(engine, drawn.where(split="validation"))
    rule = held_out.calibrate(validation, LEVEL)
    test = held_out.score_examples(engine, drawn.where(split="test"))
    card = {
        **draft,
        "interval": rule,
        "agreement": held_out.agreement_with_intervals(test),
        "checks": _checks(engine, examples, test, rule),
    }
    _write(recipe.name, network, card, folder)
    return card


def _checks(
    engine: Engine, examples: Examples, test: held_out.Scored, rule: dict[str, float]
) -> dict[str, Any]:
    unseen = examples.where(split="test")
    plain = unseen.where(purpose="example").where(row=0)
    every_third = Examples(examples.folder, unseen.where(purpose="example").table[::3])
    return {
        "dose_and_views": _agreement_if_enough(held_out.dose_and_views(test)),
        "interval_coverage": round(held_out.coverage(test, rule), 4),
        "dose_order": held_out.dose_order(
            held_out.score_examples(engine, unseen.where(purpose="ladder"))
        ),
        "sharper_order": held_out.sharper_order(
            held_out.score_examples(engine, plain),
            held_out.score_examples(engine, unseen.where(purpose="sharper")),
        ),
        "steadiness": held_out.steadiness(engine, every_third),
        "regions": held_out.by_region(test),
    }


def _agreement_if_enough(scored: held_out.Scored) -> dict[str, Any] | None:
    """Agreement of a part of the test; ``None`` where it is too small for an interval."""
    if len(scored.examples) < ENOUGH:
        return None
    return held_out.agreement_with_intervals(scored)


def _facts(recipe: Recipe, examples: Examples) -> dict[str, Any]:
    train = examples.where(split="train")
    return {
        "name": recipe.name,
        "version": "1",
        "title": "No-reference CT image quality, stride-32 student of a teacher ensemble",
        "created": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "licence": "Apache-2.0",
        "members": recipe.network.outputs,
        "input": {
            "matrix": list(MATRIX),
            "range_hu": list(INPUT_RANGE_HU),
            "windows": list(INPUT_WINDOWS),
            "selectable_windows": [],
        },
        "output": {
            "range": [0, 4],
            "meaning": "0 bad, 1 poor, 2 fair, 3 good, 4 excellent; higher is better",
        },
        "interval": {"level": LEVEL, "quantile": 1.0, "floor": 0.1},
        "label": LABEL,
        "data": _sources(train),
        "training": {
            "examples": len(train),
            "patients": len(np.unique(train.column("patient"))),
            "data_sha256": content_of(examples.folder),
            "degradations": "dose from 100 % down to total noise of "
            f"{WORST_NOISE_HU:g} HU, 960 to 60 views, kernels, blur, denoising",
            "recipe": recipe.as_dict(),
        },
        "not_trained_on": list(NOT_TRAINED_ON),
        "citation": "See CITATION.cff; data sources in NOTICE.",
    }


def _sources(train: Examples) -> list[dict[str, Any]]:
    """Where the training slices come from, with licence, patients and slices."""
    rows = []
    for (origin, licence), part in train.table.group_by(["origin", "licence"], maintain_order=True):
        rows.append(
            {
                "source": origin,
                "licence": licence,
                "patients": part["patient"].n_unique(),
                "slices": part["shard"].str.replace("-[a-z]+$", "").n_unique(),
            }
        )
    return rows


def _model(name: str, network: bytes, card: dict[str, Any], folder: Path) -> Model:
    file = folder / f"{name}.onnx"
    files = ModelFiles(name, file, file.with_suffix(".json"), "file")
    data = json.dumps(card).encode()
    return Model(files, parse_card(data, files.card), network, digest(network))


def _write(name: str, network: bytes, card: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()
    hashes = load_hashes(folder) | {
        f"{name}.onnx": digest(network),
        f"{name}.json": digest(data),
    }
    write_bytes(folder / f"{name}.onnx", network)
    write_bytes(folder / f"{name}.json", data)
    write_bytes(folder / HASHES, (json.dumps(hashes, indent=1) + "\n").encode())
