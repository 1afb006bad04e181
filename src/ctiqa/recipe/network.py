"""Networks as recipes: one class a kind, told apart by ``kind``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ctiqa.recipe.rules import require_rules, rule

Crop = Literal["published", "centre"]
"""DistilIQA's [16:240], which drops 16 pixels at the top and 11 at the bottom; or the middle."""

Scaling = Literal["window", "min-max"]
"""Brightness from a fixed window in HU, or from the least and greatest value of every image."""

ImageNet = Literal["1k", "21k"]
"""Which ImageNet published weights learned from: its 1,000 classes alone, or first its 21,000."""

FirstLayer = Literal["summed", "random"]
"""What becomes of a first convolution for colours where the image is grey."""

TOKEN = 32
"""Side in pixels of a token of the stride-32 network."""

EFFICIENTNET = "an EfficientNet of torchvision or timm"

WINDOW_NAMES = ("soft", "distiliqa", "challenge", "lung", "bone", "brain")

MOST_WINDOWS = 3
"""Windows that one network looks through: backbones made for photographs have three colours."""


def window_names(joined: str) -> tuple[str, ...]:
    """The windows that a network looks through.

    >>> window_names("distiliqa+lung")
    ('distiliqa', 'lung')
    """
    return tuple(joined.split("+"))


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """What every network has: HU slices go in, a vector of scores comes out.

    Attributes:
        kind: Name of the kind, a key of :data:`NETWORK_KINDS`.
        outputs: Numbers in the score vector; the score is their mean.
        pretrained: Where weights of the backbones come from: ``none`` (random, from the seed),
            ``hub`` (published by timm or torchvision: found on this computer, else fetched) or
            a file, ``.safetensors`` or ``.pth``.
    """

    kind: str = ""
    outputs: int = 1
    pretrained: str = "none"

    def __post_init__(self) -> None:
        require_rules(
            rule(self, "outputs", ">= 1", lambda v: v >= 1),
            rule(
                self,
                "pretrained",
                "'none', 'hub' or a file, .safetensors or .pth",
                lambda v: v in {"none", "hub"} or v.endswith((".safetensors", ".pth")),
            ),
            *self.own_rules(),
        )

    def own_rules(self) -> tuple[str | None, ...]:
        """What is wrong with the fields of one kind; ``None`` for each that keeps its rule."""
        return ()


@dataclass(frozen=True, slots=True)
class Stride32Network(NetworkRecipe):
    """Size of the stride-32 network, the one that ctiqa ships.

    Attributes:
        windows: Windows that it looks through, as channels.
        stem: Channels of the five stride-2 stages; the last is the width of the tokens.
        sizes: Sides of their convolutions. Of an even one the grid of a mirrored slice is the
            mirrored grid, so that mirroring need not change the score.
        normalised: Whether the stages normalise over the batch. What goes on from a normalised
            network takes its statistics into the convolutions, and its steps are quicker without.
        blocks: Attention blocks.
        heads: Attention heads; must divide the token width.
    """

    kind: str = "stride32"
    outputs: int = 5
    windows: tuple[str, ...] = ("soft", "challenge", "lung")
    stem: tuple[int, ...] = (16, 32, 64, 96, 160)
    sizes: tuple[int, ...] = (5, 3, 3, 3, 3)
    normalised: bool = True
    blocks: int = 3
    heads: int = 5

    @property
    def multiple(self) -> int:
        """What the sides of a slice must be multiples of: an even convolution drops the rest.

        >>> Stride32Network().multiple, Stride32Network(sizes=(4, 4, 2, 2, 2)).multiple
        (1, 32)
        """
        return TOKEN if any(size % 2 == 0 for size in self.sizes) else 1

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        width = self.stem[-1] if self.stem else 0
        known = ", ".join(WINDOW_NAMES)
        return (
            rule(
                self,
                "windows",
                f"one or more of {known}",
                lambda v: len(v) > 0 and set(WINDOW_NAMES).issuperset(v),
            ),
            rule(self, "stem", "five channel counts >= 1", lambda v: len(v) == 5 and min(v) >= 1),
            rule(
                self,
                "sizes",
                "five numbers, 2…9",
                lambda v: len(v) == 5 and 2 <= min(v) <= max(v) <= 9,
            ),
            rule(self, "blocks", ">= 1", lambda v: v >= 1),
            rule(self, "heads", f"a divisor of {width}", lambda v: v >= 1 and width % v == 0),
            rule(self, "pretrained", "'none': it has no backbone", lambda v: v == "none"),
        )


@dataclass(frozen=True, slots=True)
class BackbonesNetwork(NetworkRecipe):
    """What a network with backbones of timm or torchvision has besides.

    Attributes:
        imagenet: Which ImageNet the weights of ``hub`` learned from. The authors of DistilIQA and
            TFKT start from weights that know the 1,000 classes alone.
    """

    imagenet: ImageNet = "1k"


@dataclass(frozen=True, slots=True)
class StemVitNetwork(BackbonesNetwork):
    """A convolution stem before a Vision Transformer: DistilIQA and Shen et al.

    Attributes:
        blocks: Convolution blocks of the stem, 0 to 6; block i has 8·2^i channels.
        backbone: Vision Transformer of timm for three channels of 224×224.
        depth: Attention blocks; 0 takes those of the backbone.
        crop: How 224×224 are cut out of what the stem gives.
        window: Window through which the network sees the slice, or up to three joined with ``+``,
            each a channel.
    """

    kind: str = "stem-vit"
    outputs: int = 5
    blocks: int = 5
    backbone: str = "vit_base_patch16_224"
    depth: int = 0
    crop: Crop = "centre"
    window: str = "distiliqa"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        return (
            rule(self, "blocks", "0…6", lambda v: 0 <= v <= 6),
            rule(self, "depth", ">= 0", lambda v: v >= 0),
            rule(self, "backbone", "a Vision Transformer of timm", lambda v: v.startswith("vit_")),
            _window_rule(self),
        )


@dataclass(frozen=True, slots=True)
class TfktNetwork(BackbonesNetwork):
    """Features of a network that knows natural images, a connector, a Swin Transformer V2.

    Attributes:
        features: EfficientNet that gives the features: torchvision's ``efficientnet_v2_l`` is the
            authors'. timm's ``tf_efficientnetv2_l`` has layers of the same sizes but pads them
            otherwise, and so is another function of the same weights.
        transformer: Swin Transformer V2 of torchvision; it reads one channel of 64×64.
        connector: ``vector`` makes the pooled features an image by a linear layer, as in the
            authors' code; ``spatial`` keeps their layout.
        first_layer: Whether the first convolutions of both backbones keep their weights, summed
            over the colours, or start anew from random ones.
        freeze_features: Whether the features keep the weights of the pretraining.
        scaling: How HU become brightness.
        window: The window, where ``scaling`` is ``window``; of up to three joined with ``+`` the
            mean, because the backbones read one channel.
        natural_side: Side in pixels that natural images are stretched to in the first phase; 0
            leaves their shape and their noise as they are.
    """

    kind: str = "tfkt"
    features: str = "efficientnet_v2_l"
    transformer: str = "swin_v2_b"
    connector: Literal["vector", "spatial"] = "spatial"
    first_layer: FirstLayer = "summed"
    freeze_features: bool = False
    scaling: Scaling = "window"
    window: str = "challenge"
    natural_side: int = 0

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        swin = "a Swin Transformer V2 of torchvision"
        return (
            rule(self, "features", EFFICIENTNET, lambda v: "efficientnet" in v),
            rule(self, "transformer", swin, lambda v: v.startswith("swin_v2_")),
            rule(self, "natural_side", "0 or >= 64", lambda v: v == 0 or v >= 64),
            _window_rule(self),
        )


@dataclass(frozen=True, slots=True)
class BackboneNetwork(BackbonesNetwork):
    """A network of timm or torchvision as it is, with a score head: what systems are compared to.

    Attributes:
        backbone: Its name there: ``resnet50``, ``densenet121``, ``vgg16``, ``googlenet``, …
        side: Side in pixels that slices are resized to; 0 takes them as they are.
        window: Window through which the network sees the slice, or up to three joined with ``+``,
            each a channel.
    """

    kind: str = "backbone"
    backbone: str = "resnet50"
    side: int = 224
    window: str = "distiliqa"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        return (_side_rule(self), _window_rule(self))


@dataclass(frozen=True, slots=True)
class ManiqaNetwork(BackbonesNetwork):
    """After MANIQA (Yang et al., CVPRW 2022): ViT features, attention over channels and places.

    Attributes:
        backbone: Vision Transformer of timm for ``side``.
        side: Side in pixels that slices are resized to.
        window: Window through which the network sees the slice, or up to three joined with ``+``,
            each a channel.
    """

    kind: str = "maniqa"
    backbone: str = "vit_base_patch16_224"
    side: int = 224
    window: str = "distiliqa"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        vit = rule(self, "backbone", "a Vision Transformer of timm", lambda v: v.startswith("vit_"))
        return (vit, _side_rule(self), _window_rule(self))


@dataclass(frozen=True, slots=True)
class DbcnnNetwork(BackbonesNetwork):
    """After DBCNN (Zhang et al., TCSVT 2020): two convolutional backbones, bilinearly pooled.

    Attributes:
        backbone: Backbone of timm that knows objects, VGG-16 in the paper.
        second: Backbone of timm that stands for the paper's CNN of synthetic distortions.
        side: Side in pixels that slices are resized to; 0 takes them as they are.
        window: Window through which the network sees the slice, or up to three joined with ``+``,
            each a channel.
    """

    kind: str = "dbcnn"
    backbone: str = "vgg16"
    second: str = "resnet18"
    side: int = 224
    window: str = "distiliqa"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        return (_side_rule(self), _window_rule(self))


def _window_rule(made: object) -> str | None:
    wanted = f"one of {', '.join(WINDOW_NAMES)}, or up to {MOST_WINDOWS} of them joined with +"
    return rule(made, "window", wanted, _known_windows)


def _known_windows(joined: str) -> bool:
    names = window_names(joined)
    each_once = len(set(names)) == len(names) <= MOST_WINDOWS
    return each_once and set(WINDOW_NAMES).issuperset(names)


def _side_rule(made: object) -> str | None:
    return rule(made, "side", "0 or >= 64", lambda v: v == 0 or v >= 64)


NETWORK_KINDS: dict[str, type[NetworkRecipe]] = {
    "stride32": Stride32Network,
    "stem-vit": StemVitNetwork,
    "tfkt": TfktNetwork,
    "backbone": BackboneNetwork,
    "maniqa": ManiqaNetwork,
    "dbcnn": DbcnnNetwork,
}
"""The kind of recipe of every network."""
