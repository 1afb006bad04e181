"""The network with five answers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from tests.models.networks import slices

from ctiqa.models.answers import AnswersModel, score_of_log_noise
from ctiqa.models.build import build, parameters
from ctiqa.noise_scale import score_of_noise
from ctiqa.recipe import AnswersNetwork, Stride32Network
from ctiqa.recipe.network import FINDINGS, REGIONS

TINY = AnswersNetwork(
    stem=(8, 8, 8, 8, 16), sizes=(4, 4, 2, 2, 2), blocks=1, heads=2, outputs=3, normalised=False
)


def model(recipe: AnswersNetwork = TINY) -> AnswersModel:
    torch.manual_seed(0)
    return AnswersModel(recipe).eval()


def test_all_five_answers_have_their_shape() -> None:
    scores, noise, total, findings, regions = model()(slices(2, 256))
    assert scores.shape == (2, 3)
    assert noise is not None
    assert noise.shape == (2, 8, 8)
    assert total is not None
    assert total.shape == (2,)
    assert findings is not None
    assert findings.shape == (2, len(FINDINGS))
    assert regions is not None
    assert regions.shape == (2, len(REGIONS))


def test_the_score_is_the_equivalent_noise_on_its_scale() -> None:
    outputs = model()(slices(3, 96))
    assert outputs.total is not None
    for score, log_noise in zip(outputs.scores.mean(dim=1), outputs.total, strict=True):
        assert score.item() == pytest.approx(score_of_noise(math.exp(log_noise.item())), abs=1e-4)


def test_the_scale_is_open_at_both_ends() -> None:
    quiet, loud = score_of_log_noise(torch.tensor([4.0, 200.0]).log()).tolist()
    assert quiet > 6
    assert loud < -1


def test_the_worst_part_counts_and_what_is_outside_does_not() -> None:
    noise = torch.full((1, 4, 4), math.log(10.0))
    inside = torch.full((1, 4, 4), 20.0)
    assert AnswersModel._worst(noise, inside).item() == pytest.approx(math.log(10.0), abs=1e-4)
    noise[0, 0, 0] = math.log(80.0)
    everywhere = AnswersModel._worst(noise, inside).item()
    assert math.log(30.0) < everywhere < math.log(80.0)
    inside[0, 0, 0] = -20.0
    assert AnswersModel._worst(noise, inside).item() == pytest.approx(math.log(10.0), abs=1e-3)


def test_only_readers_move_the_score_off_the_equivalent_noise() -> None:
    assert not any(p.requires_grad for p in model().beyond.parameters())
    free = model(replace(TINY, beyond=True))
    assert all(p.requires_grad for p in free.beyond.parameters())


def test_the_answers_cost_little() -> None:
    plain = Stride32Network(
        stem=TINY.stem,
        sizes=TINY.sizes,
        blocks=TINY.blocks,
        heads=TINY.heads,
        outputs=TINY.outputs,
        windows=TINY.windows,
        normalised=TINY.normalised,
    )
    more = parameters(build(TINY)) - parameters(build(plain))
    width = 2 * TINY.stem[-1]
    heads = len(FINDINGS) + len(REGIONS) + TINY.outputs
    assert more == (width + 1) * heads + TINY.stem[-1] + 1
