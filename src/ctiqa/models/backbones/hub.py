"""Weights published by timm and torchvision: selection, local cache, download.

A file in the cache of its library is used without a connection. Otherwise the publisher is
requested once; no answer within seconds is an error.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.backbones.state_dicts import reason
from ctiqa.recipe.network import ImageNet

PATIENCE_S = 5.0
"""Timeout of the request to a publisher, in seconds."""

HF_FILE = "model.safetensors"
"""Weights file in timm's repositories on Hugging Face."""

NOT_IMAGENET = frozenset({"jft", "in12k", "ft"})
"""Parts of timm's tags that mean pretraining on other images, although they end in ``in1k``."""


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """A published weights file of a backbone.

    Attributes:
        name: The publisher's name.
        imagenet: ImageNet version of its training.
        url: Address of the file.
        repository: Repository on Hugging Face; empty for torchvision.
    """

    name: str
    imagenet: ImageNet
    url: str
    repository: str = ""

    @property
    def words(self) -> str:
        """Description for people."""
        return f"{self.name}, ImageNet-{self.imagenet}"


def published_by_torchvision(backbone: str, imagenet: ImageNet) -> PublishedWeights:
    """Weights published by torchvision for a backbone.

    Args:
        backbone: Name of the backbone in torchvision.
        imagenet: ImageNet version; torchvision has only ``1k``.

    Raises:
        UsageError: If it has no such weights.
    """
    from torchvision.models import get_model_weights  # noqa: PLC0415 - slow

    if imagenet != "1k":
        raise _none_of(backbone, imagenet, "IMAGENET1K_V1 of torchvision")
    found = get_model_weights(backbone)["IMAGENET1K_V1"]
    return PublishedWeights(f"{backbone} IMAGENET1K_V1 of torchvision", "1k", found.url)


def published_by_timm(backbone: str, imagenet: ImageNet) -> PublishedWeights:
    """Weights published by timm for a backbone; torchvision's if timm provides them.

    Args:
        backbone: Its name in timm, with a tag (``resnet50.a1_in1k``) to choose among several.
        imagenet: ImageNet version.

    Raises:
        UsageError: If it has no such weights; the message lists all that it has.

    >>> published_by_timm("resnet50", "1k").name
    'resnet50.tv_in1k of timm'
    """
    import timm  # noqa: PLC0415 - slow

    plain, _, asked = backbone.partition(".")
    tags = [name.partition(".")[2] for name in timm.list_pretrained(f"{plain}.*")]
    fitting = [t for t in tags if learned_from(t) == imagenet and asked in {"", t}]
    if not fitting:
        raise _none_of(backbone, imagenet, ", ".join(tags) or "none")
    name = f"{plain}.{min(fitting, key=_rank(plain))}"
    repository = str(getattr(timm.get_pretrained_cfg(name), "hf_hub_id", ""))
    url = f"https://huggingface.co/{repository}/resolve/main/{HF_FILE}"
    return PublishedWeights(f"{name} of timm", imagenet, url, repository)


def _rank(backbone: str) -> Callable[[str], int]:
    """Order of preference: torchvision's weights, timm's default, others."""
    import timm  # noqa: PLC0415 - slow

    usual = getattr(timm.get_pretrained_cfg(backbone), "tag", "")
    order = ("tv_in1k", usual)
    return lambda tag: order.index(tag) if tag in order else len(order)


def learned_from(tag: str) -> ImageNet | None:
    """ImageNet version of timm's weights, by their tag; ``None`` if trained on other images too.

    >>> learned_from("augreg2_in21k_ft_in1k"), learned_from("tv_in1k"), learned_from("dino")
    ('21k', '1k', None)
    """
    parts = tag.split("_")
    if {"in21k", "in22k"} & set(parts):
        return "21k"
    return "1k" if parts[-1] == "in1k" and not NOT_IMAGENET & set(parts) else None


def fetched(weights: PublishedWeights) -> Path:
    """Path of a weights file, downloaded if it is not in the local cache.

    Raises:
        WeightsError: If it is not cached and cannot be downloaded.
    """
    return on_this_computer(weights) or _from_publisher(weights)


def on_this_computer(weights: PublishedWeights) -> Path | None:
    """Path of a weights file in the cache of its library; ``None`` if it is not there."""
    if not weights.repository:
        file = _torch_file(weights)
        return file if file.is_file() else None
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - slow

    found = try_to_load_from_cache(weights.repository, HF_FILE)
    return Path(found) if isinstance(found, str) else None


def _from_publisher(weights: PublishedWeights) -> Path:
    try:
        _ask(weights)
        return _download(weights)
    except Exception as error:
        raise WeightsError(
            f"pretrained weights must be on this computer or be fetched from {weights.url}, which "
            f"failed: {reason(error)}; download that file elsewhere and pass it with '--pretrained "
            "FILE', or use '--pretrained none'"
        ) from error


def _ask(weights: PublishedWeights) -> None:
    """Check that a publisher answers; its library would retry for minutes."""
    if weights.repository:
        from huggingface_hub import constants  # noqa: PLC0415 - slow

        if constants.HF_HUB_OFFLINE:
            raise OSError("HF_HUB_OFFLINE is set")
    request = urllib.request.Request(weights.url, method="HEAD")  # noqa: S310 - a library's own
    with urllib.request.urlopen(request, timeout=PATIENCE_S):  # noqa: S310
        pass


def _download(weights: PublishedWeights) -> Path:
    if weights.repository:
        from huggingface_hub import hf_hub_download  # noqa: PLC0415 - slow

        return Path(hf_hub_download(weights.repository, HF_FILE))
    from torch import hub  # noqa: PLC0415

    file = _torch_file(weights)
    file.parent.mkdir(parents=True, exist_ok=True)
    # torchvision's file names end in the first digits of the SHA-256.
    hub.download_url_to_file(weights.url, str(file), file.stem.rpartition("-")[2], progress=False)
    return file


def _torch_file(weights: PublishedWeights) -> Path:
    from torch import hub  # noqa: PLC0415

    return Path(hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]


def _none_of(backbone: str, imagenet: ImageNet, published: str) -> UsageError:
    return UsageError(
        f"'imagenet' must be a kind of weights that backbone '{backbone}' is published with, got "
        f"'{imagenet}'; published: {published}. Use another 'imagenet', pass a file with "
        "'--pretrained FILE', or use '--pretrained none'"
    )
