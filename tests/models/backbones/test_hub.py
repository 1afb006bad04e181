"""Published weights: found on this computer, or one error at once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from huggingface_hub import constants
from safetensors.torch import save_file
from tests.models.networks import BODY, STEM_VIT, TFKT, TINY_VIT
from torch import nn

from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.backbones import hub
from ctiqa.models.backbones.hub import learned_from, published_by_timm, published_by_torchvision
from ctiqa.models.backbones.make import make_backbone
from ctiqa.models.backbones.origins import WeightsOrigin, origins, published_weights
from ctiqa.models.build import build
from ctiqa.recipe import DbcnnNetwork, StemVitNetwork, TfktNetwork
from ctiqa.recipe.network import ImageNet

HUB = WeightsOrigin("hub")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty folders of both libraries, and publishers that do not answer."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(hub, "_ask", unreachable)


def unreachable(_: hub.PublishedWeights) -> None:
    raise OSError("Name or service not known\nmore of it")


def keep_for_torchvision(name: str, backbone: nn.Module, tmp_path: Path) -> None:
    """Lay weights where torchvision keeps what it has fetched."""
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    url = published_by_torchvision(name, "1k").url
    torch.save(backbone.state_dict(), folder / url.rpartition("/")[2])


def keep_for_timm(repository: str, backbone: nn.Module, tmp_path: Path) -> None:
    """Lay weights where Hugging Face's library keeps what it has fetched."""
    folder = tmp_path / "hf" / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    state = {k: v.clone().contiguous() for k, v in backbone.state_dict().items()}
    save_file(state, snapshot / "model.safetensors")


def made(name: str, **options: object) -> nn.Module:
    torch.manual_seed(8)
    backbone: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    return backbone


@pytest.mark.parametrize(("name", "outputs"), [("googlenet", 2), ("swin_v2_t", 1)])
def test_weights_of_torchvision_that_are_here_are_used(
    name: str, outputs: int, tmp_path: Path
) -> None:
    googlenet = {"aux_logits": True, "init_weights": False} if name == "googlenet" else {}
    theirs = made(name, **googlenet)
    keep_for_torchvision(name, theirs, tmp_path)
    one = name == "swin_v2_t"
    ours = make_backbone(name, HUB, channels=1 if one else 3, outputs=outputs).state_dict()
    checked = [k for k in ours if not k.startswith(("fc.", "head.", "features.0.0."))]
    assert len(checked) > 100
    assert all(torch.equal(ours[k], theirs.state_dict()[k]) for k in checked)
    if one:
        colours = theirs.state_dict()["features.0.0.weight"]
        torch.testing.assert_close(ours["features.0.0.weight"], colours.sum(dim=1, keepdim=True))


def test_the_first_layer_can_be_random_though_the_rest_is_not(tmp_path: Path) -> None:
    theirs = made("swin_v2_t")
    keep_for_torchvision("swin_v2_t", theirs, tmp_path)
    torch.manual_seed(1)
    network = make_backbone("swin_v2_t", HUB, channels=1, first_layer="random", outputs=1)
    ours, state = network.state_dict(), theirs.state_dict()
    summed = state["features.0.0.weight"].sum(dim=1, keepdim=True)
    assert not torch.allclose(ours["features.0.0.weight"], summed, atol=1e-3)
    # torch's own start: uniform within 1/√(channels · rows · columns).
    assert 0.2 < ours["features.0.0.weight"].abs().max() <= 0.25
    assert torch.equal(ours["features.0.2.weight"], state["features.0.2.weight"])
    assert torch.equal(ours["features.1.0.attn.qkv.weight"], state["features.1.0.attn.qkv.weight"])


def test_weights_of_timm_that_are_here_are_used(tmp_path: Path) -> None:
    torch.manual_seed(8)
    theirs = timm.create_model("resnet18")
    keep_for_timm("timm/resnet18.tv_in1k", theirs, tmp_path)
    network = build(replace(BODY, pretrained="hub")).get_submodule("backbone").state_dict()
    checked = [k for k in network if not k.startswith("fc.")]
    assert all(torch.equal(network[k], theirs.state_dict()[k]) for k in checked)


def test_the_authors_vit_is_torchvisions(tmp_path: Path) -> None:
    torch.manual_seed(8)
    theirs = torchvision.models.VisionTransformer(224, 16, 1, 12, 768, 3072)
    keep_for_torchvision("vit_b_16", theirs, tmp_path)
    recipe = StemVitNetwork(blocks=0, depth=1, pretrained="hub")
    network = build(recipe).state_dict()
    state = theirs.state_dict()
    assert torch.equal(network["backbone.pos_embed"], state["encoder.pos_embedding"])
    layer = "encoder.layers.encoder_layer_0.mlp.0.weight"
    assert torch.equal(network["backbone.blocks.0.mlp.fc1.weight"], state[layer])


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (TINY_VIT, "https://huggingface.co/timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k/"),
        ("googlenet", "https://download.pytorch.org/models/googlenet-1378be20.pth"),
        ("efficientnet_v2_l", "https://download.pytorch.org/models/efficientnet_v2_l-59c71312.pth"),
    ],
)
def test_a_publisher_that_does_not_answer_is_one_error(
    name: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(weights: hub.PublishedWeights) -> None:
        asked.append(weights.url)
        unreachable(weights)

    monkeypatch.setattr(hub, "_ask", ask)
    kind: ImageNet = "21k" if name == TINY_VIT else "1k"
    with pytest.raises(WeightsError) as caught:
        make_backbone(name, WeightsOrigin("hub", kind), side=224)
    message = str(caught.value)
    assert len(asked) == 1, "it is asked once"
    assert place in message
    assert "failed: Name or service not known;" in message
    assert "'--pretrained FILE'" in message
    assert "'--pretrained none'" in message


def test_a_publisher_is_asked_for_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    waits: list[float] = []

    def stalled(*_: object, timeout: float) -> None:
        waits.append(timeout)
        raise TimeoutError("timed out")

    monkeypatch.setattr("urllib.request.urlopen", stalled)
    monkeypatch.setattr(hub, "on_this_computer", lambda _: None)
    with pytest.raises(WeightsError, match="failed: timed out;"):
        make_backbone("swin_v2_t", HUB)
    assert waits == [hub.PATIENCE_S]
    assert hub.PATIENCE_S <= 10


def test_offline_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("urllib.request.urlopen", None)
    monkeypatch.setattr(hub, "on_this_computer", lambda _: None)
    with pytest.raises(WeightsError, match="failed: HF_HUB_OFFLINE is set;"):
        make_backbone("resnet18", HUB)


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("tv_in1k", "1k"),
        ("in1k", "1k"),
        ("augreg2_in21k_ft_in1k", "21k"),
        ("in21k", "21k"),
        ("fb_swsl_ig1b_ft_in1k", None),
        ("ns_jft_in1k", None),
        ("sw_in12k_ft_in1k", None),
        ("openai", None),
    ],
)
def test_the_tag_says_what_weights_learned_from(tag: str, kind: ImageNet | None) -> None:
    assert learned_from(tag) == kind


@pytest.mark.parametrize(
    ("name", "kind", "tag"),
    [
        ("tf_efficientnetv2_l", "1k", "in1k"),
        ("tf_efficientnetv2_l", "21k", "in21k_ft_in1k"),
        ("vgg16", "1k", "tv_in1k"),
        ("resnet50", "1k", "tv_in1k"),
        ("resnet50.a1_in1k", "1k", "a1_in1k"),
        ("vit_base_patch16_224", "21k", "augreg2_in21k_ft_in1k"),
    ],
)
def test_the_kind_chooses_among_timms_weights(name: str, kind: ImageNet, tag: str) -> None:
    plain = name.partition(".")[0]
    assert published_by_timm(name, kind).repository == f"timm/{plain}.{tag}"


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        (TINY_VIT, "1k", "got '1k'; published: augreg_in21k, augreg_in21k_ft_in1k"),
        ("swin_v2_b", "21k", "got '21k'; published: IMAGENET1K_V1 of torchvision"),
        ("vit_small_patch16_18x2_224", "1k", "published: none"),
    ],
)
def test_weights_that_nobody_publishes_are_never_random(
    name: str, kind: ImageNet, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make_backbone(name, WeightsOrigin("hub", kind), side=224, depth=1)


def test_only_stems_mean_torchvisions_vit() -> None:
    assert published_weights("vit_base_patch16_224", WeightsOrigin("hub", "1k")).repository
    assert not published_weights(
        "vit_base_patch16_224", WeightsOrigin("hub", "1k", "vit_b_16")
    ).repository
    assert published_weights(
        "vit_base_patch16_224", WeightsOrigin("hub", "21k", "vit_b_16")
    ).repository


def test_where_weights_come_from_is_said(tmp_path: Path) -> None:
    assert origins(TfktNetwork()) == ("features: random", "transformer: random")
    assert origins(replace(STEM_VIT, backbone="vit_base_patch16_224", pretrained="hub")) == (
        "backbone: vit_b_16 IMAGENET1K_V1 of torchvision, ImageNet-1k",
    )
    assert origins(DbcnnNetwork(pretrained="hub", second="vgg16"))[1] == (
        "second: vgg16.tv_in1k of timm, ImageNet-1k"
    )
    file = tmp_path / "a.safetensors"
    file.write_bytes(b"weights")
    (line,) = origins(replace(BODY, pretrained=str(file)))
    assert line == f"backbone: '{file}', sha256 {hashlib.sha256(b'weights').hexdigest()}"
    with pytest.raises(WeightsError, match="must be a file of weights"):
        origins(replace(BODY, pretrained=str(tmp_path / "none.pth")))


def test_two_bodies_that_are_here(tmp_path: Path) -> None:
    recipe = replace(TFKT, features="efficientnet_v2_s", pretrained="hub")
    keep_for_torchvision("efficientnet_v2_s", made("efficientnet_v2_s"), tmp_path)
    with pytest.raises(WeightsError, match="swin_v2_t-b137f0e2"):
        build(recipe)
