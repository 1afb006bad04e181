from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from tests.models.networks import BODY, DBCNN, MANIQA, TINY_VIT, lively, made, slices
from torch import Tensor, nn

from ctiqa.errors import UsageError
from ctiqa.models.baselines import bilinear
from ctiqa.models.build import build
from ctiqa.models.maniqa import ChannelAttention, Maniqa, middle_blocks
from ctiqa.recipe import BackboneNetwork

IMAGENET = (np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]))


def test_a_body_is_that_of_timm_on_the_windowed_slice() -> None:
    images = slices(2, 64)
    network = lively(made(BODY), images)
    plain = timm.create_model("resnet18", num_classes=3).eval()
    plain.load_state_dict(network.get_submodule("backbone").state_dict())
    mean, std = IMAGENET
    shown = np.clip((images.numpy() - 40) / 350 + 0.5, 0, 1)
    colours = (shown - mean.reshape(1, 3, 1, 1)) / std.reshape(1, 3, 1, 1)
    with torch.no_grad():
        expected = plain(torch.from_numpy(colours).float())
        torch.testing.assert_close(network(images)[0], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "backbone",
    [
        "resnet50",
        "densenet121",
        "vgg16",
        "googlenet",
        "vit_base_patch16_224",
        "efficientnet_v2_l",
    ],
)
def test_every_compared_body_scores_512(backbone: str) -> None:
    with torch.device("meta"):
        scores, noise, *_ = build(BackboneNetwork(backbone=backbone, outputs=4)).eval()(
            torch.zeros(2, 1, 512, 512)
        )
    assert scores.shape == (2, 4)
    assert noise is None


@pytest.mark.parametrize(("side", "shape"), [(0, (2, 3, 96, 80)), (64, (2, 3, 64, 64))])
def test_a_body_without_a_side_reads_the_slice_as_it_is(side: int, shape: tuple[int, ...]) -> None:
    network = made(replace(BODY, side=side))
    read: list[Tensor] = []
    network.get_submodule("backbone").register_forward_pre_hook(lambda _, args: read.extend(args))
    images = slices(2, 96)[..., :80]
    with torch.no_grad():
        network(images)
    assert read[0].shape == shape
    if not side:
        red = (np.clip((images.numpy() - 40) / 350 + 0.5, 0, 1) - 0.485) / 0.229
        np.testing.assert_allclose(read[0][:, :1], red, atol=1e-5)


def test_a_transformer_is_made_for_the_side() -> None:
    with torch.device("meta"):
        network = build(BackboneNetwork(backbone=TINY_VIT, side=320)).eval()
        assert network(torch.zeros(1, 1, 512, 512))[0].shape == (1, 1)


def test_googlenet_has_one_output_in_training_too() -> None:
    network = made(BackboneNetwork(backbone="googlenet", side=64, outputs=2)).train()
    scores, *_ = network(slices(2, 64))
    assert scores.shape == (2, 2)


def test_bilinear_pooling_by_numpy() -> None:
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(2, 3, 4, 5, generator=generator)
    b = torch.randn(2, 6, 4, 5, generator=generator)
    x, y = a.numpy().reshape(2, 3, 20), b.numpy().reshape(2, 6, 20)
    for k in range(2):
        product = x[k] @ y[k].T / 20
        rooted = np.sign(product) * np.sqrt(np.abs(product))
        expected = (rooted / np.linalg.norm(rooted)).ravel()
        np.testing.assert_allclose(bilinear(a, b)[k].numpy(), expected, atol=1e-6)


def test_bilinear_pooling_has_a_slope_at_zero() -> None:
    a = torch.zeros(1, 2, 2, 2, requires_grad=True)
    pooled: Tensor = bilinear(a, torch.ones(1, 2, 2, 2))
    torch.autograd.backward(pooled.sum())
    assert a.grad is not None
    assert a.grad.isfinite().all()


def test_maps_of_different_sizes_are_brought_together() -> None:
    fine = torch.arange(16.0).view(1, 1, 4, 4)
    coarse = torch.tensor([[2.5, 4.5], [10.5, 12.5]]).view(1, 1, 2, 2)
    other = torch.rand(1, 2, 2, 2)
    torch.testing.assert_close(bilinear(other, fine), bilinear(other, coarse))


def test_both_bodies_are_read() -> None:
    images = slices(2, 64)
    network = lively(made(DBCNN), images)
    with torch.no_grad():
        score = network(images)[0]
        for part in ("backbone", "second"):
            other = lively(made(DBCNN), images)
            first = next(other.get_submodule(part).parameters())
            first.copy_(first.roll(1, dims=0))
            assert not torch.equal(other(images)[0], score)


def test_maniqa_keeps_the_blocks_it_reads() -> None:
    network = made(MANIQA)
    assert isinstance(network, Maniqa)
    assert network.taken == [6, 7, 8, 9]
    assert len(network.backbone.get_submodule("blocks").state_dict()) == 10 * 12


def test_channels_attend_to_channels_by_hand() -> None:
    torch.manual_seed(0)
    attention, x = ChannelAttention(6), torch.randn(2, 4, 2, 3)
    with torch.no_grad():
        q, k, v = attention.qkv(x.view(2, 4, 6)).numpy().reshape(2, 4, 3, 6).transpose(2, 0, 1, 3)
        logits = q @ k.transpose(0, 2, 1) / np.sqrt(6)
        weights = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        expected = x.numpy() + (weights @ v).reshape(2, 4, 2, 3)
        np.testing.assert_allclose(attention(x).numpy(), expected, atol=1e-5)


@torch.no_grad()
def test_the_score_is_the_weighted_mean_of_places() -> None:
    network = made(MANIQA)
    assert isinstance(network, Maniqa)
    last = network.score[-1]
    assert isinstance(last, nn.Linear)
    last.weight.zero_()
    last.bias.copy_(torch.tensor([1.5, -2.0]))
    torch.testing.assert_close(network(slices(1, 96))[0], torch.tensor([[1.5, -2.0]]))


def test_a_shallow_transformer_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 8 blocks, 'vit_x' has 6"):
        middle_blocks(6, "vit_x")
