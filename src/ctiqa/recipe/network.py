"""Recipes of networks: one class per ``kind``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ctiqa.recipe.rules import require_rules, rule

Crop = Literal["published", "centre"]
"""DistilIQA's [16:240], which drops 16 pixels at the top and 11 at the bottom; or the centre."""

Scaling = Literal["window", "min-max"]
"""Brightness from a fixed window in HU, or from the minimum and maximum of every image."""

ImageNet = Literal["1k", "21k"]
"""ImageNet version of published weights: 1,000 classes, or pretrained on 21,000 classes."""

FirstLayer = Literal["summed", "random"]
"""Adaptation of the first convolution to grey images: weights summed over colours, or random."""

TOKEN = 32
"""Side in pixels of a token of the stride-32 network."""

EFFICIENTNET = "an EfficientNet of torchvision or timm"

FINDINGS = (
    "streaks",
    "motion",
    "metal",
    "rings",
    "beam hardening",
    "starvation",
    "truncation",
    "blurred",
    "denoised",
    "sharp kernel",
)
"""What a network can find wrong with a slice, or remarkable."""

REGIONS = ("head", "neck", "chest", "abdomen", "pelvis", "limb", "phantom")
"""What a network can say that a slice shows; ``phantom`` is all that is no body."""

WINDOW_NAMES = ("soft", "distiliqa", "challenge", "lung", "bone", "brain")

MOST_WINDOWS = 3
"""Most windows of a network: backbones made for photographs have three channels."""


def window_names(joined: str) -> tuple[str, ...]:
    """Names of the windows of a network.

    >>> window_names("distiliqa+lung")
    ('distiliqa', 'lung')
    """
    return tuple(joined.split("+"))


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """Settings of every network: HU slices in, a vector of scores out.

    Attributes:
        kind: Name of the kind, a key of :data:`NETWORK_KINDS`.
        outputs: Length of the score vector; the score is its mean.
        pretrained: Initial weights of the backbones: ``none`` (random, from the seed), ``hub``
            (published by timm or torchvision: from the local cache or downloaded) or a file,
            ``.safetensors`` or ``.pth``.
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
        """Problems with the fields of one kind; ``None`` for each rule that is kept."""
        return ()


@dataclass(frozen=True, slots=True)
class Stride32Network(NetworkRecipe):
    """The stride-32 network, which ctiqa ships.

    Attributes:
        windows: Windows of its input channels.
        stem: Channels of the five stride-2 stages; the last is the token width.
        sizes: Kernel sizes of the stages. With an even size the grid of a mirrored slice is the
            mirrored grid, so that mirroring need not change the score.
        normalised: Whether the stages have batch normalisation. Fine-tuning without it folds
            the statistics of the trained network into the convolutions; steps are then faster.
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
        """Number that the sides of a slice must be multiples of: even kernels drop the rest.

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
class AnswersNetwork(Stride32Network):
    """The stride-32 network with five answers: see :mod:`ctiqa.models.answers`.

    Attributes:
        beyond: Whether the score may differ from what the equivalent noise says. It may where
            scores of readers are learned; simulated labels are equivalent noise and nothing else.
    """

    kind: str = "answers"
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class BackbonesNetwork(NetworkRecipe):
    """Settings of a network with backbones of timm or torchvision.

    Attributes:
        imagenet: ImageNet version of the ``hub`` weights. The authors of DistilIQA and TFKT start
            from weights of the 1,000 classes.
    """

    imagenet: ImageNet = "1k"


@dataclass(frozen=True, slots=True)
class StemVitNetwork(BackbonesNetwork):
    """A convolution stem before a Vision Transformer: DistilIQA and Shen et al.

    Attributes:
        blocks: Convolution blocks of the stem, 0 to 6; block i has 8·2^i channels.
        backbone: Vision Transformer of timm for three channels of 224×224.
        depth: Number of attention blocks; 0 for all of the backbone.
        crop: How 224×224 are cut out of the output of the stem.
        window: Window of the input, or up to three joined with ``+``, one channel each.
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
    """Features of a network trained on natural images, a connector, a Swin Transformer V2.

    Attributes:
        features: EfficientNet of the features: torchvision's ``efficientnet_v2_l`` is the authors'.
            timm's ``tf_efficientnetv2_l`` has layers of the same sizes but other padding, so it
            is another function of the same weights.
        transformer: Swin Transformer V2 of torchvision; it reads one channel of 64×64.
        connector: ``vector`` turns the pooled features into an image by a linear layer, as in
            the authors' code; ``spatial`` keeps their spatial layout.
        first_layer: Whether the first convolutions of both backbones keep their weights, summed
            over the colours, or start from random weights.
        freeze_features: Whether the features keep their pretrained weights.
        scaling: How HU are converted to brightness.
        window: The window, if ``scaling`` is ``window``; up to three joined with ``+`` are
            averaged, because the backbones read one channel.
        natural_side: Side in pixels that natural images are stretched to in the first phase; 0
            keeps their shape and noise.
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
    """A plain network of timm or torchvision with a score head: a baseline.

    Attributes:
        backbone: Name in the library: ``resnet50``, ``densenet121``, ``vgg16``, ``googlenet``, …
        side: Side in pixels that slices are resized to; 0 for no resizing.
        window: Window of the input, or up to three joined with ``+``, one channel each.
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
    """After MANIQA (Yang et al., CVPRW 2022): ViT features, channel and spatial attention.

    Attributes:
        backbone: Vision Transformer of timm for ``side``.
        side: Side in pixels that slices are resized to.
        window: Window of the input, or up to three joined with ``+``, one channel each.
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
        backbone: Backbone of timm trained on objects, VGG-16 in the paper.
        second: Backbone of timm that replaces the paper's CNN for synthetic distortions.
        side: Side in pixels that slices are resized to; 0 for no resizing.
        window: Window of the input, or up to three joined with ``+``, one channel each.
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
    "answers": AnswersNetwork,
    "stem-vit": StemVitNetwork,
    "tfkt": TfktNetwork,
    "backbone": BackboneNetwork,
    "maniqa": ManiqaNetwork,
    "dbcnn": DbcnnNetwork,
}
"""Recipe class of every kind of network."""
