from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.models.networks import STEM_VIT, lively, made, slices
from torch import Tensor, nn

from ctiqa.errors import DataError
from ctiqa.models.stem_vit import VIT_SIDE, StemVit, cropped, first, least_side, middle, stem
from ctiqa.recipe.network import Crop

each_crop = pytest.mark.parametrize("crop", ["published", "centre"])


@pytest.mark.parametrize("blocks", range(7))
def test_the_stem_by_the_table(blocks: int) -> None:
    layers = stem(blocks)
    convolutions = [layer for layer in layers.modules() if isinstance(layer, nn.Conv2d)]
    widths = [8, 16, 32, 64, 128, 256][:blocks]
    assert [c.out_channels for c in convolutions] == [*widths, 3]
    assert [c.in_channels for c in convolutions] == [1, *widths]
    assert [c.kernel_size for c in convolutions] == [(3, 3)] * blocks + [(2, 2)]
    assert [c.stride for c in convolutions] == [(1, 1)] * blocks + [(2, 2)]
    assert all(c.padding == (0, 0) and c.bias is not None for c in convolutions)
    assert all(
        [type(part) for part in block.children()] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
        for block in layers
    )
    with torch.device("meta"):
        shape = stem(blocks)(torch.zeros(1, 1, 512, 512)).shape
    assert shape == (1, 3, 256 - blocks, 256 - blocks)


@each_crop
@pytest.mark.parametrize("blocks", range(7))
def test_every_number_of_blocks_scores(blocks: int, crop: Crop) -> None:
    recipe = replace(STEM_VIT, blocks=blocks, crop=crop, depth=1)
    with torch.device("meta"):
        scores, noise, *_ = StemVit(recipe)(torch.zeros(2, 1, 512, 512))
    assert scores.shape == (2, 3)
    assert noise is None


def test_the_body_can_have_fewer_blocks() -> None:
    assert len(list(StemVit(STEM_VIT).backbone.get_submodule("blocks").children())) == 2


def test_the_published_crop_by_hand() -> None:
    features = torch.arange(251.0).view(1, 1, 251, 1).expand(1, 1, 251, 251)
    rows = cropped(features, "published")[0, 0, :, 0]
    assert (rows[0].item(), rows[-1].item()) == (16, 239)
    cols = cropped(features.transpose(2, 3), "published")[0, 0, 0]
    assert (cols[0].item(), cols[-1].item()) == (16, 239)


def test_the_centre_crop_by_hand() -> None:
    # 27 rows of 251 go: 13 at the top, 14 at the bottom.
    rows = cropped(torch.arange(251.0).view(1, 1, 251, 1).expand(1, 1, 251, 251), "centre")
    assert (rows[0, 0, 0, 0].item(), rows[0, 0, -1, 0].item()) == (13, 236)


@given(st.integers(0, 6), st.sampled_from(["published", "centre"]), st.integers(0, 300))
def test_the_crop_fits_from_the_least_side_on(blocks: int, crop: Crop, more: int) -> None:
    length = (least_side(blocks, crop) + more - 2 * blocks) // 2
    assert first(crop, length) >= 0
    assert first(crop, length) + VIT_SIDE <= length
    too_short = (least_side(blocks, crop) - 1 - 2 * blocks) // 2
    assert first(crop, too_short) + VIT_SIDE > too_short or first(crop, too_short) < 0


@given(st.integers(0, 6), st.integers(0, 130), st.integers(0, 130))
def test_the_middle_is_what_the_centre_crop_keeps(blocks: int, down: int, right: int) -> None:
    least = least_side(blocks, "centre")
    numbered = torch.arange(float(least + down)).view(1, 1, -1, 1).expand(-1, -1, -1, least + right)
    before = middle(numbered, least)
    # The stem's row r reads the slice's rows from 2r on.
    row = 2 * first("centre", (least + down - 2 * blocks) // 2)
    assert before.shape[-2:] == (least, least)
    assert before[0, 0, 0, 0].item() == row


def whole(network: StemVit, hu: Tensor) -> Tensor:
    """Scores where the stem reads the whole slice."""
    features = network.stem(network.window(hu))
    scores: Tensor = network.backbone(cropped(features, "centre"))
    return scores


def test_a_slice_cut_first_scores_as_one_cut_last() -> None:
    images = slices(2, 512)
    network = lively(made(STEM_VIT), images)
    assert isinstance(network, StemVit)
    with torch.no_grad():
        torch.testing.assert_close(network(images)[0], whole(network, images))


@pytest.mark.parametrize(
    ("crop", "blocks", "seen"),
    [
        # [16:240] of the stem's rows: 32 of 512 go at the top, 32 − 2n at the bottom.
        ("published", 0, (32, 479)),
        ("published", 2, (32, 483)),
        ("centre", 0, (32, 479)),
        ("centre", 2, (30, 481)),
    ],
)
def test_which_pixels_the_score_depends_on(crop: Crop, blocks: int, seen: tuple[int, int]) -> None:
    images = slices(1, 512)
    network = lively(made(replace(STEM_VIT, crop=crop, blocks=blocks)), images)
    images.requires_grad_()
    network(images)[0].sum().backward()
    assert images.grad is not None
    felt = images.grad[0, 0].abs()
    for sums in (felt.sum(dim=0), felt.sum(dim=1)):
        places = sums.nonzero().flatten()
        assert (places[0].item(), places[-1].item()) == seen
        # A line of pixels may happen to lie below the rectifier or outside the window.
        assert len(places) > 0.95 * (seen[1] - seen[0])


@each_crop
def test_one_pixel_at_the_edge_of_the_crop(crop: Crop) -> None:
    images = slices(1, 512)
    network = lively(made(replace(STEM_VIT, crop=crop, blocks=1)), images)
    top = {"published": 32, "centre": 30}[crop]
    with torch.no_grad():
        score = network(images)[0]
        for row, changes in ((top - 1, False), (top, True)):
            other = images.clone()
            other[0, 0, row, 200] = -1000
            assert torch.equal(network(other)[0], score) is not changes


def test_only_the_window_is_seen() -> None:
    network = made(STEM_VIT)
    one = slices(1, 456)
    one[..., 100:200, 100:200] = 1000
    other = one.clone()
    other[..., 100:200, 100:200] = 3000
    with torch.no_grad():
        assert torch.equal(network(one)[0], network(other)[0])


@pytest.mark.parametrize(
    ("crop", "rows", "cols", "least"),
    [("centre", 449, 512, 450), ("published", 512, 481, 482)],
)
def test_too_small_a_slice(crop: Crop, rows: int, cols: int, least: int) -> None:
    network = made(replace(STEM_VIT, crop=crop))
    message = rf"at least {least}×{least} pixels .* 1 blocks .* got {rows}×{cols}; use fewer"
    with pytest.raises(DataError, match=message):
        network(torch.zeros(1, 1, rows, cols))
    with torch.no_grad():
        assert network(torch.zeros(1, 1, least, least))[0].shape == (1, 3)
