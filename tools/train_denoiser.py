"""Train the small denoising network that training examples are filtered with.

    python -m tools.train_denoiser --root ../shared/ct --recipe recipes/ctiqa-s4.toml

Pairs are clean slices of training patients and the same slices at 2 to 60 % of their dose, noise
inserted in the projections. The network predicts the noise (residual learning).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ctiqa.data.simulation.degrade import Degradation, acquire
from ctiqa.data.simulation.learned_denoiser import NETWORK, SCALE_HU
from ctiqa.data.simulation.scene import Scene
from ctiqa.data.sources.simulate import SimulateTask, plan
from ctiqa.io.atomic import write_bytes
from ctiqa.recipe import SimulateClinicalData, read_recipe
from ctiqa.train.export import as_onnx

WIDTH, DEPTH = 24, 6
CLEAN_HU = 12.0
"""Noise of a slice that counts as clean."""

PATCH, BATCH = 96, 16


def network() -> nn.Sequential:
    """Convolutions of 3 × 3, rectified in between; the noise of an image comes out."""
    layers: list[nn.Module] = [nn.Conv2d(1, WIDTH, 3, padding=1), nn.ReLU()]
    for _ in range(DEPTH - 2):
        layers += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(WIDTH, 1, 3, padding=1))


def pairs(tasks: Sequence[SimulateTask], slices: int, rng: np.random.Generator) -> Tensor:
    """Clean and noisy slices in units of the network [pairs, 2, rows, cols]."""
    found: list[Tensor] = []
    for number in rng.permutation(len(tasks)):
        if len(found) >= 3 * slices:
            break
        scene = tasks[int(number)].scene(rng)
        if scene.own_noise_hu > CLEAN_HU or scene.hu.shape != (512, 512):
            continue
        found += [_pair(scene, rng) for _ in range(3)]
        sys.stdout.write(f"{len(found)} pairs\n")
    return torch.stack(found) / SCALE_HU


def _pair(scene: Scene, rng: np.random.Generator) -> Tensor:
    dose = float(np.exp(rng.uniform(np.log(0.02), np.log(0.6))))
    noisy = acquire(scene, Degradation(dose=dose, seed=int(rng.integers(2**31))))
    return torch.from_numpy(np.stack([scene.hu, noisy]))


def train(images: Tensor, steps: int, rng: np.random.Generator) -> nn.Sequential:
    """Least squares on patches."""
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for step in range(steps):
        clean, noisy = _patches(images, rng).unbind(1)
        loss = (model(noisy[:, None])[:, 0] - (noisy - clean)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            sys.stdout.write(f"step {step}: error {SCALE_HU * loss.sqrt().item():.1f} HU\n")
    return model.eval()


def _patches(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Patches of the middle of the slices [batch, 2, side, side]."""
    rows, cols = images.shape[2:]
    places = rng.integers(rows // 6, (rows * 5 // 6 - PATCH, cols * 5 // 6 - PATCH), (BATCH, 2))
    numbers = rng.integers(len(images), size=BATCH)
    return torch.stack(
        [
            images[k, :, r : r + PATCH, c : c + PATCH]
            for k, (r, c) in zip(numbers, places, strict=True)
        ]
    )


def main() -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--slices", type=int, default=24)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--out", type=Path, default=NETWORK)
    given = parser.parse_args()
    recipe = read_recipe(given.recipe).data
    if not isinstance(recipe, SimulateClinicalData):
        raise SystemExit("error: the recipe must simulate all degradations")
    plain = replace(recipe, artefact_kinds=0, draws=1, phantoms=0, limbs=0)
    tasks = [task for task in plan(given.root, plain) if task.place.split == "train"]
    rng = np.random.default_rng(0)
    model = train(pairs(tasks, given.slices, rng), given.steps, rng)
    free = {2: torch.export.Dim("rows"), 3: torch.export.Dim("cols")}
    write_bytes(given.out, as_onnx(model, torch.zeros(1, 1, 64, 80), "image", ["noise"], free))
    sys.stdout.write(f"wrote {given.out}\n")


if __name__ == "__main__":
    main()
