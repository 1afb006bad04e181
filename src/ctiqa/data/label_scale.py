"""The scale of labels as a manifest states it: 0-4 of the challenge, 0-1 of SSIM, 1-5 of MOS."""

from __future__ import annotations

import re

from ctiqa.types import SCORE_RANGE

NUMBER = r"(-?\d+(?:\.\d+)?)"


def parse_label_scale(words: str) -> tuple[float, float]:
    """Worst and best label that ``label_scale`` of a manifest states; 0 and 4 where it does not.

    >>> parse_label_scale("0-1"), parse_label_scale("")
    ((0.0, 1.0), (0.0, 4.0))
    """
    found = re.fullmatch(f"{NUMBER}-{NUMBER}", words)
    return (float(found[1]), float(found[2])) if found else SCORE_RANGE
