"""Networks as recipes: one class a kind, told apart by ``kind``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ctiqa.recipe.rules import require, rule

Crop = Literal["published", "centre"]
"""DistilIQA's [16:240], which drops 16 pixels at the top and 11 at the bottom; or the middle."""

Scaling = Literal["window", "min-max"]
"""Brightness from a fixed window in HU, or from the least and greatest value of every image."""

TOKEN = 32
"""Side in pixels of a token of the stride-32 network."""

WINDOW_NAMES = ("soft", "distiliqa", "challenge", "lung", "bone", "brain")


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """What every network has: HU slices go in, a vector of scores comes out.

    Attributes:
        kind: Name of the kind, a key of :data:`KINDS`.
        outputs: Numbers in the score vector; the score is their mean.
        pretrained: Where weights of the bodies come from: ``none`` (random, from the seed),
            ``hub`` (fetched by timm or torchvision) or a ``.safetensors`` file.
    """

    kind: str = ""
    outputs: int = 1
    pretrained: str = "none"

    def __post_init__(self) -> None:
        require(
            rule(self, "outputs", ">= 1", lambda v: v >= 1),
            rule(
                self,
                "pretrained",
                "'none', 'hub' or a .safetensors file",
                lambda v: v in {"none", "hub"} or v.endswith(".safetensors"),
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
            rule(self, "pretrained", "'none': it has no body", lambda v: v == "none"),
        )


@dataclass(frozen=True, slots=True)
class StemVitNetwork(NetworkRecipe):
    """A convolution stem before a Vision Transformer: DistilIQA and Shen et al.

    Attributes:
        blocks: Convolution blocks of the stem, 0 to 6; block i has 8·2^i channels.
        body: Vision Transformer of timm for three channels of 224×224.
        depth: Attention blocks; 0 takes those of the body.
        crop: How 224×224 are cut out of what the stem gives.
        window: Window through which the network sees the slice.
    """

    kind: str = "stem-vit"
    outputs: int = 5
    blocks: int = 5
    body: str = "vit_base_patch16_224"
    depth: int = 0
    crop: Crop = "centre"
    window: str = "distiliqa"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        return (
            rule(self, "blocks", "0…6", lambda v: 0 <= v <= 6),
            rule(self, "depth", ">= 0", lambda v: v >= 0),
            rule(self, "body", "a Vision Transformer of timm", lambda v: v.startswith("vit_")),
            _window_rule(self),
        )


@dataclass(frozen=True, slots=True)
class TfktNetwork(NetworkRecipe):
    """Features of a network that knows natural images, a connector, a Swin Transformer V2.

    Attributes:
        features: EfficientNet of timm that gives the features.
        transformer: Swin Transformer V2 of torchvision; it reads one channel of 64×64.
        connector: ``vector`` makes the pooled features an image by a linear layer, as in the
            authors' code; ``spatial`` keeps their layout.
        freeze_features: Whether the features keep the weights of the pretraining.
        scaling: How HU become brightness.
        window: The window, where ``scaling`` is ``window``.
    """

    kind: str = "tfkt"
    features: str = "tf_efficientnetv2_l"
    transformer: str = "swin_v2_b"
    connector: Literal["vector", "spatial"] = "spatial"
    freeze_features: bool = False
    scaling: Scaling = "window"
    window: str = "challenge"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        swin = "a Swin Transformer V2 of torchvision"
        return (
            rule(self, "features", "an EfficientNet of timm", lambda v: "efficientnet" in v),
            rule(self, "transformer", swin, lambda v: v.startswith("swin_v2_")),
            _window_rule(self),
        )


@dataclass(frozen=True, slots=True)
class BodyNetwork(NetworkRecipe):
    """A network of timm or torchvision as it is, with a score head: what systems are compared to.

    Attributes:
        body: Its name there: ``resnet50``, ``densenet121``, ``vgg16``, ``googlenet``, …
        side: Side in pixels that slices are resized to; 0 takes them as they are.
        window: Window through which the network sees the slice.
    """

    kind: str = "body"
    body: str = "resnet50"
    side: int = 224
    window: str = "distiliqa"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        return (_side_rule(self), _window_rule(self))


@dataclass(frozen=True, slots=True)
class ManiqaNetwork(NetworkRecipe):
    """After MANIQA (Yang et al., CVPRW 2022): ViT features, attention over channels and places.

    Attributes:
        body: Vision Transformer of timm for ``side``.
        side: Side in pixels that slices are resized to.
        window: Window through which the network sees the slice.
    """

    kind: str = "maniqa"
    body: str = "vit_base_patch16_224"
    side: int = 224
    window: str = "distiliqa"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        vit = rule(self, "body", "a Vision Transformer of timm", lambda v: v.startswith("vit_"))
        return (vit, _side_rule(self), _window_rule(self))


@dataclass(frozen=True, slots=True)
class DbcnnNetwork(NetworkRecipe):
    """After DBCNN (Zhang et al., TCSVT 2020): two convolutional bodies, bilinearly pooled.

    Attributes:
        body: Body of timm that knows objects, VGG-16 in the paper.
        second: Body of timm that stands for the paper's CNN of synthetic distortions.
        side: Side in pixels that slices are resized to; 0 takes them as they are.
        window: Window through which the network sees the slice.
    """

    kind: str = "dbcnn"
    body: str = "vgg16"
    second: str = "resnet18"
    side: int = 224
    window: str = "distiliqa"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`NetworkRecipe.own_rules`."""
        return (_side_rule(self), _window_rule(self))


def _window_rule(made: object) -> str | None:
    return rule(made, "window", f"one of {', '.join(WINDOW_NAMES)}", WINDOW_NAMES.__contains__)


def _side_rule(made: object) -> str | None:
    return rule(made, "side", "0 or >= 64", lambda v: v == 0 or v >= 64)


KINDS: dict[str, type[NetworkRecipe]] = {
    "stride32": Stride32Network,
    "stem-vit": StemVitNetwork,
    "tfkt": TfktNetwork,
    "body": BodyNetwork,
    "maniqa": ManiqaNetwork,
    "dbcnn": DbcnnNetwork,
}
"""The kind of recipe of every network."""
