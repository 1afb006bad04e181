"""The network as a PyTorch module: the numbers of its file, gradients, and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from tests.score.tiny_model import RULE, network, write_model
from tests.train.onnx_file import tiny_network
from tests.train.tiny import NETWORK
from torch import Tensor

import ctiqa
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.answers import AnswersModel
from ctiqa.recipe import AnswersNetwork
from ctiqa.recipe.network import FINDINGS, REGIONS
from ctiqa.score.engines.engine import Engine
from ctiqa.torch import ScoreNetwork, load
from ctiqa.train.export import to_onnx
from ctiqa.weights import PACKAGED, load_model

EXAMPLE = Path(ctiqa.__file__).parent / "assets" / "example"

TINY = {
    "kind": "stride32",
    "outputs": NETWORK.outputs,
    "windows": list(NETWORK.windows),
    "stem": list(NETWORK.stem),
    "sizes": list(NETWORK.sizes),
    "blocks": NETWORK.blocks,
    "heads": NETWORK.heads,
}
"""The size of the network of :func:`tiny_network`, as a card tells it."""


ANSWERS = AnswersNetwork(
    stem=(8, 8, 8, 8, 16), sizes=(4, 4, 2, 2, 2), blocks=1, heads=2, outputs=3, normalised=False
)


@pytest.fixture(scope="module")
def module() -> ScoreNetwork:
    return load()


@pytest.fixture(scope="module")
def example() -> Tensor:
    """The example scan in HU [slices, rows, cols], its later slices noisier."""
    (scan,) = ctiqa.read_scans(EXAMPLE).scans
    slices = [
        each.hu for each in ctiqa.stream_slices(scan.headers) if isinstance(each, ctiqa.Slice)
    ]
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(len(slices), *slices[0].shape, generator=generator)
    return torch.from_numpy(np.stack(slices)) + 8 * torch.arange(10)[:, None, None] * noise


def written(folder: Path, size: dict[str, Any], **facts: Any) -> Path:
    """A model of the tiny network whose card tells a size."""
    return write_model(
        folder,
        network=tiny_network()[1],
        members=NETWORK.outputs,
        training={"recipe": {"network": size}},
        interval=RULE,
        **facts,
    )


def test_scores_and_noise_are_those_of_the_file(module: ScoreNetwork, example: Tensor) -> None:
    session = onnxruntime.InferenceSession(load_model(DEFAULT_MODEL).network)
    scores, noise = session.run(["scores", "log_noise_hu"], {"hu": example[:, None].numpy()})
    found = module(example)
    assert np.ptp(scores.mean(axis=1)) > 1, "the slices are good and bad"
    np.testing.assert_allclose(found.members.numpy(), scores, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.score.numpy(), scores.mean(axis=1), rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.log_noise_hu.numpy(), noise, rtol=0, atol=1e-4)


def test_scores_are_those_of_the_scorer(module: ScoreNetwork, example: Tensor) -> None:
    """Also where air has to be added."""
    part = example[4:6, :300, 90:400]
    verdict = ctiqa.Scorer(engine="onnxruntime", jobs=1).score(part)
    assert isinstance(verdict, ctiqa.ScanScore)
    expected = [each.score for each in verdict.slices]
    assert module(part).score.clamp(0, 4).tolist() == pytest.approx(expected, abs=1e-4)


def test_a_channel_changes_nothing(module: ScoreNetwork, example: Tensor) -> None:
    part = example[3:5, :256, :256]
    torch.testing.assert_close(module(part[:, None]).members, module(part).members)
    torch.testing.assert_close(module(part[0]).members, module(part[:1]).members)


def test_gradients_are_the_slope_of_the_score(example: Tensor) -> None:
    module = load().double()
    hu = example[3:4, 100:356, 100:356].double().requires_grad_()
    (gradient,) = torch.autograd.grad(module(hu).score.sum(), hu)
    assert gradient.isfinite().all()
    direction = torch.randn(hu.shape, generator=torch.Generator().manual_seed(1)).double()
    step = 1e-4 * direction
    with torch.no_grad():
        slope = (module(hu + step).score - module(hu - step).score) / 2e-4
    assert abs(slope.item()) > 1e-4, "noise changes the score"
    assert slope.item() == pytest.approx((gradient * direction).sum().item(), rel=1e-3)


def test_weights_are_frozen_and_the_noise_map_has_gradients_too(
    module: ScoreNetwork, example: Tensor
) -> None:
    hu = example[:1, :256, :256].clone().requires_grad_()
    module(hu).log_noise_hu.sum().backward()
    assert hu.grad is not None
    assert hu.grad.abs().sum() > 0
    assert not any(each.requires_grad for each in module.parameters())


def test_a_network_with_folded_normalisation_is_read(tmp_path: Path) -> None:
    trained, _ = tiny_network()
    hu = torch.randn(2, 256, 256, generator=torch.Generator().manual_seed(2)) * 300 - 200
    with torch.no_grad():
        scores, noise, *_ = trained(hu[:, None])
        found = load(written(tmp_path, TINY))(hu)
    torch.testing.assert_close(found.members, scores, rtol=0, atol=1e-4)
    torch.testing.assert_close(found.log_noise_hu, noise, rtol=0, atol=1e-4)


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with five answers, whose heads are not the zeros they start as."""
    torch.manual_seed(4)
    made = AnswersModel(ANSWERS)
    with torch.no_grad():
        for head in (made.head, made.beyond, made.findings, made.regions):
            head.weight.normal_(std=0.2)
            head.bias.normal_(std=0.2)
    return write_model(
        tmp_path_factory.mktemp("five"),
        network=to_onnx(made.eval(), multiple=ANSWERS.multiple),
        members=ANSWERS.outputs,
        input={"matrix": [256, 1024], "multiple": ANSWERS.multiple},
        training={"recipe": {"network": asdict(ANSWERS)}},
        answers={"findings": FINDINGS, "regions": REGIONS, "judged": ["chest"]},
    )


def test_all_answers_are_those_of_the_file(five: Path, example: Tensor) -> None:
    images = example[:, :300, 90:400]
    found = load(five).answers(images)
    stored = Engine(load_model(five), 1).answer(images.numpy())
    for name, expected in stored._asdict().items():
        assert np.ptp(expected, axis=0).max() > 1e-3, f"{name} differs between slices"
        np.testing.assert_allclose(getattr(found, name).numpy(), expected, rtol=0, atol=1e-4)
    assert torch.equal(load(five)(images).score, found.scores.mean(dim=1))


@pytest.mark.parametrize("name", ["log_equivalent_noise_hu", "findings", "regions"])
def test_every_answer_has_gradients(five: Path, example: Tensor, name: str) -> None:
    hu = example[4:5, 100:356, 100:356].clone().requires_grad_()
    answer: Tensor = getattr(load(five).answers(hu), name)
    (gradient,) = torch.autograd.grad(answer.flatten()[0], hu)
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


def test_a_model_without_answers_has_none(tmp_path: Path, example: Tensor) -> None:
    module = load(written(tmp_path, TINY))
    found = module.answers(example[:1])
    assert torch.equal(found.scores, module(example[:1]).members)
    assert (found.log_equivalent_noise_hu, found.findings, found.regions) == (None, None, None)


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    for name in (f"{DEFAULT_MODEL}.onnx", f"{DEFAULT_MODEL}.json", "hashes.json"):
        shutil.copy(PACKAGED / name, tmp_path)
    file = tmp_path / f"{DEFAULT_MODEL}.onnx"
    load(file)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(WeightsError, match="is not the file it should be: sha256 expected"):
        load(file)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"blocks": NETWORK.blocks + 1}, "must have .* layers of the kind Conv2d.* got"),
        ({"stem": [8, 8, 8, 8, 32]}, "must have the shape .* as its card says, got"),
        ({"windows": ["soft", "lung", "challenge"]}, "computes something else than the network"),
        ({"heads": "many"}, "breaks a rule in 'training.recipe.network'"),
    ],
)
def test_a_card_that_tells_another_network_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    assert {**TINY, **changes} != TINY
    with pytest.raises(WeightsError, match=message):
        load(written(tmp_path, TINY | changes))


def test_scores_on_another_scale_are_refused(tmp_path: Path) -> None:
    """The file does more than the network: it brings scores to grades."""
    data = to_onnx(tiny_network()[0], scale=(0.0, 10.0))
    file = written(tmp_path, TINY)
    file.write_bytes(data)
    (tmp_path / "hashes.json").unlink()
    with pytest.raises(WeightsError, match="computes something else"):
        load(file)


def test_what_is_no_onnx_file_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, TINY)
    file.write_bytes(b"\xff" * 100)
    (tmp_path / "hashes.json").unlink()
    with pytest.raises(WeightsError, match="not an ONNX file"):
        load(file)


@pytest.mark.parametrize(
    "training", [{}, {"recipe": {"network": {"kind": "stem-vit"}}}, {"recipe": ["stride32"]}]
)
def test_other_networks_are_refused(tmp_path: Path, training: dict[str, Any]) -> None:
    file = write_model(tmp_path, network=network(), training=training)
    with pytest.raises(UsageError, match=r"of the kind 'stride32'.* got 'tiny' of the kind"):
        load(file)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match=f"did you mean '{DEFAULT_MODEL}'"):
        load(f"{DEFAULT_MODEL}x")


@pytest.mark.parametrize("dtype", [torch.int16, torch.float64, torch.float16])
def test_numbers_of_other_kinds_are_taken(
    module: ScoreNetwork, example: Tensor, dtype: torch.dtype
) -> None:
    part = example[:1, :256, :256].round()
    torch.testing.assert_close(module(part.to(dtype)).score, module(part).score)


BODY = torch.full((1, 256, 256), -1000.0).index_fill(1, torch.arange(60, 200), 40.0)


@pytest.mark.parametrize(
    ("hu", "message"),
    [
        (BODY.masked_fill(BODY > 0, torch.nan), "must be finite, got NaN or infinity"),
        (BODY.masked_fill(BODY > 0, torch.inf), "must be finite, got NaN or infinity"),
        (torch.rand(2, 256, 256), r"must be CT numbers in HU .* got .* undo the normalisation"),
        (BODY[None].expand(2, 3, 256, 256), r"\[n, 1, rows, cols\].* got .*\(2, 3, 256, 256\)"),
        (BODY[0, 0], r"\[n, 1, rows, cols\].* got .*\(256,\)"),
        (BODY[:0], r"not empty, got .*\(0, 256, 256\)"),
        (BODY.to(torch.complex64), r"must be real, .* got torch\.complex64"),
        (BODY[:, :128], r"must have 256 to 1024 rows and columns .* got 128 and 256; crop or pad"),
        (BODY.to("meta"), r"on cpu, got meta; move one of them with \.to"),
    ],
)
def test_what_cannot_be_scored_is_refused(module: ScoreNetwork, hu: Tensor, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        module(hu)


def test_without_torch_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiqa.system.extras.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs onnx and torch, .* pip install 'ctiqa\[train\]'"):
        ctiqa.torch.load()


def test_the_card_says_what_the_file_is() -> None:
    """What is built comes from the card alone, so it must tell every size."""
    facts = json.loads((PACKAGED / f"{DEFAULT_MODEL}.json").read_text())
    assert set(facts["training"]["recipe"]["network"]) >= set(TINY)
