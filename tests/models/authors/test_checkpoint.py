"""Checkpoints of the systems' authors, made here by networks with their layouts and names."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.models.networks import lively, slices
from tests.models.theirs import TheirDistilIqa, TheirTfkt, calibrated, stretched, tissue
from torch import Tensor, nn

from ctiqa.errors import WeightsError
from ctiqa.models.authors.checkpoint import load_authors
from ctiqa.models.authors.distiliqa import our_distiliqa_name
from ctiqa.models.authors.tfkt import notes, tfkt_recipe
from ctiqa.models.backbones.weights import timm_name
from ctiqa.models.stem_vit import StemVit
from ctiqa.recipe import StemVitNetwork, TfktNetwork


def theirs(blocks: int = 1, outputs: int = 5, **size: int) -> TheirDistilIqa:
    torch.manual_seed(blocks)
    made = TheirDistilIqa(blocks, outputs, **size)
    # torchvision's head and places start so small that mistakes would not show.
    nn.init.normal_(made.model.encoder.pos_embedding, std=0.5)
    lively(made, slices(2, 512))
    return made


def load(file: Path) -> StemVit:
    return cast("StemVit", load_authors(file, "distiliqa").network)


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> tuple[TheirDistilIqa, Path]:
    made, file = theirs(), tmp_path_factory.mktemp("authors") / "student_199.pth"
    torch.save(made.state_dict(), file)
    return made, file


@torch.no_grad()
def test_our_network_scores_as_theirs(student: tuple[TheirDistilIqa, Path]) -> None:
    made, file = student
    images = slices(2, 512, seed=7)
    scores, noise, *_ = load(file)(images)
    torch.testing.assert_close(scores, made(images), atol=1e-5, rtol=1e-4)
    assert noise is None


@torch.no_grad()
@pytest.mark.parametrize(("blocks", "outputs"), [(0, 1), (3, 2)])
def test_blocks_and_outputs_are_read_from_the_file(
    blocks: int, outputs: int, tmp_path: Path
) -> None:
    made, images = theirs(blocks, outputs, depth=1), slices(1, 512, seed=7)
    torch.save(made.state_dict(), tmp_path / "fold1.pth")
    network = load(tmp_path / "fold1.pth")
    torch.testing.assert_close(network(images)[0], made(images), atol=1e-5, rtol=1e-4)
    assert network.crop == "published"
    assert not network.training


def test_the_published_network_has_just_their_keys() -> None:
    with torch.device("meta"):
        made = TheirDistilIqa(5, 5, depth=12, width=768)
    names = made.state_dict()
    assert sum(p.numel() for p in made.parameters()) == 85_902_782
    with torch.device("meta"):
        ours = StemVit(StemVitNetwork()).state_dict()
    assert {our_distiliqa_name(k, names): v.shape for k, v in names.items()} == {
        k: v.shape for k, v in ours.items()
    }


@pytest.mark.parametrize(
    ("their_name", "name"),
    [
        ("conv_head.0.0.weight", "stem.0.0.weight"),
        ("conv_head.1.1.running_var", "stem.1.1.running_var"),
        ("downsample.1.num_batches_tracked", "stem.2.1.num_batches_tracked"),
        ("model.class_token", "backbone.cls_token"),
        ("model.encoder.pos_embedding", "backbone.pos_embed"),
        ("model.encoder.ln.bias", "backbone.norm.bias"),
        ("model.heads.bias", "backbone.head.bias"),
    ],
)
def test_names(their_name: str, name: str) -> None:
    stem = {"conv_head.0.0.weight": torch.zeros(1), "conv_head.1.0.weight": torch.zeros(1)}
    assert our_distiliqa_name(their_name, stem) == name


def test_names_of_older_torchvision() -> None:
    assert timm_name("encoder.layers.encoder_layer_7.mlp.linear_2.bias") == "blocks.7.mlp.fc2.bias"


@pytest.mark.parametrize("wrapper", ["", "state_dict", "model"])
def test_what_checkpoints_are_wrapped_in(
    wrapper: str, student: tuple[TheirDistilIqa, Path], tmp_path: Path
) -> None:
    made, file = student
    state = {f"module.{k}": v for k, v in made.state_dict().items()}
    wrapped = {wrapper: state, "epoch": 199, "optimizer": {"lr": 1e-3}} if wrapper else state
    torch.save(wrapped, tmp_path / "wrapped.pth")
    found = load_authors(tmp_path / "wrapped.pth", "distiliqa")
    assert found.ignored == (("epoch", "optimizer") if wrapper else ())
    ours, same = load(file).state_dict(), found.network.state_dict()
    assert all(torch.equal(ours[k], same[k]) for k in ours)


def test_what_it_is(student: tuple[TheirDistilIqa, Path]) -> None:
    found = load_authors(student[1], "distiliqa", "challenge")
    assert found.recipe == StemVitNetwork(
        blocks=1,
        outputs=5,
        depth=2,
        crop="published",
        backbone="vit_tiny_patch16_224",
        window="challenge",
    )
    assert (found.ignored, found.notes) == ((), ())
    assert not found.network.training


def test_their_keys_as_safetensors(student: tuple[TheirDistilIqa, Path], tmp_path: Path) -> None:
    made, file = student
    save_file({k: v.contiguous() for k, v in made.state_dict().items()}, tmp_path / "a.safetensors")
    ours, same = load(file).state_dict(), load(tmp_path / "a.safetensors").state_dict()
    assert all(torch.equal(ours[k], same[k]) for k in ours)


class Evil:
    """What runs a command when a careless program reads it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    file, trace = tmp_path / "evil.pth", tmp_path / "was-here"
    torch.save({"conv_head.0.0.weight": Evil(trace)}, file)
    with pytest.raises(WeightsError) as caught:
        load(file)
    message = str(caught.value)
    assert "evil.pth' must be a state dict saved by torch, with nothing but tensors" in message
    assert "it holds code (" in message
    assert "weights_only" not in message, "torch's advice is to run it"
    assert not trace.exists()
    file.write_bytes(pickle.dumps(Evil(trace)))
    with pytest.raises(WeightsError, match="nothing but tensors"):
        load(file)
    assert not trace.exists()
    assert not recwarn, "torch warns of what is refused anyway"


def test_a_whole_network_is_refused(student: tuple[TheirDistilIqa, Path], tmp_path: Path) -> None:
    torch.save(student[0], tmp_path / "whole.pth")
    with pytest.raises(WeightsError, match=r"save model\.state_dict\(\)"):
        load(tmp_path / "whole.pth")


@pytest.mark.parametrize("held", [[1, 2], {"epoch": 3}, torch.zeros(3), {"model": {}}, {}])
def test_tensors_by_name_or_nothing(held: object, tmp_path: Path) -> None:
    torch.save(held, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="must hold tensors by name"):
        load(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"text"])
def test_a_damaged_checkpoint(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.pth"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match="must be a state dict"):
        load(file)


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="must exist"):
        load(tmp_path / "fold1.pth")


def changed(made: TheirDistilIqa, **changes: Tensor | None) -> OrderedDict[str, Tensor]:
    state = OrderedDict(made.state_dict())
    for name, value in changes.items():
        key = name.replace("__", ".")
        if value is None:
            del state[key]
        else:
            state[key] = value
    return state


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model__heads__weight": None}, r"has no 'model\.heads\.weight'"),
        ({"model__conv_proj__weight": None}, r"has no 'model\.conv_proj\.weight'"),
        ({"model__conv_proj__weight": torch.zeros(200, 3, 16, 16)}, r"one of 192.*got 200"),
        ({"downsample__0__bias": None}, r"1 missing: 'stem\.1\.0\.bias'"),
        ({"odd__weight": torch.zeros(1)}, r"1 unknown: 'odd\.weight'"),
        (
            {"model__encoder__pos_embedding": torch.zeros(1, 577, 192)},
            r"made for 224×224 pixels, got weights for 384×384 \(576 places\)",
        ),
        ({"conv_head__0__0__weight": torch.zeros(8, 3, 3, 3)}, r"one channel, got weights for 3"),
        (
            {"model__heads__bias": torch.full((5,), np.nan)},
            r"finite numbers, but 1 .* NaN or infinity: 'backbone\.head\.bias'",
        ),
        ({"conv_head__0__0__bias": torch.zeros(16)}, r"'stem\.0\.0\.bias' \(16\) instead of \(8\)"),
    ],
)
def test_another_architecture_is_named(
    changes: dict[str, Tensor | None],
    message: str,
    student: tuple[TheirDistilIqa, Path],
    tmp_path: Path,
) -> None:
    torch.save(changed(student[0], **changes), tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=message):
        load(tmp_path / "a.pth")


@pytest.fixture(scope="module")
def tfkt(tmp_path_factory: pytest.TempPathFactory) -> tuple[TheirTfkt, Path]:
    torch.manual_seed(0)
    made = TheirTfkt("efficientnet_v2_s", "swin_v2_t").eval()
    calibrated(made.effnetv2l, stretched(tissue(4, 64, seed=1)))
    made.effnetv2l.classifier[1].weight.data *= 1.5
    file = tmp_path_factory.mktemp("authors") / "EffSwinKAT_16_1"
    torch.save({f"module.{k}": v for k, v in made.state_dict().items()}, file)
    return made, file


@torch.no_grad()
def test_tfkt_scores_as_theirs(tfkt: tuple[TheirTfkt, Path]) -> None:
    made, file = tfkt
    found, images = load_authors(file, "tfkt"), tissue(2, 64, seed=2)
    expected = made(images)
    torch.testing.assert_close(found.network(images)[0], expected, atol=1e-5, rtol=1e-4)
    assert (expected[0] - expected[1]).abs() > 1e-3
    assert found.recipe == TfktNetwork(
        features="efficientnet_v2_s",
        transformer="swin_v2_t",
        connector="vector",
        scaling="min-max",
    )
    assert (found.ignored, found.notes) == ((), ())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"effnetv2l.classifier.1.weight": torch.zeros(1, 1280)}, r"64×64 pixels, got .* for 1 "),
        ({"effnetv2l.features.0.0.weight": torch.zeros(24, 2, 3, 3)}, "the features .* for 2;"),
        ({"swinv2b.features.0.0.weight": torch.zeros(96, 3, 4, 4)}, "the transformer .* for 3;"),
        ({"swinv2b.features.0.0.weight": torch.zeros(64, 1, 4, 4)}, "one of swin_v2_t, .* 64 ch"),
        ({"effnetv2l.features.0.0.weight": torch.zeros(32, 1, 3, 3)}, "one of efficientnet_v2_s"),
    ],
)
def test_tfkts_for_other_input_are_named(changes: dict[str, Tensor], message: str) -> None:
    with torch.device("meta"):
        state = TheirTfkt("efficientnet_v2_s", "swin_v2_t").state_dict()
    with pytest.raises(WeightsError, match=message):
        tfkt_recipe(state | changes)


def test_all_that_does_not_fit_is_named(tfkt: tuple[TheirTfkt, Path], tmp_path: Path) -> None:
    state = tfkt[0].state_dict()
    index = "swinv2b.features.1.0.attn.relative_position_index"
    state |= {index: torch.zeros(65536), "swinv2b.features.1.0.mlp.kan.weight": torch.zeros(1)}
    del state["swinv2b.norm.weight"]
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(WeightsError) as caught:
        load_authors(tmp_path / "a.pth", "tfkt")
    message = str(caught.value)
    assert "1 missing: 'transformer.norm.weight'" in message
    assert "1 unknown: 'transformer.features.1.0.mlp.kan.weight'" in message
    assert "relative_position_index' (65536) instead of (4096)" in message
    del state["swinv2b.head.weight"]
    torch.save({k: v for k, v in state.items() if k.endswith("0.0.weight")}, tmp_path / "b.pth")
    with pytest.raises(WeightsError, match=r"has no 'effnetv2l\.classifier\.1\.weight'"):
        load_authors(tmp_path / "b.pth", "tfkt")


def test_buffers_that_follow_from_the_size_may_be_missing(
    tfkt: tuple[TheirTfkt, Path], tmp_path: Path
) -> None:
    state = {k: v for k, v in tfkt[0].state_dict().items() if "relative_position" not in k}
    torch.save({**state, "swinv2b.features.1.1.attn_mask": torch.zeros(2)}, tmp_path / "a.pth")
    found = load_authors(tmp_path / "a.pth", "tfkt")
    assert found.ignored == ("transformer.features.1.1.attn_mask",)


def test_a_connector_that_never_learned_is_told(tfkt: tuple[TheirTfkt, Path]) -> None:
    state = tfkt[0].state_dict()
    key = "effnetv2l.classifier.1.weight"
    assert notes(state) == ()
    (note,) = notes({**state, key: state[key] / 1.5})
    assert "the connector looks untrained" in note


def test_the_other_system_is_named(
    student: tuple[TheirDistilIqa, Path], tfkt: tuple[TheirTfkt, Path], tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=r"'tfkt', but its keys .* use --system distiliqa"):
        load_authors(student[1], "tfkt")
    with pytest.raises(WeightsError, match=r"'distiliqa', but its keys .* use --system tfkt"):
        load_authors(tfkt[1], "distiliqa")
    torch.save(tfkt[0].effnetv2l.state_dict(), tmp_path / "effnetv2l_5_1")
    with pytest.raises(WeightsError, match="features of TFKT's first phase alone"):
        load_authors(tmp_path / "effnetv2l_5_1", "tfkt")
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"with 'effnetv2l\.', 'swinv2b\.', but holds 2 oth"):
        load_authors(tmp_path / "other.pth", "tfkt")
