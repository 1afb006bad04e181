"""Baselines: methods that need no training of a network.

``noise-level`` and ``niqe`` are no-reference measures, like the networks. ``psnr`` and ``ssim`` are
full-reference measures: they see the original, so no-reference methods cannot be expected to beat
them. They are an upper guide and never ranked with the others. A logistic curve fitted on the
validation split maps each baseline to the scale of the labels; nothing else is learned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from ctiqa.data.manifest import Examples, Shards
from ctiqa.errors import DataError
from ctiqa.evaluate.dataset import Labelled, ids_of
from ctiqa.evaluate.predictors.predictor import Images, Predictor
from ctiqa.evaluate.scored import labels_of
from ctiqa.hu import WINDOWS, body_mask
from ctiqa.metrics.agreement.logistic import Logistic, fit_logistic
from ctiqa.metrics.full_reference.psnr import psnr
from ctiqa.metrics.full_reference.ssim import ssim
from ctiqa.metrics.no_reference.niqe import NaturalModel
from ctiqa.metrics.no_reference.noise import global_noise_level
from ctiqa.types import Floats, HuImage

NO_REFERENCE = ("noise-level", "niqe")
"""Baselines that see only the slice."""

FULL_REFERENCE = ("psnr", "ssim")
"""Baselines that also see the original."""

BASELINES = (*NO_REFERENCE, *FULL_REFERENCE)

WINDOW = WINDOWS["soft"]

CAP_DB = 60.0
"""PSNR of a slice with itself."""

PRISTINE = 64
"""Largest number of training slices, the best ones, that NIQE is fitted on."""

BaselineMeasure = Callable[[HuImage], float]


@dataclass(frozen=True, eq=False)
class FittedMeasure:
    """A measure of single slices, mapped to the scale of the labels.

    Attributes:
        measure: Value of a slice; not finite if undefined.
        curve: Maps the value to the scale.
        default: Replaces undefined values.
    """

    measure: BaselineMeasure
    curve: Logistic
    default: float

    def __call__(self, images: Images) -> Images:
        """Scores of slices [slices, rows, cols], as [slices, 1]."""
        found = np.array([self.measure(image) for image in images])
        scores = self.curve(np.where(np.isfinite(found), found, self.default))
        return scores[:, np.newaxis].astype(np.float32)


def open_baseline(name: str, labelled: Labelled) -> Predictor:
    """A baseline as a predictor.

    Args:
        name: One of :data:`BASELINES`.
        labelled: What it will be evaluated on; the curve is fitted on its validation split.

    Raises:
        DataError: If there is no validation split, the baseline needs originals and the data set
            has none, or there are no training slices to fit natural statistics on.
    """
    held = labelled.of_purpose("example", "validation")
    if not len(held):
        raise DataError(
            f"'{name}' is mapped to the scale of the labels on the validation split, which is empty"
        )
    facts = {"reference": "with the original" if name in FULL_REFERENCE else "no training"}
    if name in NO_REFERENCE:
        estimate = _fitted(_measure_alone(name, labelled), held)
        return Predictor(name=name, kind="reference", facts=facts, estimate=estimate)
    return Predictor(name=name, kind="reference", facts=facts, given=_given(name, labelled, held))


def has_originals(labelled: Labelled) -> bool:
    """Whether every example that a baseline scores has its original in the data set."""
    held = labelled.of_purpose("example", "validation")
    shards = {*labelled.examples.table["shard"].to_list(), *held.table["shard"].to_list()}
    return shards <= _originals(labelled.whole).keys()


def _measure_alone(name: str, labelled: Labelled) -> BaselineMeasure:
    if name == "noise-level":
        return global_noise_level
    slices = ((hu, body_mask(hu)) for hu in _pristine(labelled.of_purpose("example", "train")))
    return partial(_naturalness, NaturalModel.fit(slices, WINDOW))


def _naturalness(model: NaturalModel, hu: HuImage) -> float:
    try:
        return model.distance(hu, body_mask(hu))
    except DataError:
        return math.nan


def _pristine(train: Examples) -> Iterator[HuImage]:
    """The best training slices, taken from the patients in turn."""
    ranked = train.table.with_row_index("number").with_columns(
        turn=pl.col("label").rank("ordinal", descending=True).over("patient")
    )
    best = ranked.sort("turn", "label", descending=[False, True]).head(PRISTINE)
    images = train.images()
    for number in best["number"].to_list():
        yield _image(images, number)


def _fitted(measure: BaselineMeasure, held: Examples) -> FittedMeasure:
    images = held.images()
    found = np.array([measure(_image(images, k)) for k in range(len(images))])
    known = np.isfinite(found)
    curve = fit_logistic(found[known], labels_of(held)[known])
    return FittedMeasure(measure, curve, float(np.median(found[known])))


def _given(name: str, labelled: Labelled, held: Examples) -> Mapping[str, float]:
    """Scores of all examples of the validation and the evaluated split, by name."""
    compare = partial(psnr, cap_db=CAP_DB) if name == "psnr" else ssim
    validation, measured = (
        _compared(compare, part, labelled) for part in (held, labelled.examples)
    )
    curve = fit_logistic(validation, labels_of(held))
    names = [*ids_of(held.table), *ids_of(labelled.examples.table)]
    scores = labelled.scale.clip(curve(np.concatenate([validation, measured])))
    return dict(zip(names, scores.tolist(), strict=True))


def _compared(compare: Callable[..., float], examples: Examples, labelled: Labelled) -> Floats:
    """Similarity of every example to its original [n]."""
    originals = _originals(labelled.whole)
    images = examples.images()
    found = []
    for k, shard in enumerate(examples.table["shard"].to_list()):
        if shard not in originals:
            raise DataError(
                f"PSNR and SSIM need the original of every slice; '{shard}' has none (a full-dose "
                "example). Data sets of 'simulate', 'ldct-projection' and 'cccid' have them"
            )
        original = originals[shard]()
        found.append(compare(_image(images, k), original, body_mask(original), WINDOW))
    return np.array(found)


def _originals(whole: Examples) -> dict[str, Callable[[], HuImage]]:
    """Functions that read the original of every shard: its first full-dose example."""
    if "dose" not in whole.table.columns:
        return {}
    full = whole.table.filter(pl.col("dose") == 1, pl.col("purpose") == "example")
    first = Examples(whole.folder, full.sort("shard", "row").unique("shard", keep="first"))
    images = first.images()
    return {
        shard: partial(_image, images, k) for k, shard in enumerate(first.table["shard"].to_list())
    }


def _image(images: Shards, number: int) -> HuImage:
    return np.asarray(images[number], dtype=np.float32)
