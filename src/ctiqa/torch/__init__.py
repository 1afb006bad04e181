"""The shipped network in PyTorch: differentiable, with the weights of the ONNX file that scores.

Needs the extra ``train``; without it, any name here raises an error that says what to install.
"""

from __future__ import annotations

from ctiqa.system.extras import require_extra
from ctiqa.system.lazy import TYPE_CHECKING, lazy

if TYPE_CHECKING:
    from ctiqa.torch.module import Answers, Quality, ScoreNetwork, load

__all__ = ["Answers", "Quality", "ScoreNetwork", "load"]

if not TYPE_CHECKING:
    _load, __dir__ = lazy(__name__, {"ctiqa.torch.module": __all__})

    def __getattr__(name: str) -> object:
        if name in __all__:
            require_extra("'ctiqa.torch'", "onnx", "torch")
        return _load(name)
