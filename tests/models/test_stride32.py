from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ctiqa.errors import DataError
from ctiqa.models import Stride32
from ctiqa.models.stride32 import INPUT_RANGE_HU, Pool, Windows, take_weights
from ctiqa.recipe import Stride32Network

TINY = Stride32Network(stem=(8, 8, 8, 8, 16), blocks=1, heads=2, outputs=3)


@pytest.fixture(scope="module")
def model() -> Stride32:
    torch.manual_seed(0)
    made = Stride32(TINY)
    made(slices(4))
    return made.eval()


def slices(n: int, rows: int = 128, cols: int = 160) -> Tensor:
    generator = torch.Generator().manual_seed(n)
    return torch.randn(n, 1, rows, cols, generator=generator) * 300 - 100


def test_the_default_has_the_size_of_the_shipped_model() -> None:
    parameters = sum(p.numel() for p in Stride32(Stride32Network()).parameters())
    assert parameters == 999_319
    assert parameters * 4 < 25e6


@pytest.mark.parametrize(
    ("rows", "cols", "patches"),
    [(32, 32, (1, 1)), (64, 96, (2, 3)), (270, 333, (9, 11)), (257, 255, (9, 8))],
)
def test_shapes(model: Stride32, rows: int, cols: int, patches: tuple[int, int]) -> None:
    with torch.no_grad():
        scores, noise, *_ = model(slices(2, rows, cols))
    assert scores.shape == (2, 3)
    assert noise.shape == (2, *patches)
    assert scores.isfinite().all()
    assert noise.isfinite().all()


@torch.no_grad()
def test_a_slice_scores_the_same_alone_and_in_company(model: Stride32) -> None:
    batch = slices(5)
    together, maps = model(batch)[:2]
    for number in range(5):
        alone, noise = model(batch[number : number + 1])[:2]
        torch.testing.assert_close(alone[0], together[number], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(noise[0], maps[number], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_the_slices_are_told_apart(model: Stride32) -> None:
    scores, *_ = model(torch.cat([slices(1), slices(1) * 0.1]))
    assert (scores[0] - scores[1]).abs().max() > 1e-4


@torch.no_grad()
@pytest.mark.parametrize(("a", "b"), [(400.0, 3000.0), (-1000.0, -1024.0), (-1000.0, -3000.0)])
def test_beyond_its_range_everything_looks_the_same(model: Stride32, a: float, b: float) -> None:
    one, other = slices(1), slices(1)
    one[..., 30:60, 30:60], other[..., 30:60, 30:60] = a, b
    torch.testing.assert_close(model(one)[:2], model(other)[:2], atol=0, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize(("a", "b"), [(399.0, 300.0), (-1000.0, -900.0), (40.0, 60.0)])
def test_within_its_range_it_sees_a_difference(model: Stride32, a: float, b: float) -> None:
    one, other = slices(1), slices(1)
    one[..., 30:60, 30:60], other[..., 30:60, 30:60] = a, b
    assert not torch.equal(model(one)[0], model(other)[0])


@pytest.mark.parametrize(
    ("hu", "shown"),
    [
        (40.0, (0.0, -1 + 2 * 1040 / 1400, -1 + 2 * 1390 / 1500)),
        (-1000.0, (-1.0, -1.0, -1 + 2 * 350 / 1500)),
        (400.0, (1.0, 1.0, 1.0)),
        (-160.0, (-1.0, -1 + 2 * 840 / 1400, -1 + 2 * 1190 / 1500)),
    ],
)
def test_windows_by_hand(hu: float, shown: tuple[float, ...]) -> None:
    seen = Windows(Stride32Network().windows)(torch.full((1, 1, 1, 1), hu))[0, :, 0, 0]
    torch.testing.assert_close(seen, torch.tensor(shown))


def test_the_range_is_that_of_the_challenge() -> None:
    assert INPUT_RANGE_HU == (-1000.0, 400.0)


def test_windows_are_not_weights(model: Stride32) -> None:
    assert not [name for name in model.state_dict() if name.startswith("windows")]


@torch.no_grad()
def test_pooling_forgets_where_a_token_lay() -> None:
    torch.manual_seed(0)
    pool, tokens = Pool(8), torch.randn(2, 8, 3, 4)
    shuffled = tokens.flatten(2)[..., torch.randperm(12)].reshape(2, 8, 4, 3)
    torch.testing.assert_close(pool(tokens), pool(shuffled))


def test_every_weight_learns() -> None:
    model = Stride32(TINY)
    scores, noise, *_ = model(slices(2))
    (scores.square().sum() + noise.square().sum()).backward()
    still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    # A constant added to all keys, or to all weighing scores, cancels in the softmax.
    assert set(still) <= {"pool.weigh.bias"}


def test_it_starts_in_the_middle_of_the_scale() -> None:
    with torch.no_grad():
        scores, *_ = Stride32(TINY).eval()(slices(3))
    assert scores.mean().item() == pytest.approx(2.0, abs=0.5)


def mirrored_weights(model: Stride32) -> Stride32:
    """The network with the same weights to the left and to the right in every convolution."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = (layer.weight + layer.weight.flip(-1)).data / 2
    return model


@pytest.mark.parametrize(
    ("sizes", "level"), [((6, 4, 4, 4, 4), True), ((4, 4, 2, 2, 2), True), ((5, 3, 3, 3, 3), False)]
)
def test_even_convolutions_put_a_mirrored_slice_on_the_same_grid(
    sizes: tuple[int, ...], level: bool
) -> None:
    torch.manual_seed(0)
    network = Stride32Network(stem=(8, 8, 8, 8, 16), sizes=sizes, blocks=1, heads=2, outputs=1)
    model = mirrored_weights(Stride32(network)).eval()
    hu = 300 * torch.randn(1, 1, 128, 160)
    scores, noise, *_ = model(hu)
    other, turned = model(hu.flip(-1))[:2]
    assert torch.allclose(noise, turned.flip(-1), atol=1e-5) is level
    assert torch.allclose(scores, other, atol=1e-5 if level else 1e-2)


@torch.no_grad()
def test_it_sees_nothing_outside_its_windows() -> None:
    network = Stride32Network(windows=("soft",), stem=(8, 8, 8, 8, 16), blocks=1, heads=2)
    model, lung, denser = Stride32(network).eval(), slices(1), slices(1)
    lung[..., 30:60, 30:60], denser[..., 30:60, 30:60] = -900.0, -700.0
    assert torch.equal(model(lung)[0], model(denser)[0])


@pytest.mark.parametrize("shape", [(64, 96), (65, 97), (270, 333)])
@pytest.mark.parametrize("sizes", [(6, 4, 4, 4, 4), (4, 4, 2, 2, 2)])
def test_even_convolutions_keep_every_token(shape: tuple[int, int], sizes: tuple[int, ...]) -> None:
    network = Stride32Network(stem=(8, 8, 8, 8, 16), sizes=sizes, blocks=1, heads=2, outputs=2)
    noise = Stride32(network)(torch.zeros(1, 1, *shape)).noise
    assert noise is not None
    assert noise.shape[1:] == tuple(-(-side // 32) for side in shape)


@torch.no_grad()
@pytest.mark.parametrize("normalised", [True, False])
def test_what_takes_weights_over_says_the_same(model: Stride32, normalised: bool) -> None:
    other = Stride32(replace(TINY, normalised=normalised)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert not torch.allclose(other(slices(2))[0], model(slices(2))[0], atol=1e-3)
    take_weights(other, model)
    for mine, theirs in zip(other(slices(2))[:2], model(slices(2))[:2], strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    has_norms = any(isinstance(layer, nn.BatchNorm2d) for layer in other.modules())
    assert has_norms is normalised


def test_weights_of_another_size_are_refused(model: Stride32) -> None:
    with pytest.raises(DataError, match="of another size"):
        take_weights(Stride32(replace(TINY, stem=(8, 8, 8, 8, 32))), model)
