"""Slices with noise of known level, and a scorer that measures it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.physics.patient.made import Ellipse, noise, painted, stored

from ctiqa.dose_curve.one_series import curve_of_series
from ctiqa.dose_curve.one_slice import reserve_of
from ctiqa.dose_curve.plan import Plan
from ctiqa.dose_curve.quick import quick_reserve, quick_scores
from ctiqa.dose_curve.result import DoseCurves, LeftOut, SeriesCurve, SliceCurve
from ctiqa.noise_scale import score_of_noise
from ctiqa.physics import Kernel
from ctiqa.physics.kernels import STANDARD_KERNEL
from ctiqa.types import Acquisition, HuImage, Scan, Slice, SliceHeader, SliceScore, SliceSource

SIDE, SPACING = 256, 1.1
SPACING_MM = (SPACING, SPACING)


def body(level_hu: float = 12.0, kernel: Kernel = STANDARD_KERNEL, seed: int = 0) -> HuImage:
    """A trunk with noise of a kernel."""
    parts = [Ellipse(40, 120, 90), Ellipse(110, 30, 30, -40), Ellipse(-850, 12, 9, 50, -20)]
    made = noise((SIDE, SIDE), SPACING, kernel, np.random.default_rng(seed))
    return stored(painted(parts, SIDE, SPACING) + level_hu * made)


def header(index: int = 0, **facts: Any) -> SliceHeader:
    plain = SliceHeader(
        SliceSource(Path(f"scan/{index:03}.dcm"), instance_uid=f"1.2.{index}"),
        SIDE,
        SIDE,
        SPACING_MM,
        z_mm=5.0 * index,
        acquisition=Acquisition(kvp=120.0, kernel="B30f"),
    )
    return replace(plain, **facts)


def slice_of(hu: HuImage, index: int = 0, **facts: Any) -> Slice:
    return Slice(hu, header(index, **facts))


def score(image: Slice) -> SliceScore:
    """The score of the noise in a uniform part of :func:`body`."""
    level = max(float(image.hu[140:185, 125:172].std()), 0.5)
    value = min(max(score_of_noise(level), 0.0), 4.0)
    return SliceScore(
        image.header, value, (value, value), equivalent_noise_hu=level, region="abdomen"
    )


def judge(images: Sequence[Slice]) -> list[SliceScore]:
    return [score(each) for each in images]


def slice_curve(
    index: int = 0,
    *,
    noise_hu: float = 10.0,
    quantum_hu: float = 9.0,
    plan: Plan | None = None,
    **facts: Any,
) -> SliceCurve:
    """The curve of a slice whose noise grows as the quick formula says, with a little spread."""
    chosen = plan or Plan()
    rng = np.random.default_rng(index)
    doses = np.array(chosen.doses)[:, None]
    grown = np.sqrt(noise_hu**2 + quantum_hu**2 * (1 / doses - 1))
    levels = grown * np.exp(0.02 * rng.standard_normal((len(doses), chosen.draws)))
    levels[0] = noise_hu
    scores = np.clip(np.vectorize(score_of_noise)(levels), 0, 4)
    made = SliceCurve(
        header=header(index),
        region="abdomen",
        findings=(),
        scores=scores,
        noise_hu=levels,
        quantum_noise_hu=quantum_hu,
        quick_scores=quick_scores(noise_hu, quantum_hu, chosen.doses),
        reserve=reserve_of(scores[np.newaxis], chosen, rng),
        quick_reserve=quick_reserve(noise_hu, quantum_hu, chosen.target, None),
        cut_share=0.0,
    )
    return replace(made, **facts)


def series_curve(
    slices: Sequence[SliceCurve], plan: Plan | None = None, left_out: Sequence[LeftOut] = ()
) -> SeriesCurve:
    scan = Scan("1.2.840.1", Path("scan"), tuple(each.header for each in slices))
    return curve_of_series(scan, slices, plan or Plan(), left_out)


def curves(*series: SeriesCurve, plan: Plan | None = None, **facts: Any) -> DoseCurves:
    """Curves of some series; by default of a good, a noisy and a quiet one."""
    chosen = plan or Plan()
    levels = ((9.0, 10.0, 11.0, 12.0), (28.0, 30.0), (3.5,))
    usual = [
        series_curve(
            [
                slice_curve(k, noise_hu=level, quantum_hu=0.9 * level, plan=chosen)
                for k, level in enumerate(each)
            ],
            chosen,
        )
        for each in levels
    ]
    made = DoseCurves(chosen, {"name": "m", "version": "1"}, series or tuple(usual), (), ())
    return replace(made, **facts)
