"""Pretrained weights: from a file, from a hub that answers, from one that does not."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from tests.models.networks import BODY, DBCNN, MANIQA, STEM_VIT, TFKT, TINY_VIT
from torch import Tensor, nn

from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.backbones.make import make_backbone
from ctiqa.models.backbones.origins import WeightsOrigin, sources
from ctiqa.models.backbones.state_dicts import key_differences, read_state
from ctiqa.models.backbones.weights import as_timm, fitted_conv
from ctiqa.models.build import build
from ctiqa.recipe import NetworkRecipe, TfktNetwork
from ctiqa.recipe.network import BackbonesNetwork

State = dict[str, Tensor]


def saved(backbone: nn.Module, file: Path) -> Path:
    save_file({k: v.clone().contiguous() for k, v in backbone.state_dict().items()}, file)
    return file


def timm_file(name: str, folder: Path, **options: Any) -> tuple[Path, State]:
    """A file as timm's hub has it, and what is in it."""
    torch.manual_seed(99)
    backbone = timm.create_model(name, num_classes=1000, **options)
    return saved(backbone, folder / f"{name}.safetensors"), backbone.state_dict()


def same(part: State, whole: State, prefix: str, *, without: tuple[str, ...]) -> None:
    """Everything in ``part`` comes from the file, but the layers named."""
    checked = 0
    for name, value in whole.items():
        ours = name.removeprefix(prefix)
        if name.startswith(prefix) and not ours.startswith(without):
            assert torch.equal(value, part[ours]), name
            checked += 1
    assert checked > 10


@pytest.mark.parametrize(
    ("recipe", "backbone", "options", "without"),
    [
        (STEM_VIT, TINY_VIT, {"depth": 2}, ("head.",)),
        (BODY, "resnet18", {}, ("fc.",)),
        (replace(MANIQA), TINY_VIT, {}, ("head.", "norm.")),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_file_of_timm_is_loaded_whole(
    recipe: NetworkRecipe,
    backbone: str,
    options: dict[str, Any],
    without: tuple[str, ...],
    tmp_path: Path,
) -> None:
    file, state = timm_file(backbone, tmp_path, **options)
    network = build(replace(recipe, pretrained=str(file)))
    same(state, network.state_dict(), "backbone.", without=without)


def test_two_bodies_take_two_files(tmp_path: Path) -> None:
    features, ours = timm_file("test_efficientnet", tmp_path)
    torch.manual_seed(3)
    swin = torchvision.models.swin_v2_t()
    files = os.pathsep.join(map(str, (features, saved(swin, tmp_path / "swin.safetensors"))))
    network = build(replace(TFKT, pretrained=files)).state_dict()
    same(ours, network, "features.", without=("conv_stem.",))
    same(swin.state_dict(), network, "transformer.", without=("head.", "features.0.0."))
    # Three colours become one channel by summing, so that grey gives what it gave.
    grey = torch.rand(1, 1, 8, 8)
    for colours, one in (
        (ours["conv_stem.weight"], network["features.conv_stem.weight"]),
        (swin.state_dict()["features.0.0.weight"], network["transformer.features.0.0.weight"]),
    ):
        torch.testing.assert_close(
            nn.functional.conv2d(grey, one), nn.functional.conv2d(grey.expand(1, 3, 8, 8), colours)
        )


def test_dbcnn_takes_two_files_and_drops_what_it_does_not_read(tmp_path: Path) -> None:
    first, ours = timm_file("resnet14t", tmp_path)
    second, theirs = timm_file("resnet10t", tmp_path)
    network = build(replace(DBCNN, pretrained=f"{first}{os.pathsep}{second}")).state_dict()
    same(ours, network, "backbone.", without=("fc.",))
    same(theirs, network, "second.", without=("fc.",))


def test_a_file_of_torchvision_fits_a_vit_of_timm(tmp_path: Path) -> None:
    torch.manual_seed(1)
    theirs = torchvision.models.VisionTransformer(224, 16, 2, 3, 192, 768).eval()
    # torchvision's own head starts at zero.
    nn.init.normal_(theirs.heads.head.weight)
    file = saved(theirs, tmp_path / "vit.safetensors")
    ours = make_backbone(TINY_VIT, WeightsOrigin(str(file)), side=224, depth=2).eval()
    theirs.heads = nn.Identity()
    image = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(ours(image), theirs(image), atol=1e-5, rtol=1e-4)


def test_places_are_interpolated_for_another_side(tmp_path: Path) -> None:
    file, state = timm_file(TINY_VIT, tmp_path, depth=1)
    backbone = make_backbone(TINY_VIT, WeightsOrigin(str(file)), side=448, depth=1).state_dict()
    assert backbone["pos_embed"].shape == (1, 1 + 28 * 28, 192)
    torch.testing.assert_close(backbone["pos_embed"][:, :1], state["pos_embed"][:, :1])
    grid = backbone["pos_embed"][0, 1:].view(28, 28, 192)
    coarse = state["pos_embed"][0, 1:].view(14, 14, 192)
    shrunk = nn.functional.avg_pool2d(grid.permute(2, 0, 1), 2).permute(1, 2, 0)
    assert torch.corrcoef(torch.stack([shrunk.flatten(), coarse.flatten()]))[0, 1] > 0.9


def test_googlenet_passes_over_the_side_heads_of_its_file(tmp_path: Path) -> None:
    torch.manual_seed(4)
    theirs = torchvision.models.googlenet(aux_logits=True, init_weights=False)
    file = saved(theirs, tmp_path / "googlenet.safetensors")
    ours = make_backbone("googlenet", WeightsOrigin(str(file)), outputs=2).state_dict()
    same(theirs.state_dict(), ours, "", without=("fc.",))


def test_a_file_of_another_body_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    file, _ = timm_file("resnet34", tmp_path)
    with pytest.raises(WeightsError) as caught:
        build(replace(BODY, pretrained=str(file)))
    message = str(caught.value)
    assert re.search(r"weights of a ResNet of this size, but \d+ unknown: 'layer1\.2\.", message)
    assert "and" in message
    assert "more" in message
    assert "'none'" in message


def test_missing_unknown_and_misshapen_keys_are_all_named(tmp_path: Path) -> None:
    _, state = timm_file("resnet18", tmp_path)
    state["extra.weight"] = state.pop("bn1.weight")
    state["layer1.0.conv1.weight"] = torch.zeros(64, 64, 5, 5)
    file = tmp_path / "odd.safetensors"
    save_file(state, file)
    with pytest.raises(WeightsError) as caught:
        build(replace(BODY, pretrained=str(file)))
    message = str(caught.value)
    assert "1 missing: 'bn1.weight'" in message
    assert "1 unknown: 'extra.weight'" in message
    assert (
        "1 of another shape: 'layer1.0.conv1.weight' (64×64×5×5) instead of (64×64×3×3)" in message
    )


def test_a_deeper_body_is_refused(tmp_path: Path) -> None:
    file, _ = timm_file(TINY_VIT, tmp_path, depth=3)
    with pytest.raises(WeightsError, match=r"12 unknown: 'blocks\.2\."):
        build(replace(STEM_VIT, pretrained=str(file)))


def test_an_older_file_that_counts_no_batches_fits(tmp_path: Path) -> None:
    _, state = timm_file("resnet18", tmp_path)
    file = tmp_path / "old.safetensors"
    save_file({k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}, file)
    same(
        state,
        build(replace(BODY, pretrained=str(file))).state_dict(),
        "backbone.",
        without=("fc.",),
    )


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"must exist, '.*none\.safetensors' does not"):
        build(replace(BODY, pretrained=str(tmp_path / "none.safetensors")))


def test_a_file_that_is_no_safetensors(tmp_path: Path) -> None:
    file = tmp_path / "text.safetensors"
    file.write_text("weights")
    with pytest.raises(WeightsError, match="must be a safetensors file of a state dict"):
        read_state(file)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="must be a state dict saved by torch"):
        read_state(tmp_path)


def test_too_few_files_for_two_bodies() -> None:
    with pytest.raises(UsageError, match="2 files, of features and transformer in this order"):
        build(TfktNetwork(pretrained="a.safetensors"))


def test_each_body_has_its_source() -> None:
    def given(recipe: BackbonesNetwork) -> list[str]:
        return [weights.source for weights in sources(recipe)]

    assert given(replace(TFKT, pretrained="hub")) == ["hub", "hub"]
    two = f"x.pth{os.pathsep}y.safetensors"
    assert given(replace(TFKT, pretrained=two)) == ["x.pth", "y.safetensors"]
    # One backbone takes the name as it is, whatever is in it.
    assert given(replace(BODY, pretrained=two)) == [two]


@pytest.mark.parametrize("wrapper", ["", "state_dict"])
def test_a_file_as_torchvision_publishes_it(wrapper: str, tmp_path: Path) -> None:
    _, state = timm_file("resnet18", tmp_path)
    file = tmp_path / "resnet18-f37072fd.pth"
    torch.save({wrapper: state, "epoch": 90} if wrapper else state, file)
    same(
        state,
        build(replace(BODY, pretrained=str(file))).state_dict(),
        "backbone.",
        without=("fc.",),
    )


@pytest.mark.parametrize("weights", ["none", "file"])
def test_where_weights_come_from_changes_nothing_else(weights: str, tmp_path: Path) -> None:
    # Training builds with pretrained weights, evaluation without: both must compute the same.
    theirs = torchvision.models.googlenet(aux_logits=True, init_weights=False)
    source = str(saved(theirs, tmp_path / "a.safetensors")) if weights == "file" else "none"
    backbone = make_backbone("googlenet", WeightsOrigin(source), outputs=1)
    assert vars(backbone)["transform_input"] is True


def test_names_that_are_no_vit_of_torchvision_stay() -> None:
    state = {"features.0.weight": torch.zeros(1), "heads.bias": torch.zeros(1)}
    assert as_timm(state).keys() == state.keys()


def test_no_difference() -> None:
    assert key_differences({"a": torch.zeros(2)}, {"a": torch.ones(2)}) == []


def test_a_convolution_for_two_channels_is_not_made_up() -> None:
    with pytest.raises(WeightsError, match="weights for 3 channels must not be used for 2"):
        fitted_conv(torch.zeros(1, 3, 3, 3), 2)
