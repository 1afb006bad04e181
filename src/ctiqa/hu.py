"""Display windows and the body mask, in Hounsfield units (HU)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.types import HuImage

AIR_HU = -1000.0
"""CT number of air."""

PADDING_HU = -1024.0
"""Lowest CT number kept; scanner padding below is clipped to it."""

BODY_THRESHOLD_HU = -300.0
"""Pixels above are tissue; pixels below are air, lung or bowel gas."""

PLAUSIBLE_HU = (-1100.0, 32_768.0)
"""CT numbers outside this range, except padding, cannot be HU (extended scale included)."""


@dataclass(frozen=True, slots=True)
class Window:
    """A display window: values below are black, values above are white.

    Attributes:
        width_hu: Distance between black and white in HU, > 0.
        level_hu: CT number shown as middle grey, in HU.

    Raises:
        UsageError: If ``width_hu`` is not a positive finite number.

    >>> Window(width_hu=350.0, level_hu=40.0).range_hu
    (-135.0, 215.0)
    """

    width_hu: float
    level_hu: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.width_hu) and self.width_hu > 0):
            raise UsageError(f"'window.width_hu' must be > 0, got {self.width_hu:g}")
        if not np.isfinite(self.level_hu):
            raise UsageError(f"'window.level_hu' must be finite, got {self.level_hu:g}")

    @property
    def range_hu(self) -> tuple[float, float]:
        """CT numbers shown as black and as white, in HU."""
        return self.level_hu - self.width_hu / 2, self.level_hu + self.width_hu / 2

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read ``WIDTH/LEVEL`` or the name of a window.

        Raises:
            UsageError: If the text is neither.

        >>> Window.parse("350/40") == Window(350.0, 40.0)
        True
        >>> Window.parse("lung").level_hu
        -600.0
        """
        if text in WINDOWS:
            return WINDOWS[text]
        try:
            width, level = (float(part) for part in text.split("/"))
        except ValueError:
            names = ", ".join(WINDOWS)
            raise UsageError(
                f"'window' must be WIDTH/LEVEL in HU (for example 350/40) or one of {names}, "
                f"got {text!r}"
            ) from None
        return cls(width, level)


WINDOWS: dict[str, Window] = {
    "soft": Window(400.0, 40.0),
    "distiliqa": Window(350.0, 40.0),
    "challenge": Window(1400.0, -300.0),
    "lung": Window(1500.0, -600.0),
    "bone": Window(2000.0, 500.0),
    "brain": Window(80.0, 40.0),
}
"""Windows by name; ``challenge`` is the range in which LDCTIQAC2023 stores its pixels."""


def apply_window(hu: HuImage, window: Window) -> HuImage:
    """Scale CT numbers to display brightness.

    Args:
        hu: CT numbers in HU, any shape.
        window: Display window.

    Returns:
        Brightness in [0, 1], float32, same shape.

    >>> apply_window(np.float32([-135, 40, 500]), Window(350, 40)).tolist()
    [0.0, 0.5, 1.0]
    """
    low, high = window.range_hu
    scaled = (np.asarray(hu, dtype=np.float32) - np.float32(low)) / np.float32(high - low)
    return np.asarray(np.clip(scaled, 0.0, 1.0), dtype=np.float32)


def body_fraction(hu: HuImage) -> float:
    """Fraction of the matrix that is tissue, in [0, 1].

    >>> body_fraction(np.float32([[-1000, 40], [-1000, -1000]]))
    0.25
    """
    return float(np.mean(np.asarray(hu) > BODY_THRESHOLD_HU))


def body_mask(hu: HuImage) -> npt.NDArray[np.bool_]:
    """The body mask: the largest connected region of tissue, with lungs and bowel gas filled.

    Couch, blankets and wires outside that region are excluded.

    Args:
        hu: CT numbers in HU, float [rows, cols].

    Returns:
        True inside the body, bool [rows, cols]; all False for a slice of air.

    >>> disc = np.hypot(*np.mgrid[-32:32, -32:32]) < 20
    >>> bool((body_mask(np.where(disc, 40, -1000).astype("float32")) == disc).all())
    True
    """
    from scipy import ndimage  # noqa: PLC0415 - slow, and reading a window needs none of it

    tissue = ndimage.binary_opening(np.asarray(hu) > BODY_THRESHOLD_HU, iterations=2)
    pieces, count = ndimage.label(tissue)
    if count == 0:
        return np.zeros(np.shape(hu), dtype=bool)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    filled: npt.NDArray[np.bool_] = ndimage.binary_fill_holes(pieces == int(sizes.argmax()))
    return filled
