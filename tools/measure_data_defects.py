"""Measure the effect of the published data defects on labels and splits.

Prints the table of ``docs/data.md``. Run it with::

    python tools/measure_data_defects.py ../shared/ct

The middle slice of every chest series substitutes for LDCT-and-Projection-data and for the
volunteers of Shen et al., which cannot be redistributed; its low-dose version has simulated
projection noise. It takes about three minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
from scipy import stats

from ctiqa.data.published.dose_mix import (
    mix_doses,
    noise_share,
    shen_low_dose,
    unit_range,
    whole_hu,
)
from ctiqa.data.published.labels import psnr_db, shen_labels, ssim_label
from ctiqa.data.sources.clean_series import Series, read_index
from ctiqa.data.sources.ldct_projection import published_folds
from ctiqa.hu import BODY_THRESHOLD_HU, WINDOWS, body_mask
from ctiqa.recipe.data import Mode
from ctiqa.types import HuImage

MODES: tuple[Mode, ...] = get_args(Mode)

LOW, DOSES = 0.1, (0.75, 0.5)
"""Dose of the low-dose chests, and the intermediate doses mixed from them."""

HIGHER_CAP_DB = 100.0
"""An alternative cap for the infinite PSNR: the value that many programs return."""

METAL_HU, METAL_PIXELS = 3000.0, 4
"""A metal object of the size of a surgical clip."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pair:
    """A slice at full and at low dose."""

    full: HuImage
    low: HuImage


@dataclass(frozen=True, slots=True)
class Effect:
    """One line of the table."""

    defect: str
    measured: str


def pairs(series: Iterable[Series]) -> Iterator[Pair]:
    """The middle slice of every series, and a simulation of it at the low dose."""
    for number, each in enumerate(series):
        volume, spacing_mm = each.read()
        full = volume[len(volume) // 2]
        yield Pair(full, shen_low_dose(full, spacing_mm, np.random.default_rng(number), dose=LOW))


def dose_constant(chosen: Sequence[Pair]) -> Effect:
    """Dose constant 3 instead of 9."""
    shares = {mode: [noise_share(d, LOW, mode) for d in DOSES] for mode in MODES}
    labels = {
        mode: [np.mean([ssim_label(mixed(p, d, mode), p.full) for p in chosen]) for d in DOSES]
        for mode in MODES
    }
    true_doses = [1 / (1 + (1 / LOW - 1) * share**2) for share in shares["as-published"]]
    words = "; ".join(
        f"'{d:.0%}' has the noise of {t:.0%} dose, label {a:.3f} instead of {c:.3f}"
        for d, t, a, c in zip(
            DOSES, true_doses, labels["as-published"], labels["corrected"], strict=True
        )
    )
    return Effect("DistilIQA: dose constant 3, not 9", words)


def label_window(chosen: Sequence[Pair]) -> Effect:
    """The soft-tissue window for chests."""
    black = [
        float(np.mean(p.full[body_mask(p.full)] < WINDOWS["distiliqa"].range_hu[0])) for p in chosen
    ]
    only_lung = [ssim_label(noise_in_lung(p), p.full, "as-published") for p in chosen]
    seen = [ssim_label(noise_in_lung(p), p.full) for p in chosen]
    return Effect(
        "DistilIQA: label window 350/40 on chest",
        f"{np.mean(black):.0%} of the body is black regardless of its noise; 10 % dose in the lung "
        f"alone gives label {np.mean(only_lung):.3f} as published, {np.mean(seen):.3f} corrected",
    )


def truncation(chosen: Sequence[Pair]) -> Effect:
    """HU truncated towards zero."""
    halves = [mix_doses(p.full, p.low, 0.5, low_dose=LOW) for p in chosen]
    lunged = [(h, p) for h, p in zip(halves, chosen, strict=True) if inside(p.full, "lung").any()]
    bias = [
        [float(np.mean((whole_hu(h, "as-published") - h)[inside(p.full, part)])) for part in PARTS]
        for h, p in lunged
    ]
    labels = [
        [ssim_label(whole_hu(h, mode).astype(np.float32), p.full) for mode in MODES]
        for h, p in zip(halves, chosen, strict=True)
    ]
    soft, lung = np.mean(bias, axis=0)
    change = np.abs(np.diff(labels, axis=1))
    return Effect(
        "DistilIQA: HU truncated to integers",
        f"soft tissue {soft:+.2f} HU, lung {lung:+.2f} HU; label changes by "
        f"{change.mean():.4f} on average, {change.max():.4f} at most",
    )


def ties(chosen: Sequence[Pair]) -> Effect:
    """The full-dose slices all have label 1."""
    labels = np.concatenate([quality(p) for p in chosen])
    order = labels + 1e-9 * np.arange(len(labels))
    best = stats.kendalltau(order, labels).statistic
    return Effect(
        "DistilIQA: full dose is 1",
        f"{np.mean(labels == 1):.0%} of the labels are tied; a predictor without ties reaches at "
        f"most tau-b {best:.3f}",
    )


def torn_folds(slices: int, patients: int) -> Effect:
    """Folds that cut the file list, regardless of patient."""
    owner = np.repeat(np.arange(patients), slices * 4)
    folds = np.array(published_folds(len(owner)))
    torn = [len(set(folds[owner == p].tolist())) > 1 for p in range(patients)]
    same = np.mean([owner[k] in owner[folds != folds[k]] for k in range(len(owner))])
    return Effect(
        "DistilIQA: folds cut the file list",
        f"{sum(torn)} of {patients} patients ({slices} slices each) lie in two folds; "
        f"{same:.0%} of the validation images are of a training patient",
    )


def image_folds(slices: int, patients: int, doses: int, what: str) -> Effect:
    """Validation images, or folds, drawn image by image."""
    count = slices * patients * doses
    fold = np.random.default_rng(1).permutation(count) % 5
    slice_of, patient_of = np.arange(count) // doses, np.arange(count) // (doses * slices)
    shown = [
        np.mean([group[k] in group[fold != fold[k]] for k in np.flatnonzero(fold == 0)])
        for group in (slice_of, patient_of)
    ]
    twin = f", {shown[0]:.0%} the same slice at another dose" if doses > 1 else ""
    return Effect(
        what, f"{shown[1]:.0%} of the validation images share their patient with training{twin}"
    )


def psnr_normalisation(chosen: Sequence[Pair]) -> Effect:
    """Min-max normalisation of PSNR, where a quarter of the values are infinite, and so the cap."""
    images = [(image, p.full) for p in chosen for image in variants(p)]
    psnr = np.array([psnr_db(image, full) for image, full in images])
    ssim = np.array([ssim_label(image, full) for image, full in images])
    published, corrected = (shen_labels(psnr, ssim, mode=mode) for mode in MODES)
    higher = shen_labels(psnr, ssim, mode="as-published", cap_db=HIGHER_CAP_DB)
    lower = np.isfinite(psnr)
    return Effect(
        "Shen: PSNR normalised over the data set, infinite values capped",
        f"mean label below normal dose {published[lower].mean():.3f}, "
        f"{corrected[lower].mean():.3f} corrected; with a cap of {HIGHER_CAP_DB:g} dB "
        f"{higher[lower].mean():.3f}",
    )


def min_max(chosen: Sequence[Pair]) -> Effect:
    """Min-max scaling of each image."""
    contrast = [float(np.ptp(p.full)) for p in chosen]
    lost = []
    for p in chosen:
        clipped = p.full.copy()
        clipped[:METAL_PIXELS, :METAL_PIXELS] = METAL_HU
        before, after = (np.std(unit_range(hu, "as-published")[32:]) for hu in (p.full, clipped))
        lost.append(1 - after / before)
    return Effect(
        "TFKT: min-max scaling of each image",
        f"100 HU are {100 / max(contrast):.1%} to {100 / min(contrast):.1%} of the range; a metal "
        f"clip of {METAL_HU:.0f} HU removes {np.mean(lost):.0%} of the contrast, noise included",
    )


PARTS = ("soft", "lung")


def inside(full: HuImage, part: str) -> npt.NDArray[np.bool_]:
    """Soft tissue, or air inside the patient."""
    body = body_mask(full)
    soft = (full > 0) & (full < 150)
    return np.asarray(body & (soft if part == "soft" else full < BODY_THRESHOLD_HU))


def noise_in_lung(pair: Pair) -> HuImage:
    """The slice at full dose, with its lung at the low dose."""
    return np.where(inside(pair.full, "lung"), pair.low, pair.full)


def mixed(pair: Pair, dose: float, mode: Mode) -> HuImage:
    """A slice at an intermediate dose."""
    return mix_doses(pair.full, pair.low, dose, low_dose=LOW, mode=mode)


def variants(pair: Pair) -> list[HuImage]:
    """The four images of a slice: full dose, low dose, and two intermediate doses."""
    return [pair.full, pair.low, *(mixed(pair, dose, "corrected") for dose in DOSES)]


def quality(pair: Pair) -> Floats:
    """Labels of the four images of a slice."""
    return np.array([ssim_label(image, pair.full) for image in variants(pair)])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path, help="collection of clean CT with an index.json")
    root = parser.parse_args().root
    chests = [series for series in read_index(root) if series.region == "chest"]
    chosen = list(pairs(chests))
    effects = (
        dose_constant(chosen),
        label_window(chosen),
        truncation(chosen),
        ties(chosen),
        torn_folds(slices=40, patients=9),
        psnr_normalisation(chosen),
        image_folds(47, 8, 4, "Shen: validation drawn image by image"),
        image_folds(10, 100, 1, "TFKT, DistilIQA on LDCTIQAC2023: folds slice by slice"),
        min_max(chosen),
    )
    sys.stdout.write(f"{len(chosen)} chest slices, low dose {LOW:.0%}\n\n")
    sys.stdout.write("| defect | measured |\n|---|---|\n")
    for effect in effects:
        sys.stdout.write(f"| {effect.defect} | {effect.measured} |\n")


if __name__ == "__main__":
    main()
