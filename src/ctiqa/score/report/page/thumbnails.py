"""Small images of slices for the report, as PNG embedded in the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ctiqa.errors import RefusedError
from ctiqa.hu import WINDOWS, Window, apply_window, body_mask
from ctiqa.score.maps.overlay import fitting_window, overlay
from ctiqa.score.png import Pixels8, data_uri
from ctiqa.score.report.facts import from_worst_to_best
from ctiqa.score.view import BodyMask, body_box, lung_share, shrink
from ctiqa.types import HuImage, NoiseMap, ScanScore, Slice, SliceHeader, SliceScore

MAX_SIDE = 512
"""Largest side, in pixels; larger images are averaged down, smaller ones kept to preserve noise."""

MAP_SIDE = 256
"""The same for the picture of a noise map, which has less detail and is in colour."""

LUNG_SHARE = 0.12
"""The lung window is also shown if lung exceeds this fraction of the body."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Images of one slice of a scan.

    Attributes:
        role: Why it is shown, e.g. ``"Best"``.
        verdict: Its score.
        pictures: ``data:`` URIs by name of the window; empty if the slice cannot be read again.
        noise_map: ``data:`` URI of its local noise as colour; ``None`` if the model does not
            estimate it, or the slice cannot be read again.
    """

    role: str
    verdict: SliceScore
    pictures: Mapping[str, str]
    noise_map: str | None = None


def pick_slices(scan: ScanScore) -> list[tuple[str, SliceScore]]:
    """The best, median and worst scored slices; fewer if fewer than three are scored."""
    scored = from_worst_to_best(scan)
    if len(scored) == 1:
        return [("Slice", scored[0])]
    if len(scored) == 2:
        return [("Best", scored[1]), ("Worst", scored[0])]
    if not scored:
        return []
    middle = scored[(len(scored) - 1) // 2]
    return [("Best", scored[-1]), ("Median", middle), ("Worst", scored[0])]


def make_thumbnails(scan: ScanScore, read: Callable[[SliceHeader], Slice]) -> list[Thumbnail]:
    """Read selected slices of a scan again and make images of them.

    Args:
        scan: Scores of the scan.
        read: Returns the pixels of a slice; may raise RefusedError.
    """
    return [_thumbnail(role, verdict, read) for role, verdict in pick_slices(scan)]


def thumbnail(hu: HuImage, window: Window) -> Pixels8:
    """Convert a slice to 8-bit grey values, cropped to the body.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        window: Display window.

    Returns:
        uint8 [rows, cols], at most ``MAX_SIDE`` per side.
    """
    return _grey(hu, body_mask(hu), window)


def map_thumbnail(hu: HuImage, noise_hu: NoiseMap, mask: BodyMask) -> Pixels8:
    """A slice with its local noise as colour, cropped to the body.

    Returns:
        RGB, uint8 [rows, cols, 3], at most ``MAP_SIDE`` per side.
    """
    picture = overlay(hu, noise_hu, mask, fitting_window(hu, mask))
    return np.round(shrink(picture[body_box(mask)], MAP_SIDE)).astype(np.uint8)


def _thumbnail(role: str, verdict: SliceScore, read: Callable[[SliceHeader], Slice]) -> Thumbnail:
    try:
        hu = read(verdict.header).hu
    except RefusedError:
        # The file was removed or changed after scoring; the report says so instead.
        return Thumbnail(role, verdict, {})
    mask = body_mask(hu)
    names = ("soft", "lung") if lung_share(hu, mask) > LUNG_SHARE else ("soft",)
    pictures = {name: data_uri(_grey(hu, mask, WINDOWS[name])) for name in names}
    noise = verdict.noise_map_hu
    noise_map = None if noise is None else data_uri(map_thumbnail(hu, noise, mask))
    return Thumbnail(role, verdict, pictures, noise_map)


def _grey(hu: HuImage, mask: BodyMask, window: Window) -> Pixels8:
    brightness = apply_window(shrink(hu[body_box(mask)], MAX_SIDE), window)
    return np.round(brightness * 255).astype(np.uint8)
