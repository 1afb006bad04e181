"""ctiqa: how good is this CT image, 0 (bad) to 4 (excellent), as a radiologist would say.

>>> from ctiqa import Scorer  # doctest: +SKIP
>>> Scorer().score("scan/").score  # doctest: +SKIP
3.4
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctiqa.score import Scorer

__version__ = "0.1.0"
__all__ = ["Scorer", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Scorer":
        from ctiqa.score import Scorer  # noqa: PLC0415 - `import ctiqa` stays light

        return Scorer
    raise AttributeError(f"module 'ctiqa' has no attribute {name!r}")
