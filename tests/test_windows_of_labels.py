"""What the label sees, the network must see: noise in the lung cannot be learnt from black."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.data.collection import patient_slice
from torch import Tensor, nn

from ctiqa.data.published.labels import psnr_db, ssim_label
from ctiqa.evaluate.ablation.variants import variants_of
from ctiqa.hu import WINDOWS, body_mask
from ctiqa.models.build import build
from ctiqa.recipe import NetworkRecipe, overlaid, read_values, recipe_from
from ctiqa.recipe.network import window_names
from ctiqa.types import HuImage

RECIPES = Path(__file__).parents[1] / "recipes"

SYSTEMS = ("distiliqa", "shen2025", "distiliqa-small", "shen2025-small", "tfkt-small")

SMALL = {
    "network.pretrained": "none",
    "network.backbone": "vit_tiny_patch16_224",
    "network.depth": 1,
}


def network_of(name: str, mode: str = "corrected") -> NetworkRecipe:
    values = read_values(RECIPES / f"{name}.toml")
    small = SMALL if values["network"]["kind"] == "stem-vit" else {"network.pretrained": "none"}
    return recipe_from({**overlaid(values, small), "mode": mode}).network


def seen(network: nn.Module, hu: HuImage) -> Tensor:
    """What the first layers of a network are given: the slice as it is shown to them."""
    shown: list[Tensor] = []
    parts = [getattr(network, name, None) for name in ("window", "grey", "photograph")]
    (part,) = (part for part in parts if isinstance(part, nn.Module))
    part.register_forward_hook(lambda _module, _given, output: shown.append(output))
    with torch.no_grad():
        network.eval()(torch.from_numpy(hu)[None, None])
    return shown[0]


def noisy(hu: HuImage, where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> HuImage:
    noise = np.random.default_rng(0).normal(0, 100, hu.shape)
    return np.where(where, hu + noise, hu).astype(np.float32)


def clear_of(hu: HuImage, window: str) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    low, high = WINDOWS[window].range_hu
    return (hu < low - 500) | (hu > high + 500)


@pytest.fixture(scope="module")
def chest() -> HuImage:
    return patient_slice(3, 512)


@pytest.mark.parametrize("name", SYSTEMS)
def test_noise_in_the_lung_moves_label_and_input(chest: HuImage, name: str) -> None:
    """The pixels lie 500 HU outside 350/40, so that the lung window alone sees them."""
    lung = body_mask(chest) & clear_of(chest, "distiliqa")
    spoilt = noisy(chest, lung)
    assert ssim_label(spoilt, chest) < 0.97
    assert psnr_db(spoilt, chest) < 40
    network = build(network_of(name))
    assert (seen(network, spoilt) - seen(network, chest)).abs().max() > 0.02


@pytest.mark.parametrize("name", SYSTEMS)
def test_bright_tissue_moves_label_and_input(chest: HuImage, name: str) -> None:
    """From 160 to 210 HU, which the lung window does not see."""
    low, high = (np.where((chest > 0) & (chest < 120), hu, chest) for hu in (160.0, 210.0))
    pair = [image.astype(np.float32) for image in (low, high)]
    assert WINDOWS["lung"].range_hu[1] < 160
    assert ssim_label(pair[1], pair[0]) < 0.999
    network = build(network_of(name))
    assert (seen(network, pair[1]) - seen(network, pair[0])).abs().max() > 0.02


@pytest.mark.parametrize("name", ["distiliqa", "shen2025"])
def test_as_published_neither_label_nor_input_sees_the_lung(chest: HuImage, name: str) -> None:
    spoilt = noisy(chest, body_mask(chest) & clear_of(chest, "distiliqa"))
    assert ssim_label(spoilt, chest, "as-published") == 1
    network = build(network_of(name, "as-published"))
    assert torch.equal(seen(network, spoilt), seen(network, chest))


@pytest.mark.parametrize("name", ["distiliqa", "shen2025"])
def test_every_window_of_the_label_is_one_of_the_network(name: str) -> None:
    """Those of ``label_brightness``: 350/40, and the lung window where there is lung."""
    network = network_of(name)
    assert set(window_names(getattr(network, "window"))) == {"distiliqa", "lung"}  # noqa: B009


def test_compared_networks_look_through_the_windows_of_the_recipe(chest: HuImage) -> None:
    values = read_values(RECIPES / "distiliqa-small.toml")
    spoilt = noisy(chest, body_mask(chest) & clear_of(chest, "distiliqa"))
    checked = 0
    for variant in variants_of("networks", values):
        network = recipe_from(variant.values).network
        assert getattr(network, "window") == values["network"]["window"], variant.name  # noqa: B009
        if network.kind == "backbone" and checked < 2:
            built = build(network)
            assert not torch.equal(seen(built, spoilt), seen(built, chest))
            checked += 1
    assert checked == 2
