"""Facts of a model card that need no evaluation: network, labels, data."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ctiqa.data.manifest import SHOWS, Examples
from ctiqa.data.simulation.draw import WORST_NOISE_HU
from ctiqa.evaluate.dataset import content_of
from ctiqa.hu import WINDOWS
from ctiqa.models.stride32 import INPUT_RANGE_HU
from ctiqa.noise_scale import EXCELLENT_NOISE_HU, USELESS_NOISE_HU
from ctiqa.recipe import AnswersNetwork, NetworkRecipe, Recipe, Stride32Network
from ctiqa.recipe.network import FINDINGS, REGIONS, window_names
from ctiqa.weights import ModelCard, load_card

INTERVAL_LEVEL = 0.9
"""Nominal coverage of the prediction interval."""

ANY_MATRIX = (256, 1024)
"""Smallest and largest side of a network without a fixed matrix."""

FEWEST_REGION_PATIENTS = 5
"""Fewest real patients a region must be trained on for its slices to be scored."""

FIXED_SIDE = 512
"""Side in pixels of a network with a fixed matrix."""

TITLES = {
    "ctiqa": "stride-32 student of a teacher ensemble",
    "distiliqa": "DistilIQA (Baldeon-Calisto et al. 2024)",
    "shen2025": "CNN-ViT NR-IQA (Shen, Zhang and Liu 2025)",
    "tfkt": "TFKT (Rifa et al. 2025)",
}
"""Titles of the systems, by their key in a recipe."""

_SIMULATED = (
    "Simulated, not read by radiologists. Five full-reference measures (patch error pooled "
    "with power 4, SSIM in the soft-tissue and in the wide window, gradient similarity, VIF), "
    "each read as the plain noise that would have cost this very slice as much, averaged, "
    "joined with the slice's own noise and put on the 0-4 scale of LDCTIQAC2023 by two "
    f"physical anchors: {EXCELLENT_NOISE_HU:g} HU of total noise is a 4, "
    f"{USELESS_NOISE_HU:g} HU a 0."
)

LABELS = {
    "simulate": _SIMULATED,
    "simulate-clinical": (
        f"{_SIMULATED} A smoothed slice gains or loses what it gains or loses in fidelity to the "
        "clean original by the worst of these measures."
    ),
    "ldct-projection": (
        "SSIM with the full-dose slice, not read by radiologists (DistilIQA's label; docs/data.md)."
    ),
    "cccid": (
        "Mean of PSNR and SSIM with the normal-dose slice, not read by radiologists (the label of "
        "Shen et al.; docs/data.md)."
    ),
    "ldctiqac2023": "Mean score of the challenge's radiologists.",
    "folder": "Scores of the user's own table.",
}
"""Description of the labels, by data source."""

_NOT_TRAINED_ON = (
    "scores given by radiologists",
    "the images of LDCTIQAC2023",
    "the patient of the example scan",
    "images of deep-learning reconstruction",
    "cone-beam, photon-counting, micro and paediatric CT",
    "limbs; heads and necks are only a few slices",
)

_SCORES_OF = {"folder": _NOT_TRAINED_ON[:1], "ldctiqac2023": _NOT_TRAINED_ON[:2]}
"""What is no longer missing after fine-tuning on readers' scores, by source."""

NOT_TRAINED_ON = {
    "simulate": (*_NOT_TRAINED_ON, "metal, motion, beam hardening and ring artefacts"),
    "simulate-clinical": (
        *_NOT_TRAINED_ON[:3],
        "images of vendors' deep-learning reconstructions",
        "cone-beam, photon-counting, micro and paediatric CT",
    ),
}
"""What is missing from simulated data, by source."""

DEGRADATIONS = {
    "simulate": f"dose from 100 % down to total noise of {WORST_NOISE_HU:g} HU, 960 to 60 views, "
    "kernels, blur, denoising",
    "simulate-clinical": f"dose from 100 % down to total noise of {WORST_NOISE_HU:g} HU, 960 to 60 "
    "views, kernels, ten families of filters (Gaussian, median, bilateral, non-local means, total "
    "variation, wavelets, a network, resampling, 8 bits, JPEG), motion, rings, metal, beam "
    "hardening, photon starvation, truncation",
}
"""Degradations of the examples, by source."""


def draft(recipe: Recipe, examples: Examples) -> dict[str, Any]:
    """The card of a network that is not yet evaluated.

    Args:
        recipe: Recipe of the network.
        examples: The whole data set it was trained on.
    """
    train = examples.where(split="train")
    start = load_card(recipe.start_model) if recipe.start_model else None
    names = answers_facts(recipe.network, train) if start is None else _answers_of(start)
    facts = {
        "name": recipe.name,
        "version": "1",
        "title": f"No-reference CT image quality, {TITLES[recipe.system]}",
        "created": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "licence": "Apache-2.0",
        "members": recipe.network.outputs,
        "input": input_facts(recipe.network),
        "output": {
            "range": [0, 4],
            "meaning": "0 bad, 1 poor, 2 fair, 3 good, 4 excellent; higher is better",
        },
        **names,
        "interval": {"level": INTERVAL_LEVEL, "quantile": 1.0, "floor": 0.1},
        "label": LABELS.get(recipe.data.source, ""),
        "data": _sources(train),
        "training": _training(recipe, examples),
        "not_trained_on": list(NOT_TRAINED_ON.get(recipe.data.source, ())),
        "citation": "See CITATION.cff; data sources in NOTICE.",
    }
    return facts if start is None else facts | _fine_tuned(start, facts, recipe.data.source)


def _answers_of(start: ModelCard) -> dict[str, Any]:
    """Answers of a fine-tuned model: those of the model before, which fine-tuning preserves."""
    return {"answers": start.facts["answers"]}


def _fine_tuned(start: ModelCard, facts: Mapping[str, Any], source: str) -> dict[str, Any]:
    """What else the card of a fine-tuned model takes over from that of the model before."""
    licences = ", ".join(sorted({each["licence"] for each in facts["data"]}))
    learned = _SCORES_OF.get(source, ())
    return {
        "licence": (
            f"The user's own: made from {start.name} ({start.facts.get('licence', 'unknown')}) and "
            f"data ({licences}); not part of ctiqa"
        ),
        "data": [*start.facts.get("data", ()), *facts["data"]],
        "not_trained_on": [
            each for each in start.facts.get("not_trained_on", ()) if each not in learned
        ],
    }


def answers_facts(network: NetworkRecipe, train: Examples) -> dict[str, Any]:
    """Names of the findings and regions that a network answers, and the regions that it scores.

    It scores what enough real patients have taught it; what is drawn counts for nothing here.
    """
    if not isinstance(network, AnswersNetwork):
        return {}
    real = train.table.filter(~train.drawn())
    patients = dict(real.group_by(SHOWS).agg(pl.col("patient").n_unique()).iter_rows())
    judged = [name for name in REGIONS if patients.get(name, 0) >= FEWEST_REGION_PATIENTS]
    return {
        "answers": {"findings": list(FINDINGS), "regions": list(REGIONS), "judged": judged},
    }


def input_facts(network: NetworkRecipe) -> dict[str, Any]:
    """Matrix, HU range and windows of the input of a network.

    >>> from ctiqa.recipe.network import StemVitNetwork
    >>> input_facts(StemVitNetwork())["range_hu"]
    [-135.0, 215.0]
    """
    if isinstance(network, Stride32Network):
        facts: Mapping[str, Any] = {
            "matrix": list(ANY_MATRIX),
            "multiple": network.multiple,
            "range_hu": list(INPUT_RANGE_HU),
            "windows": list(network.windows),
        }
    else:
        facts = {"matrix": [FIXED_SIDE, FIXED_SIDE], **_windows(network)}
    return {**facts, "selectable_windows": []}


def _windows(network: NetworkRecipe) -> dict[str, Any]:
    if getattr(network, "scaling", "window") != "window":
        return {"windows": []}
    # Every kind but stride32 has the key.
    names = window_names(getattr(network, "window"))  # noqa: B009
    lows, highs = zip(*(WINDOWS[name].range_hu for name in names), strict=True)
    return {"range_hu": [min(lows), max(highs)], "windows": list(names)}


def _training(recipe: Recipe, examples: Examples) -> dict[str, Any]:
    train = examples.where(split="train")
    patient, drawn = train.column("patient"), train.drawn()
    facts = {
        "examples": len(train),
        "patients": len(np.unique(patient[~drawn])),
        **({"drawn": len(np.unique(patient[drawn]))} if drawn.any() else {}),
        "data_sha256": content_of(examples.folder),
        "recipe": recipe.as_dict(),
    }
    if recipe.data.source in DEGRADATIONS:
        facts["degradations"] = DEGRADATIONS[recipe.data.source]
    return facts


def _sources(train: Examples) -> list[dict[str, Any]]:
    """Sources of the training slices, with licence, patients and slices."""
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
