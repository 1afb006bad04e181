"""Checkpoints of DistilIQA's authors, made here by a network with their layout and names."""

from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tests.models.networks import lively, slices
from torch import Tensor, nn
from torchvision.models import VisionTransformer

from ctiqa.errors import OutputError, WeightsError
from ctiqa.models.authors import convert_authors, load_authors, load_converted, our_name
from ctiqa.models.body_weights import timm_name


def block(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Theirs(nn.Module):
    """The published network by its description, its parts named as in the authors' checkpoints."""

    def __init__(self, blocks: int, outputs: int, depth: int = 2, width: int = 192) -> None:
        super().__init__()
        widths = [1, *(8 * 2**i for i in range(blocks))]
        if blocks:
            pairs = pairwise(widths)
            self.conv_head = nn.Sequential(*(block(a, b, 3, 1) for a, b in pairs))
        self.downsample = block(widths[-1], 3, 2, 2)
        self.model = VisionTransformer(224, 16, depth, width // 64, width, 4 * width)
        self.model.heads = nn.Linear(width, outputs)

    def forward(self, hu: Tensor) -> Tensor:
        shown = ((hu + 135) / 350).clip(0, 1)
        if hasattr(self, "conv_head"):
            shown = self.conv_head(shown)
        scores: Tensor = self.model(self.downsample(shown)[:, :, 16:240, 16:240])
        return scores


def theirs(blocks: int = 1, outputs: int = 5, **size: int) -> Theirs:
    torch.manual_seed(blocks)
    made = Theirs(blocks, outputs, **size)
    # torchvision's head and places start so small that mistakes would not show.
    nn.init.normal_(made.model.encoder.pos_embedding, std=0.5)
    lively(made, slices(2, 512))
    return made


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> tuple[Theirs, Path]:
    made, file = theirs(), tmp_path_factory.mktemp("authors") / "student_199.pth"
    torch.save(made.state_dict(), file)
    return made, file


@torch.no_grad()
def test_our_network_scores_as_theirs(student: tuple[Theirs, Path]) -> None:
    made, file = student
    images = slices(2, 512, seed=7)
    scores, noise = load_authors(file)(images)
    torch.testing.assert_close(scores, made(images), atol=1e-5, rtol=1e-4)
    assert noise is None


@torch.no_grad()
@pytest.mark.parametrize(("blocks", "outputs"), [(0, 1), (3, 2)])
def test_blocks_and_outputs_are_read_from_the_file(
    blocks: int, outputs: int, tmp_path: Path
) -> None:
    made, images = theirs(blocks, outputs, depth=1), slices(1, 512, seed=7)
    torch.save(made.state_dict(), tmp_path / "fold1.pth")
    network = load_authors(tmp_path / "fold1.pth")
    torch.testing.assert_close(network(images)[0], made(images), atol=1e-5, rtol=1e-4)
    assert network.crop == "published"
    assert not network.training


def test_the_published_network_has_just_their_keys() -> None:
    with torch.device("meta"):
        made = Theirs(5, 5, depth=12, width=768)
    names = made.state_dict()
    assert sum(p.numel() for p in made.parameters()) == 85_902_782
    from ctiqa.models.stem_vit import StemVit
    from ctiqa.recipe import StemVitNetwork

    with torch.device("meta"):
        ours = StemVit(StemVitNetwork()).state_dict()
    assert {our_name(k, names): v.shape for k, v in names.items()} == {
        k: v.shape for k, v in ours.items()
    }


@pytest.mark.parametrize(
    ("their_name", "name"),
    [
        ("conv_head.0.0.weight", "stem.0.0.weight"),
        ("conv_head.1.1.running_var", "stem.1.1.running_var"),
        ("downsample.1.num_batches_tracked", "stem.2.1.num_batches_tracked"),
        ("model.class_token", "body.cls_token"),
        ("model.encoder.pos_embedding", "body.pos_embed"),
        ("model.encoder.ln.bias", "body.norm.bias"),
        ("model.heads.bias", "body.head.bias"),
    ],
)
def test_names(their_name: str, name: str) -> None:
    stem = {"conv_head.0.0.weight": torch.zeros(1), "conv_head.1.0.weight": torch.zeros(1)}
    assert our_name(their_name, stem) == name


def test_names_of_older_torchvision() -> None:
    assert timm_name("encoder.layers.encoder_layer_7.mlp.linear_2.bias") == "blocks.7.mlp.fc2.bias"


def test_a_checkpoint_of_several_gpus(student: tuple[Theirs, Path], tmp_path: Path) -> None:
    made, file = student
    wrapped = {f"module.{k}": v for k, v in made.state_dict().items()}
    torch.save(wrapped, tmp_path / "wrapped.pth")
    ours, same = (
        load_authors(file).state_dict(),
        load_authors(tmp_path / "wrapped.pth").state_dict(),
    )
    assert all(torch.equal(ours[k], same[k]) for k in ours)


def test_conversion_keeps_everything(student: tuple[Theirs, Path], tmp_path: Path) -> None:
    _, file = student
    target = tmp_path / "student.safetensors"
    recipe = convert_authors(file, target)
    assert (recipe.blocks, recipe.outputs, recipe.depth, recipe.crop) == (1, 5, 2, "published")
    with safe_open(target, framework="pt") as stored:
        assert json.loads(stored.metadata()["recipe"])["body"] == "vit_tiny_patch16_224"
    ours, converted = load_authors(file), load_converted(target)
    assert not converted.training
    images = slices(1, 512)
    with torch.no_grad():
        assert torch.equal(ours(images)[0], converted(images)[0])


def test_their_keys_as_safetensors(student: tuple[Theirs, Path], tmp_path: Path) -> None:
    made, file = student
    save_file({k: v.contiguous() for k, v in made.state_dict().items()}, tmp_path / "a.safetensors")
    ours, same = (
        load_authors(file).state_dict(),
        load_authors(tmp_path / "a.safetensors").state_dict(),
    )
    assert all(torch.equal(ours[k], same[k]) for k in ours)


class Evil:
    """What runs a command when a careless program reads it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    file, trace = tmp_path / "evil.pth", tmp_path / "was-here"
    torch.save({"conv_head.0.0.weight": Evil(trace)}, file)
    with pytest.raises(
        WeightsError, match=r"evil\.pth' must be a state dict .* nothing but tensors"
    ):
        load_authors(file)
    assert not trace.exists()
    file.write_bytes(pickle.dumps(Evil(trace)))
    with pytest.raises(WeightsError, match="nothing but tensors"):
        load_authors(file)
    assert not trace.exists()


def test_a_whole_network_is_refused(student: tuple[Theirs, Path], tmp_path: Path) -> None:
    torch.save(student[0], tmp_path / "whole.pth")
    with pytest.raises(WeightsError, match=r"save model\.state_dict\(\)"):
        load_authors(tmp_path / "whole.pth")


@pytest.mark.parametrize("held", [[1, 2], {"epoch": 3}, torch.zeros(3)])
def test_tensors_by_name_or_nothing(held: object, tmp_path: Path) -> None:
    torch.save(held, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="must hold tensors by name"):
        load_authors(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"text"])
def test_a_damaged_checkpoint(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.pth"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match="must be a state dict"):
        load_authors(file)


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="must exist"):
        load_authors(tmp_path / "fold1.pth")


def changed(made: Theirs, **changes: Tensor | None) -> OrderedDict[str, Tensor]:
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
        ({"downsample__0__bias": None}, r"with 1 blocks.*1 missing: 'stem\.1\.0\.bias'"),
        ({"odd__weight": torch.zeros(1)}, r"1 unknown: 'odd\.weight'"),
        ({"conv_head__0__0__bias": torch.zeros(16)}, r"'stem\.0\.0\.bias' \(16\) instead of \(8\)"),
    ],
)
def test_another_architecture_is_named(
    changes: dict[str, Tensor | None], message: str, student: tuple[Theirs, Path], tmp_path: Path
) -> None:
    torch.save(changed(student[0], **changes), tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=message):
        load_authors(tmp_path / "a.pth")


def test_an_unwritable_target(student: tuple[Theirs, Path], tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        convert_authors(student[1], tmp_path)


def test_only_converted_files_say_their_recipe(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="convert the checkpoint again"):
        load_converted(tmp_path / "a.safetensors")
