"""Networks that the papers compare theirs with."""

from __future__ import annotations

from typing import Any

COMPARED_NETWORKS: dict[str, dict[str, Any]] = {
    "ViT": {"kind": "backbone", "backbone": "vit_base_patch16_224"},
    "ResNet": {"kind": "backbone", "backbone": "resnet50"},
    "DenseNet": {"kind": "backbone", "backbone": "densenet121"},
    "VGGNet": {"kind": "backbone", "backbone": "vgg16"},
    "GoogLeNet": {"kind": "backbone", "backbone": "googlenet"},
    "EfficientNetV2-L": {"kind": "backbone", "backbone": "efficientnet_v2_l"},
    "MANIQA-like": {"kind": "maniqa"},
    "DBCNN-like": {"kind": "dbcnn"},
}
"""Networks that Shen et al. and TFKT compare with, at full size."""

SMALL_NETWORKS: dict[str, dict[str, Any]] = {
    "ViT": {"kind": "backbone", "backbone": "vit_tiny_patch16_224"},
    "ResNet": {"kind": "backbone", "backbone": "resnet18"},
    "DenseNet": {"kind": "backbone", "backbone": "densenet121"},
    "VGGNet": {"kind": "backbone", "backbone": "vgg11_bn"},
    "GoogLeNet": {"kind": "backbone", "backbone": "googlenet"},
    "EfficientNetV2": {"kind": "backbone", "backbone": "test_efficientnet"},
    "MANIQA-like": {"kind": "maniqa", "backbone": "vit_tiny_patch16_224"},
    "DBCNN-like": {"kind": "dbcnn", "backbone": "resnet18", "second": "resnet18"},
}
"""The same families, small enough for two CPU cores."""
