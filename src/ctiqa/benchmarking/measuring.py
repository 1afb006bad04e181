"""Measure one case: every measure of the reference, the input and the methods."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctiqa.benchmarking.alignment import Square, small_copy, why_misplaced
from ctiqa.benchmarking.cases import Case, LeftOut, Reason
from ctiqa.benchmarking.edges import Edges, edge_loss, edges_of
from ctiqa.benchmarking.sets import INPUT, REFERENCE, title
from ctiqa.benchmarking.texture import Corner, texture_of, uniform_regions
from ctiqa.errors import DataError, UsageError
from ctiqa.hu import Window, body_mask
from ctiqa.metrics.full_reference.gmsd import gmsd
from ctiqa.metrics.full_reference.images import Mask
from ctiqa.metrics.full_reference.psnr import psnr
from ctiqa.metrics.full_reference.ssim import ssim
from ctiqa.metrics.full_reference.vif import vif
from ctiqa.metrics.no_reference.noise import global_noise_level
from ctiqa.text.plain_text import clean
from ctiqa.types import HuImage, Skipped, Slice, SliceScore

MIN_BODY_FRACTION = 0.01
"""A slice with less patient than this share of its matrix is not compared."""

Score = Callable[[Slice], SliceScore]
"""Scores one slice."""

Values = Mapping[str, float]
"""Values of an image by key of the measure; NaN where it has none."""


@dataclass(frozen=True, eq=False)
class Measured:
    """The measures of one case.

    Attributes:
        case: The case.
        values: Measures of the reference, the input and the methods.
        findings: Findings of each of them.
        copies: Small copies of them, until the matching of slices is checked.
    """

    case: Case
    values: tuple[Values, ...]
    findings: tuple[tuple[str, ...], ...]
    copies: tuple[Square, ...]


@dataclass(frozen=True, eq=False)
class _Frame:
    """What all images of a case are measured with."""

    reference: HuImage
    mask: Mask
    window: Window
    edges: Edges
    regions: Sequence[Corner]
    spacing_mm: tuple[float, float] | None


def measure_case(
    case: Case,
    images: Sequence[Slice | Skipped],
    names: Sequence[str],
    window: Window,
    score: Score,
) -> Measured | list[LeftOut]:
    """Measure one case.

    Args:
        case: The case.
        images: Its pixels, the reference first, or why they cannot be read.
        names: Names of the sets of images.
        window: Window of the measures of fidelity.
        score: Scores a slice.

    Returns:
        The measures, or why the case is left out.

    Raises:
        DataError: If an image shows something else than the reference, or is the same image.
    """
    read = [image for image in images if isinstance(image, Slice)]
    if len(read) < len(images):
        return [
            _left_out(case, names, k, "unreadable", image.detail)
            for k, image in enumerate(images)
            if isinstance(image, Skipped)
        ]
    reference = read[0].hu
    mask = body_mask(reference)
    if mask.mean() < MIN_BODY_FRACTION:
        return [_left_out(case, names, 0, "no_body", "the slice shows no patient")]
    copies = tuple(small_copy(image.hu) for image in read)
    _check_images(names, read, copies)
    edges = edges_of(reference, mask)
    regions = uniform_regions(reference, mask, edges.strong)
    frame = _Frame(reference, mask, window, edges, regions, case.spacing_mm)
    try:
        measured = [_of_reference(frame), *(_of_image(image.hu, frame) for image in read[1:])]
    except UsageError as error:
        return [_left_out(case, names, 0, "no_body", f"the patient is too small: {error}")]
    verdicts = [score(image) for image in read]
    values = tuple(
        {**own, **_answers(verdict)} for own, verdict in zip(measured, verdicts, strict=True)
    )
    return Measured(case, values, tuple(each.findings for each in verdicts), copies)


def _of_reference(frame: _Frame) -> dict[str, float]:
    return _noise(frame.reference, frame)


def _of_image(hu: HuImage, frame: _Frame) -> dict[str, float]:
    pair = hu, frame.reference, frame.mask, frame.window
    return {
        "psnr_db": psnr(*pair),
        "ssim": ssim(*pair),
        "vif": vif(*pair),
        "gmsd": gmsd(*pair),
        "edge_loss": edge_loss(hu, frame.edges),
        **_noise(hu, frame),
    }


def _noise(hu: HuImage, frame: _Frame) -> dict[str, float]:
    texture = texture_of(hu, frame.regions, frame.spacing_mm)
    return {
        "noise_hu": global_noise_level(hu, mask=frame.mask),
        "noise_mean_per_mm": texture.mean,
        "noise_peak_per_mm": texture.peak,
    }


def _answers(verdict: SliceScore) -> dict[str, float]:
    values = {"score": verdict.score, "equivalent_noise_hu": verdict.equivalent_noise_hu}
    return {key: math.nan if value is None else value for key, value in values.items()}


def _check_images(names: Sequence[str], images: Sequence[Slice], copies: Sequence[Square]) -> None:
    """Check that all images show the slice of the reference, and are not the reference.

    Raises:
        DataError: If one does not.
    """
    for name, image, copy in zip(names[1:], images[1:], copies[1:], strict=True):
        place = f"{clean(str(image.header.source.file))} [{image.header.source.frame}]"
        if image.hu.shape != images[0].hu.shape:
            raise DataError(
                f"{title(name)} must have the size of the reference, {images[0].hu.shape}, got "
                f"{image.hu.shape} ({place})"
            )
        if np.array_equal(image.hu, images[0].hu):
            raise DataError(_same_image(name, place))
        if why := why_misplaced(copy, copies[0]):
            raise DataError(f"{title(name)} does not fit the reference ({place}): {why}")


def _same_image(name: str, place: str) -> str:
    same = f"{title(name)} is identical to the {REFERENCE} ({place})"
    if name == INPUT:
        return f"{same}; there is nothing to improve: pass the image of lower quality as the input"
    return f"{same}; pass the output of the method"


def _left_out(case: Case, names: Sequence[str], k: int, reason: Reason, detail: str) -> LeftOut:
    source = case.headers[k].source
    return LeftOut(names[k], source.file, source.frame, reason, detail)
