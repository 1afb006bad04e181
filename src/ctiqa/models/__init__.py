"""Networks in PyTorch."""

from ctiqa.models.stride32 import Stride32

__all__ = ["Stride32"]
