"""Small images of slices for the report, as PNG embedded in the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ctiqa.errors import RefusedError
from ctiqa.hu import WINDOWS, Window, apply_window, body_mask
from ctiqa.score.maps.colours import colours_of
from ctiqa.score.maps.overlay import spread
from ctiqa.score.png import Pixels8, data_uri
from ctiqa.score.report.facts import from_worst_to_best
from ctiqa.score.view import BodyMask, body_box, lung_share, shrink
from ctiqa.types import HuImage, NoiseMap, ScanScore, Slice, SliceHeader, SliceScore

LUNG_SHARE = 0.12
"""The lung window is also shown if lung exceeds this fraction of the body."""

BEST, MEDIAN, WORST, ONLY = "Best", "Median", "Worst", "Slice"
"""Why a slice is shown."""


@dataclass(frozen=True, slots=True)
class PictureStyle:
    """How many pictures of a scan are made, and how large they are.

    Attributes:
        side: Largest side in pixels; larger images are averaged down, smaller ones kept to
            preserve noise.
        map_side: The same for the colours of a noise map, which is smooth.
        grey_levels: Number of grey levels; fewer make a smaller file.
        windows: Names of the windows in which a slice may be shown.
        roles: Which slices are shown, in order.
    """

    side: int
    map_side: int
    grey_levels: int
    windows: tuple[str, ...]
    roles: tuple[str, ...]


FULL = PictureStyle(512, 128, 256, ("soft", "lung"), (BEST, MEDIAN, WORST, ONLY))
"""To look at noise: three slices of a scan."""

SMALL = PictureStyle(128, 32, 16, ("soft",), (WORST, MEDIAN, ONLY))
"""To recognise a scan among many: two slices, about 5 kB each with their map."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Images of one slice of a scan.

    Attributes:
        role: Why it is shown, e.g. ``"Best"``.
        verdict: Its score.
        pictures: ``data:`` URIs by name of the window; empty if the slice cannot be read again.
        noise_map: ``data:`` URI of its local noise as colour, to lie on the picture; ``None`` if
            the model does not estimate it, or the slice cannot be read again.
    """

    role: str
    verdict: SliceScore
    pictures: Mapping[str, str]
    noise_map: str | None = None


def pick_slices(scan: ScanScore) -> list[tuple[str, SliceScore]]:
    """The best, median and worst scored slices; fewer if fewer than three are scored."""
    scored = from_worst_to_best(scan)
    if len(scored) == 1:
        return [(ONLY, scored[0])]
    if len(scored) == 2:
        return [(BEST, scored[1]), (WORST, scored[0])]
    if not scored:
        return []
    middle = scored[(len(scored) - 1) // 2]
    return [(BEST, scored[-1]), (MEDIAN, middle), (WORST, scored[0])]


def make_thumbnails(
    scan: ScanScore, read: Callable[[SliceHeader], Slice], style: PictureStyle = FULL
) -> list[Thumbnail]:
    """Read selected slices of a scan again and make images of them.

    Args:
        scan: Scores of the scan.
        read: Returns the pixels of a slice; may raise RefusedError.
        style: Which images.
    """
    picked = dict(pick_slices(scan))
    return [_thumbnail(role, picked[role], read, style) for role in style.roles if role in picked]


def thumbnail(hu: HuImage, window: Window) -> Pixels8:
    """Convert a slice to 8-bit grey values, cropped to the body.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        window: Display window.

    Returns:
        uint8 [rows, cols], at most ``FULL.side`` per side.
    """
    return _grey(hu, body_mask(hu), window, FULL)


def map_thumbnail(noise_hu: NoiseMap, mask: BodyMask, side: int = FULL.map_side) -> Pixels8:
    """Local noise as colour, cropped to the body as the pictures are, and black outside it.

    Args:
        noise_hu: Local noise in HU.
        mask: The body, bool [rows, cols].
        side: Largest side in pixels.

    Returns:
        RGB, uint8 [rows, cols, 3].
    """
    colours = np.zeros((*mask.shape, 3), dtype=np.uint8)
    colours[mask] = colours_of(spread(noise_hu, mask)[mask])
    return np.round(shrink(colours[body_box(mask)], side)).astype(np.uint8)


def _thumbnail(
    role: str, verdict: SliceScore, read: Callable[[SliceHeader], Slice], style: PictureStyle
) -> Thumbnail:
    try:
        hu = read(verdict.header).hu
    except RefusedError:
        # The file was removed or changed after scoring; the report says so instead.
        return Thumbnail(role, verdict, {})
    mask = body_mask(hu)
    windows = [
        name for name in style.windows if name != "lung" or lung_share(hu, mask) > LUNG_SHARE
    ]
    pictures = {name: data_uri(_grey(hu, mask, WINDOWS[name], style)) for name in windows}
    noise = verdict.noise_map_hu
    noise_map = None if noise is None else data_uri(map_thumbnail(noise, mask, style.map_side))
    return Thumbnail(role, verdict, pictures, noise_map)


def _grey(hu: HuImage, mask: BodyMask, window: Window, style: PictureStyle) -> Pixels8:
    brightness = apply_window(shrink(hu[body_box(mask)], style.side), window)
    steps = style.grey_levels - 1
    return np.round(np.round(brightness * steps) * (255 / steps)).astype(np.uint8)
