"""Measure an epoch of DistilIQA with distillation: ctiqa's loop against the published one.

Both train the same student (five blocks, ViT-B/16, five outputs) with five teacher members on the
same slices, in turn in one process. The published loop is rendered plainly: float32, every image
read from its file, windowed and augmented one at a time, all five members run at every step. ctiqa
reads decoded slices from a mapped file, trains in bfloat16 with channels last and augments on the
device; its members score every example once, whatever the number of epochs, which is told apart.

    python -m benchmarks.training --batch 2 --steps 2
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch import Tensor, nn

from benchmarks.machine import in_words, machine
from benchmarks.series import EXAMPLE
from ctiqa.data.manifest import SHARDS, Examples
from ctiqa.hu import WINDOWS, apply_window
from ctiqa.io import find_scans, read_slice
from ctiqa.io.ahead import ahead
from ctiqa.models.build import build
from ctiqa.models.contract import Outputs
from ctiqa.recipe import StemVitNetwork, TrainRecipe
from ctiqa.train.batches import Batch, EpochBatches
from ctiqa.train.loop import Training
from ctiqa.train.losses import student_loss
from ctiqa.train.predict import predict
from ctiqa.train.setup.devices import Device, device

NETWORK = StemVitNetwork(outputs=5)

MEMBERS = 5

LABEL = 1.0
"""The cost of a step does not depend on what is learnt."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured.

    Attributes:
        images: Images trained on by each loop.
        published_s: Seconds an image, published loop.
        ctiqa_s: Seconds an image, ctiqa.
        teacher_s: Seconds an image for all members, once in a whole training of ctiqa.
    """

    images: int
    published_s: float
    ctiqa_s: float
    teacher_s: float

    @property
    def faster(self) -> float:
        """How many times an epoch is faster, the members' scores being there."""
        return self.published_s / self.ctiqa_s

    def faster_over(self, epochs: int) -> float:
        """The same over a whole training, with the members' scores made in it."""
        return self.published_s / (self.ctiqa_s + self.teacher_s / epochs)


def published_loop(
    student: nn.Module, members: list[nn.Module], files: list[Path], batch: int, where: torch.device
) -> None:
    """One pass over the files as the published program makes it."""
    rng = np.random.default_rng(0)
    optimizer = torch.optim.SGD(student.parameters(), 1e-3, momentum=0.9)
    for start in range(0, len(files), batch):
        images = [published_image(file, rng) for file in files[start : start + batch]]
        x = torch.from_numpy(np.stack(images)[:, None]).to(where)
        label = torch.full((len(images), 1), LABEL, device=where)
        with torch.no_grad():
            taught = torch.cat([member(x)[0] for member in members], dim=1)
        scores = student(x)[0]
        loss = l1_l2(scores.mean(dim=1, keepdim=True), label)
        loss = loss + 0.75 * l1_l2(scores, taught)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss.item()


def published_image(file: Path, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """An image read, augmented and resized on the CPU; its HU, so that both networks are one."""
    (scan,) = find_scans([file]).scans
    hu = read_slice(scan.headers[0]).hu
    low, high = WINDOWS["distiliqa"].range_hu
    shown = apply_window(hu, WINDOWS["distiliqa"])
    for axis in (0, 1):
        shown = np.flip(shown, axis) if rng.random() < 0.5 else shown
    shown = np.rot90(shown, int(rng.integers(4)))
    shown = shown.T if rng.random() < 0.5 else shown
    scaled = torch.from_numpy(np.ascontiguousarray(shown))[None, None]
    if rng.random() < 0.5:
        scaled = nn.functional.interpolate(
            scaled, scale_factor=float(rng.uniform(0.9, 1.1)), mode="bilinear"
        )
    image = nn.functional.interpolate(scaled, (512, 512), mode="bilinear")[0, 0]
    return np.asarray(image * (high - low) + low, dtype=np.float32)


def l1_l2(predicted: Tensor, target: Tensor) -> Tensor:
    """The published loss."""
    return nn.functional.l1_loss(predicted, target) + nn.functional.mse_loss(predicted, target)


def ctiqa_loop(training: Training, batches: EpochBatches, steps: int, taught: Tensor) -> None:
    """The same images by ctiqa's loop, the members' scores being there."""

    def loss(batch: Batch, outputs: Outputs) -> Tensor:
        mine = taught[torch.from_numpy(batch.number)].to(batch.label.device)
        return student_loss(outputs[0], batch.label, mine, training.recipe).mean()

    for step, batch in enumerate(ahead(map(batches.batch, range(steps)), count=1)):
        training._step(step, steps, batch, loss)


def decoded(files: list[Path], folder: Path) -> Examples:
    """The files as examples, as ``ctiqa prepare`` leaves them."""
    slices = [read_slice(find_scans([file]).scans[0].headers[0]).hu for file in files]
    (folder / SHARDS).mkdir(parents=True)
    np.save(folder / SHARDS / "a.hu.npy", np.rint(np.stack(slices)).astype(np.int16))
    rows = {"row": range(len(files)), "label": [LABEL] * len(files)}
    return Examples(folder, pl.DataFrame(rows).with_columns(shard=pl.lit("a")))


def measure(batch: int, steps: int, where: Device) -> Result:
    """Both loops over the same files, after a step of each that does not count."""
    source = sorted(EXAMPLE.glob("*.dcm"))
    files = [source[k % len(source)] for k in range(batch * steps)]
    torch.manual_seed(0)
    plain = build(NETWORK).to(where.torch).train()
    one = replace(NETWORK, outputs=1)
    members = [build(one).to(where.torch).eval() for _ in range(MEMBERS)]
    recipe = TrainRecipe(
        epochs=1, batch=batch, ema_decay=0.0, clip=0.0, distil_weight=0.75, distil_epsilon=9.0
    )
    with tempfile.TemporaryDirectory() as folder:
        examples = decoded(files, Path(folder))
        training = Training(build(NETWORK), recipe, Path(folder), {}, device=where)
        batches = EpochBatches(examples, recipe)
        taught = torch.zeros(len(files), MEMBERS)
        published_loop(plain, members, files[:batch], batch, where.torch)
        ctiqa_loop(training, batches, 1, taught)
        published_s = seconds(
            where, lambda: published_loop(plain, members, files, batch, where.torch)
        )
        ctiqa_s = seconds(where, lambda: ctiqa_loop(training, batches, steps, taught))
        member_s = seconds(where, lambda: predict(members[0], examples, device=where))
    n = len(files)
    return Result(n, published_s / n, ctiqa_s / n, MEMBERS * member_s / n)


def seconds(where: Device, work: Callable[[], object]) -> float:
    """Wall time of some work, whatever the device still does included."""
    started = time.perf_counter()
    work()
    if where.torch.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batch", type=int, default=2, help="images a step (published: 25)")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    chosen = parser.parse_args()
    with device() as where:
        found = measure(chosen.batch, chosen.steps, where)
        name = where.torch.type
    if chosen.out:
        chosen.out.write_text(json.dumps({"device": name, **asdict(found)}, indent=1) + "\n")
    sys.stdout.write(
        f"{in_words(machine())}, {name}; {found.images} images, batches of {chosen.batch}\n"
        f"published loop: {1 / found.published_s:.2f} images/s\n"
        f"ctiqa:          {1 / found.ctiqa_s:.2f} images/s, {found.faster:.1f} times faster an "
        f"epoch\nmembers' scores, once: {found.teacher_s:.2f} s an image; with them "
        f"{found.faster_over(200):.1f} times faster over 200 epochs\n"
    )


if __name__ == "__main__":
    main()
