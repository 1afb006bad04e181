"""A network with five answers, from PyTorch to the scores of users."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.score.made import phantom
from tests.score.tiny_model import card

from ctiqa import Scorer
from ctiqa.errors import WeightsError
from ctiqa.models.answers import AnswersModel
from ctiqa.recipe import AnswersNetwork
from ctiqa.recipe.network import FINDINGS, REGIONS
from ctiqa.score.engines.engine import Engine
from ctiqa.train.export import to_onnx
from ctiqa.types import SliceScore
from ctiqa.weights import HASHES, file_digest, load_model

TINY = AnswersNetwork(
    stem=(8, 8, 8, 8, 16), sizes=(4, 4, 2, 2, 2), blocks=1, heads=2, outputs=3, normalised=False
)


@pytest.fixture(scope="module")
def network() -> AnswersModel:
    torch.manual_seed(0)
    made = AnswersModel(TINY)
    with torch.no_grad():
        made.findings.weight.normal_()
        made.regions.bias[REGIONS.index("chest")] += 20
    return made.eval()


@pytest.fixture(scope="module")
def written(network: AnswersModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(network, tmp_path_factory.mktemp("judged"), judged=["chest"])


def _write(network: AnswersModel, folder: Path, *, judged: list[str], **changes: Any) -> Path:
    names: dict[str, Any] = {"findings": FINDINGS, "regions": REGIONS, "judged": judged}
    facts = card("five", answers=names | changes)
    facts["input"]["multiple"] = TINY.multiple
    files = {
        "five.onnx": to_onnx(network, multiple=TINY.multiple),
        "five.json": json.dumps(facts).encode(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: file_digest(content) for name, content in files.items()}
    (folder / HASHES).write_text(json.dumps(hashes))
    return folder / "five.onnx"


def test_every_answer_of_the_file_is_that_of_the_network(
    network: AnswersModel, written: Path
) -> None:
    hu = np.stack([phantom(k) for k in range(2)]).astype(np.float32)
    found = Engine(load_model(str(written)), 1).answer(hu)
    with torch.no_grad():
        wanted = network(torch.from_numpy(hu[:, None]))
    assert wanted.findings is not None
    assert wanted.regions is not None
    pairs = (
        (found.scores, wanted.scores),
        (found.log_noise_hu, wanted.noise),
        (found.log_equivalent_noise_hu, wanted.total),
        (found.findings, wanted.findings.sigmoid()),
        (found.regions, wanted.regions.softmax(dim=1)),
    )
    for ours, theirs in pairs:
        assert ours is not None
        assert theirs is not None
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)
    assert found.findings is not None
    assert found.findings.min() >= 0
    assert found.findings.max() <= 1


@pytest.fixture
def drawn_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices that are drawn are no patients, so nothing would be scored."""
    monkeypatch.setattr("ctiqa.score.pipeline.why_outside", lambda *_, **__: None)


@pytest.mark.usefixtures("drawn_is_scored")
def test_users_get_noise_region_and_findings(written: Path) -> None:
    found = Scorer(written, engine="onnxruntime", jobs=1).score(phantom(0))
    assert isinstance(found, SliceScore)
    assert found.region == "chest"
    assert found.score is not None
    assert found.equivalent_noise_hu is not None
    assert found.equivalent_noise_hu > 0
    assert set(found.findings) <= set(FINDINGS)


@pytest.mark.usefixtures("drawn_is_scored")
def test_the_model_abstains_from_regions_it_does_not_judge(
    network: AnswersModel, tmp_path: Path
) -> None:
    file = _write(network, tmp_path, judged=["abdomen"])
    found = Scorer(file, engine="onnxruntime", jobs=1).score(phantom(0))
    assert isinstance(found, SliceScore)
    assert (found.score, found.region) == (None, "chest")
    assert "region" in found.flags


def test_answers_that_the_card_does_not_name_are_left_out(
    network: AnswersModel, tmp_path: Path
) -> None:
    file = _write(network, tmp_path, judged=[], findings=[], regions=[])
    found = Scorer(file, engine="onnxruntime", jobs=1).score(phantom(0))
    assert isinstance(found, SliceScore)
    assert found.score is not None
    assert (found.region, found.findings) == (None, ())


def test_a_card_with_too_few_names_is_refused(network: AnswersModel, tmp_path: Path) -> None:
    file = _write(network, tmp_path, judged=["chest"], regions=["chest"])
    with pytest.raises(WeightsError, match=r"must return finite regions of shape \(1, 1\)"):
        Scorer(file, engine="onnxruntime", jobs=1).score(phantom(0))


def test_an_answer_that_is_no_number_is_refused(network: AnswersModel, tmp_path: Path) -> None:
    broken = copy.deepcopy(network)
    torch.nn.init.constant_(broken.findings.bias, torch.nan)
    file = _write(broken, tmp_path, judged=["chest"])
    with pytest.raises(WeightsError, match="must return finite findings"):
        Scorer(file, engine="onnxruntime", jobs=1).score(phantom(0))


def test_a_noise_that_cannot_be_is_refused(network: AnswersModel, tmp_path: Path) -> None:
    broken = copy.deepcopy(network)
    torch.nn.init.constant_(broken.head.bias, 800.0)
    file = _write(broken, tmp_path, judged=["chest"])
    with pytest.raises(WeightsError, match="must return log_equivalent_noise_hu within ±20, got"):
        Scorer(file, engine="onnxruntime", jobs=1).score(phantom(0))


def test_the_fast_engine_gives_the_same_answers(written: Path) -> None:
    pytest.importorskip("openvino", reason="the extra 'fast' is not installed")
    hu = phantom(0)[np.newaxis]
    model = load_model(str(written))
    plain, fast = (Engine(model, 1, kind).answer(hu) for kind in ("onnxruntime", "openvino"))
    for name, mine, theirs in zip(plain._fields, plain, fast, strict=True):
        assert mine is not None, name
        assert theirs is not None, name
        # bfloat16, where the processor has it.
        np.testing.assert_allclose(theirs, mine, atol=0.15, rtol=0.05, err_msg=name)
