"""Measure the effect of the published training defects on an existing run.

Prints the table of ``docs/systems.md``. Run it after ``make systems-small``, where RUN is
``runs/distiliqa-small-corrected``::

    python tools/measure_training_defects.py RUN --data data/systems-small

It trains nothing: it evaluates the teacher's predictions, the losses that each variant computes
from them, and the effect of augmentation on noise.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ctiqa.data.manifest import Examples, read_examples
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.models.stem_vit import VIT_SIDE, first
from ctiqa.recipe import Recipe
from ctiqa.train.augment import SCALES, resampled
from ctiqa.train.batches import EpochBatches
from ctiqa.train.load import load_trained
from ctiqa.train.losses import HuberForm, believed, p_huber
from ctiqa.train.teacher import PREDICTIONS, member_name

EPOCHS = 5

FORMS: tuple[HuberForm, ...] = ("printed", "continuous")

STEM_SIDE = 251
"""Side of the output of DistilIQA's five-block stem for 512 pixels."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One line of the table."""

    defect: str
    measured: str


def gate(recipe: Recipe, examples: Examples, taught: torch.Tensor) -> list[Effect]:
    """How often the teacher is trusted, by image and by batch."""
    batches = EpochBatches(examples, replace(recipe.student, epochs=EPOCHS))
    steps = EPOCHS * batches.per_epoch
    found = []
    for step in range(steps):
        batch = batches.batch(step)
        prediction = taught[torch.from_numpy(batch.number)]
        by_image = believed(prediction, batch.label, replace(recipe.student, gate="image"))
        found.append((float(by_image.float().mean()), float(by_image.all())))
    images, whole = np.mean(found, axis=0)
    size, epsilon = recipe.student.batch, recipe.student.distil_epsilon
    return [
        Effect(
            "gate over the whole batch",
            f"ε = {epsilon:g}: the teacher is trusted for {images:.0%} of the images, but for only "
            f"{whole:.1%} of whole batches of {size}, so distillation hardly ever happens",
        ),
        Effect(
            "`loss =+`",
            f"the label is lost for the {images:.0%} of the images (by image; {whole:.1%} of the "
            "batches, by batch) for which the teacher is trusted",
        ),
    ]


def choice(run: Path) -> Effect:
    """The epochs chosen on training data and on validation data."""
    with (run / "train_info_student.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    trained, validated = (
        max(range(len(rows)), key=lambda k: float(rows[k][name]))
        for name in ("overall_perf", "overall")
    )
    chosen = [float(rows[k]["overall"]) for k in (trained, validated)]
    return Effect(
        "checkpoint chosen on training data",
        f"epoch {trained} is chosen instead of {validated}; on validation patients it reaches "
        f"{chosen[0]:.3f} instead of {chosen[1]:.3f}",
    )


def noise_resampled() -> Effect:
    """White noise after scaling and resizing back."""
    rng = np.random.default_rng(0)
    white = torch.from_numpy(rng.standard_normal((2, 1, 256, 256)).astype(np.float32))
    scale = np.array(SCALES, dtype=np.float32)
    left = resampled(white, scale).std(dim=(1, 2, 3)) / white.std(dim=(1, 2, 3))
    return Effect(
        "random scale, then resize",
        f"white noise keeps {left[0]:.0%} of its SD at scale {SCALES[0]:g} and {left[1]:.0%} at "
        f"{SCALES[1]:g}, for every second image; the label is unchanged",
    )


def crop() -> Effect:
    """Offset of the crop from the centre."""
    off = first("published", STEM_SIDE) - (STEM_SIDE - VIT_SIDE) / 2
    return Effect("crop [16:240]", f"the view lies {2 * off:g} pixels of the slice off centre")


def huber(examples: Examples, taught: torch.Tensor) -> Effect:
    """How many errors lie beyond the threshold, and how the printed form weights them."""
    label = torch.from_numpy(examples.column("label").astype(np.float32))
    error = taught - label[:, None]
    beyond = (error.abs() > 1).float().mean().item()
    zero = torch.zeros(2)
    inside, outside = p_huber(torch.tensor([1.0, 1.001]), zero, form="printed").tolist()
    printed, continuous = (
        p_huber(error, torch.zeros(()), form=form).mean().item() for form in FORMS
    )
    return Effect(
        "printed p-Huber",
        f"it falls from {inside:.3f} to {outside:.3f} at one grade, so an error of 1.01 costs less "
        f"than one of 0.8; {beyond:.0%} of the members' errors lie beyond; mean loss "
        f"{printed:.3f} instead of {continuous:.3f}",
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    recipe = load_trained(given.run).recipe
    examples = read_examples(given.data).where(split="train")
    columns = [np.load(given.run / member_name(k) / PREDICTIONS) for k in range(recipe.members)]
    taught = torch.from_numpy(np.stack(columns, axis=1))
    mean = taught.mean(dim=1).double().numpy()
    known = agreement(mean, examples.column("label").astype(np.float64))
    effects = [
        *gate(recipe, examples, taught),
        choice(given.run),
        noise_resampled(),
        crop(),
        huber(examples, taught),
    ]
    sys.stdout.write(f"teacher of {given.run.name}: overall {known.overall:.3f} on its data\n\n")
    sys.stdout.write("| defect | measured |\n|---|---|\n")
    for effect in effects:
        sys.stdout.write(f"| {effect.defect} | {effect.measured} |\n")


if __name__ == "__main__":
    main()
