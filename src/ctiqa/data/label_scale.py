"""The label scale in a manifest: 0-4 of the challenge, 0-1 of SSIM, 1-5 of opinion scores."""

from __future__ import annotations

import re

from ctiqa.types import SCORE_RANGE

_NUMBER = r"(-?\d+(?:\.\d+)?)"


def format_label_scale(score_range: tuple[float, ...]) -> str:
    """A label scale as written to the manifest.

    >>> format_label_scale((1.0, 5.0))
    '1-5'
    """
    return "-".join(f"{value:g}" for value in score_range)


def parse_label_scale(words: str) -> tuple[float, float]:
    """Worst and best label of ``label_scale`` in a manifest; 0 and 4 if it states no scale.

    >>> parse_label_scale("0-1"), parse_label_scale("")
    ((0.0, 1.0), (0.0, 4.0))
    """
    found = re.fullmatch(f"{_NUMBER}-{_NUMBER}", words)
    return (float(found[1]), float(found[2])) if found else SCORE_RANGE
