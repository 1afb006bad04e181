from __future__ import annotations

from itertools import product

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from scipy.ndimage import map_coordinates
from torch import Tensor

from ctiqa.errors import UsageError
from ctiqa.train.augment import (
    ALL,
    SCALES,
    AugmentChange,
    changed,
    draw_augmentation,
    resampled,
    symmetries,
    turned,
)

KINDS = ("flip", "rotate", "transpose")

symmetry = st.sampled_from(ALL)


def change(*ways: tuple[int, ...]) -> AugmentChange:
    return AugmentChange(np.array(ways), np.ones(len(ways), dtype=np.float32))


def numbered(*shape: int) -> Tensor:
    return torch.arange(float(np.prod(shape))).reshape(shape)


def by_numpy(image: npt.NDArray[np.generic], way: tuple[int, ...]) -> npt.NDArray[np.generic]:
    transposed, upside_down, mirrored = way
    image = image.T if transposed else image
    image = np.flipud(image) if upside_down else image
    return np.fliplr(image) if mirrored else image


def test_every_image_gets_its_own_symmetry() -> None:
    images = numbered(8, 2, 3, 3)
    found = turned(images, change(*ALL))
    for k, c in product(range(8), range(2)):
        assert np.array_equal(found[k, c].numpy(), by_numpy(images[k, c].numpy(), ALL[k]))


def test_the_eight_symmetries_are_those_of_the_square() -> None:
    image = np.arange(9).reshape(3, 3)
    square = {np.rot90(side, k).tobytes() for side in (image, image.T) for k in range(4)}
    found = turned(torch.from_numpy(image).expand(8, 3, 3), change(*ALL)).numpy()
    assert {each.tobytes() for each in found} == square
    assert len(square) == 8


@pytest.mark.parametrize("kinds", [(), ("flip",), ("rotate",), ("transpose",), KINDS])
def test_symmetries_are_groups(kinds: tuple[str, ...]) -> None:
    image = numbered(1, 3, 3)
    group = symmetries(kinds)
    reached = {tuple(turned(image, change(way)).flatten().tolist()) for way in group}
    twice = {
        tuple(turned(turned(image, change(first)), change(second)).flatten().tolist())
        for first, second in product(group, group)
    }
    assert len(reached) == len(group)
    assert twice == reached


def test_turns_alone_never_mirror() -> None:
    image = numbered(1, 3, 3)
    turns = {tuple(np.rot90(image[0].numpy(), k).flatten().tolist()) for k in range(4)}
    group = symmetries(("rotate",))
    assert {tuple(turned(image, change(way)).flatten().tolist()) for way in group} == turns


@given(way=symmetry, side=st.integers(1, 9))
def test_pixels_move_and_none_changes(way: tuple[int, ...], side: int) -> None:
    image = torch.from_numpy(np.random.default_rng(side).normal(size=(1, 1, side, side)))
    moved = turned(image, change(way))
    assert np.array_equal(np.sort(moved.flatten().numpy()), np.sort(image.flatten().numpy()))


@given(way=symmetry)
def test_a_map_of_the_noise_turns_along(way: tuple[int, ...]) -> None:
    # Patches that all hold one number, and the map of these numbers.
    noise = numbered(1, 4, 4)
    images = noise.repeat_interleave(32, -1).repeat_interleave(32, -2)[:, None]
    moved = changed(images, change(way))
    assert torch.equal(moved[:, 0, 16::32, 16::32], turned(noise, change(way)))


def test_what_is_not_square_may_be_flipped_but_not_turned_on_its_side() -> None:
    images = numbered(1, 1, 2, 3)
    assert torch.equal(turned(images, change((0, 1, 1))), torch.rot90(images, 2, (-2, -1)))
    for way in ALL[4:]:
        with pytest.raises(UsageError, match="not square, got 2×3"):
            turned(images, change(way))


def test_no_change_leaves_every_bit() -> None:
    images = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 1, 5, 5)))
    same = changed(images, draw_augmentation(np.random.default_rng(0), 3, ()))
    assert torch.equal(same, images)


def test_augmentation_does_not_touch_what_it_is_given() -> None:
    images = numbered(4, 1, 16, 16)
    before = images.clone()
    drawn = draw_augmentation(np.random.default_rng(1), 4, (*KINDS, "scale"))
    assert not torch.equal(changed(images, drawn), before)
    assert torch.equal(images, before)


def test_the_same_generator_draws_the_same_changes() -> None:
    first, again, other = (
        draw_augmentation(np.random.default_rng(seed), 50, (*KINDS, "scale")) for seed in (3, 3, 4)
    )
    assert np.array_equal(first.symmetry, again.symmetry)
    assert np.array_equal(first.scale, again.scale)
    assert not np.array_equal(first.symmetry, other.symmetry)


def test_all_symmetries_are_drawn_alike_and_half_is_scaled() -> None:
    drawn = draw_augmentation(np.random.default_rng(0), 8000, (*KINDS, "scale"))
    _, counts = np.unique(drawn.symmetry, axis=0, return_counts=True)
    # Five standard deviations of a count of 8,000 draws with chance 1/8, and of ½.
    assert len(counts) == 8
    assert np.all(np.abs(counts - 1000) < 150)
    scaled = drawn.scale[drawn.scale != 1]
    assert abs(len(scaled) - 4000) < 225
    assert SCALES[0] <= scaled.min() < 0.905
    assert 1.095 < scaled.max() <= SCALES[1]


def test_parts_keep_their_changes() -> None:
    drawn = draw_augmentation(np.random.default_rng(0), 6, (*KINDS, "scale"))
    images = torch.from_numpy(np.random.default_rng(1).normal(size=(6, 1, 20, 20)))
    part = slice(1, None, 2)
    assert torch.equal(changed(images[part], drawn.part(part)), changed(images, drawn)[part])


def linearly(image: npt.NDArray[np.float64], shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Linear interpolation between pixel centres, the edge continued."""
    at = [
        (np.arange(to) + 0.5) * (have / to) - 0.5
        for have, to in zip(image.shape, shape, strict=True)
    ]
    where = np.meshgrid(*at, indexing="ij")
    return np.asarray(map_coordinates(image, where, order=1, mode="nearest"))


@pytest.mark.parametrize("shape", [(40, 40), (30, 44)])
def test_scaling_is_two_linear_interpolations(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(0).normal(size=(3, 1, *shape))
    scale = np.array([0.9, 1.0, 1.07], dtype=np.float32)
    found = resampled(torch.from_numpy(images), scale).numpy()
    for k, factor in enumerate(scale.tolist()):
        between = int(shape[0] * factor), int(shape[1] * factor)
        expected = linearly(linearly(images[k, 0], between), shape)
        assert np.allclose(found[k, 0], expected, atol=1e-6)
    assert np.array_equal(found[1], images[1])


@given(scale=st.floats(*SCALES))
def test_scaling_moves_nothing(scale: float) -> None:
    rows, cols = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    ramp = torch.stack([rows, cols])[None]
    found = resampled(ramp, np.array([scale], dtype=np.float32))
    inside = slice(2, -2)
    assert torch.allclose(found[..., inside, inside], ramp[..., inside, inside], atol=1e-4)


def test_scaling_smooths_the_noise() -> None:
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 1, 256, 256)))
    for scale in SCALES:
        after = resampled(noise, np.array([scale], dtype=np.float32)).std()
        assert 0.5 < after / noise.std() < 0.8
