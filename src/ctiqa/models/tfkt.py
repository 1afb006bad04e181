"""TFKT: features trained on natural images, a connector, a Swin Transformer V2.

Rifa, Ahamed, Zhang and Imran, "Task-Focused Knowledge Transfer from Natural Images for CT Image
Quality Assessment", SPIE Medical Imaging 2025. The features: Tan and Le, "EfficientNetV2",
ICML 2021. The transformer: Liu et al., "Swin Transformer V2", CVPR 2022.
"""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from ctiqa.errors import UsageError
from ctiqa.models.backbones.facts import backbone_facts
from ctiqa.models.backbones.make import feature_map, feature_width, make_backbone
from ctiqa.models.backbones.origins import WeightsOrigin, sources
from ctiqa.models.contract import Outputs
from ctiqa.models.inputs import GreyInput, resized, to_square
from ctiqa.recipe import TfktNetwork

CONNECTOR_SIDE = 64
"""Rows and columns of the one-channel image from the connector to the transformer."""

FEATURE_DROP_PATH = 0.2
"""Stochastic depth of the features: torchvision's default, which the authors use."""

CONNECTOR_DROPOUT = 0.4
"""Dropout before the published connector: that of torchvision's EfficientNetV2-L."""


class Tfkt(nn.Module):
    """Score of CT slices.

    The authors' network has 209,383,449 parameters: 117,233,696 in EfficientNetV2-L for one
    channel without its classifier, 5,246,976 in the connector (1,280 → 4,096), 86,902,777 in
    SwinV2-B for one channel with a head of one number; as many as this one with the
    ``vector`` connector. 12,032 of them, the biases of the attention keys of torchvision's
    SwinV2, are set to zero at every use and never trained. The ``spatial`` connector has
    20,496 parameters instead of 5,246,976.

    With ``vector``, ``min-max`` and torchvision's EfficientNetV2-L it is the authors' function:
    torchvision pads symmetrically and adds 1e-3 to the variances of its batch normalisation.

    One class of the authors' code computes the features but passes the slice itself to the
    transformer; here, as on the poster and in their other classes, the transformer reads the
    output of the connector.

    Args:
        recipe: Backbones, connector and scaling; ``recipe.outputs`` is the length of the score
            vector.

    Raises:
        UsageError: If a backbone does not exist.
        WeightsError: If the pretrained weights are not available or do not fit.
    """

    def __init__(self, recipe: TfktNetwork) -> None:
        super().__init__()
        features, transformer = sources(recipe)
        self.frozen = recipe.freeze_features
        self.grey = _grey(recipe)
        self.features = _features(recipe, features)
        width = feature_width(self.features)
        self.connector: nn.Module = (
            VectorConnector(width) if recipe.connector == "vector" else SpatialConnector(width)
        )
        self.transformer = make_backbone(
            recipe.transformer,
            transformer,
            channels=1,
            first_layer=recipe.first_layer,
            outputs=recipe.outputs,
        )
        self.features.requires_grad_(not self.frozen)

    def forward(self, hu: Tensor) -> Outputs:
        """Score a batch.

        Args:
            hu: CT numbers in HU, float32 [n, 1, rows, cols]; rows and columns ≥ 32.

        Returns:
            Scores [n, outputs] on the scale of the labels, not clipped; no noise map.
        """
        image = self.connector(feature_map(self.features, self.grey(hu)))
        return Outputs(self.transformer(image))

    def train(self, mode: bool = True) -> Self:
        """Set training mode; frozen features also keep their running statistics."""
        super().train(mode)
        if self.frozen:
            self.features.eval()
        return self


class NaturalTfkt(nn.Module):
    """TFKT's first phase: the same features, a linear head, natural images.

    Args:
        recipe: The network of the second phase.

    Raises:
        UsageError: If a backbone does not exist.
        WeightsError: If the pretrained weights are not available or do not fit.
    """

    def __init__(self, recipe: TfktNetwork) -> None:
        super().__init__()
        self.side = recipe.natural_side
        self.grey = _grey(recipe)
        self.features = _features(recipe, sources(recipe)[0])
        self.dropout = nn.Dropout(CONNECTOR_DROPOUT)
        self.head = nn.Linear(feature_width(self.features), recipe.outputs)

    def forward(self, rgb: Tensor) -> Outputs:
        """Score a batch.

        Args:
            rgb: Natural images, 0–255, uint8 or float [n, 3, rows, cols].

        Returns:
            Opinion scores [n, outputs]; no noise map.
        """
        features = feature_map(self.features, self.grey.photograph(to_square(rgb, self.side)))
        return Outputs(self.head(self.dropout(features.mean(dim=(2, 3)))))


class VectorConnector(nn.Sequential):
    """As published: 1×64×64 from the pooled features, so without spatial layout.

    Args:
        width: Channels of the features.
    """

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(CONNECTOR_DROPOUT),
            nn.Linear(width, CONNECTOR_SIDE * CONNECTOR_SIDE),
            nn.Unflatten(1, (1, CONNECTOR_SIDE, CONNECTOR_SIDE)),
        )


class SpatialConnector(nn.Module):
    """1×64×64 with spatial layout: every position of the features becomes 4×4 pixels.

    The pixels of a position are the outputs of one 1×1 convolution, with pixel shuffle (Shi et
    al., CVPR 2016). Slices of 512×512 have 16×16 positions, so 64×64 pixels; others are resized.

    Args:
        width: Channels of the features.
    """

    FINER = 4

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(width, self.FINER**2, 1)
        self.place = nn.PixelShuffle(self.FINER)

    def forward(self, features: Tensor) -> Tensor:
        """Features [n, width, rows, cols] to an image [n, 1, 64, 64]."""
        return resized(self.place(self.mix(features)), CONNECTOR_SIDE)


def take_features(model: nn.Module, trained: nn.Module) -> None:
    """Copy the features of the first phase to the network of the second.

    Args:
        model: A :class:`Tfkt`; changed in place.
        trained: A :class:`NaturalTfkt` with the same features.

    Raises:
        UsageError: If either is another kind of network, or their features differ.
    """
    if not isinstance(model, Tfkt) or not isinstance(trained, NaturalTfkt):
        raise UsageError(
            "features must go from a NaturalTfkt to a Tfkt, "
            f"got {type(trained).__name__} and {type(model).__name__}"
        )
    try:
        model.features.load_state_dict(trained.features.state_dict())
    except RuntimeError as error:
        raise UsageError(f"both phases must have the same features: {error}") from None


def _features(recipe: TfktNetwork, weights: WeightsOrigin) -> nn.Module:
    return make_backbone(
        recipe.features,
        weights,
        channels=1,
        first_layer=recipe.first_layer,
        drop_path=FEATURE_DROP_PATH,
    )


def _grey(recipe: TfktNetwork) -> GreyInput:
    facts = backbone_facts(recipe.features)
    return GreyInput(recipe.scaling, recipe.window, facts.mean, facts.std)
