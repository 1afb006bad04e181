"""The numbers of a report: what, value, unit, and how it was obtained.

They are those of the JSON report, digit for digit. What is unknown is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ctiqa.score.report.as_json import report_as_dict
from ctiqa.score.verdict import has_sharp_kernel
from ctiqa.sr import codes
from ctiqa.sr.codes import Coded
from ctiqa.types import Results, ScanScore

RATING_PER_SCORE = 25
"""Image Quality Rating goes from 0 to 100, the score from 0 to 4."""

RATING_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number.

    Attributes:
        name: What it is.
        value: Its value, finite.
        unit: Its unit, a UCUM code.
        derivation: How it follows from the slices; ``None`` if no code says it.
        method: How it was measured; ``None`` if the name says it.
    """

    name: Coded
    value: float
    unit: Coded
    derivation: Coded | None = None
    method: Coded | None = None


def quantities_of(verdict: ScanScore) -> list[Quantity]:
    """The numbers of a scan that are known, in the order of the report.

    The dose reserve is left out for a sharp kernel, as in all reports: there, 3 is not "good".

    Args:
        verdict: The scan.

    >>> from pathlib import Path
    >>> from ctiqa.types import Scan
    >>> nothing = ScanScore(Scan("1.2", Path("scan"), ()), None, None, ())
    >>> [(each.name.value, each.value) for each in quantities_of(nothing)]
    [('judged', 0), ('unjudged', 0)]
    """
    facts = report_as_dict(Results({}, (verdict,), ()))["scans"][0]
    return [
        *_score(facts),
        *_noise(facts),
        *(() if has_sharp_kernel(verdict) else _reserve(facts)),
        *_physics(facts["physics"] or {}),
        *_dose(facts["acquisition"]["ctdivol_mgy"], facts["physics"] or {}),
        Quantity(codes.JUDGED, facts["n_judged"], codes.SLICES),
        Quantity(codes.UNJUDGED, facts["n_slices"] - facts["n_judged"], codes.SLICES),
    ]


def _score(facts: Mapping[str, Any]) -> Iterator[Quantity]:
    if facts["score"] is None:
        return
    rating = round(RATING_PER_SCORE * facts["score"], RATING_DIGITS)
    yield Quantity(codes.SCORE, facts["score"], codes.OF_SCORE, codes.MEAN)
    yield from _ends(facts["interval"], codes.SCORE_LOW, codes.SCORE_HIGH, codes.OF_SCORE)
    yield Quantity(codes.RATING, rating, codes.OF_RATING)


def _noise(facts: Mapping[str, Any]) -> Iterator[Quantity]:
    yield from _known(codes.NOISE, facts["equivalent_noise_hu"], codes.HOUNSFIELD)
    ends = facts["equivalent_noise_interval"]
    yield from _ends(ends, codes.NOISE_LOW, codes.NOISE_HIGH, codes.HOUNSFIELD)


def _reserve(facts: Mapping[str, Any]) -> Iterator[Quantity]:
    """The reserve and its interval; neither if no dose would do, which the texts say."""
    if facts["dose_reserve"] is None:
        return
    yield Quantity(codes.RESERVE, facts["dose_reserve"], codes.RATIO, codes.MEDIAN)
    ends = facts["dose_reserve_interval"]
    yield from _ends(ends, codes.RESERVE_LOW, codes.RESERVE_HIGH, codes.RATIO)


def _physics(found: Mapping[str, Any]) -> Iterator[Quantity]:
    noise_hu, f50 = found.get("noise_hu"), found.get("f50_per_mm")
    yield from _known(
        codes.ATTENUATION, noise_hu, codes.HOUNSFIELD, codes.DEVIATION, codes.GLOBAL_NOISE
    )
    yield from _known(codes.SHARPNESS, f50, codes.PER_MM, codes.MEDIAN)
    diameter_mm = found.get("water_equivalent_diameter_mm")
    yield from _known(codes.DIAMETER, diameter_mm, codes.MM, codes.MEDIAN)


def _dose(ctdivol_mgy: list[float], found: Mapping[str, Any]) -> Iterator[Quantity]:
    """CTDIvol as the files state it, as least and most if it varies; SSDE."""
    if ctdivol_mgy and ctdivol_mgy[0] == ctdivol_mgy[-1]:
        yield Quantity(codes.CTDIVOL, ctdivol_mgy[0], codes.MGY)
    elif ctdivol_mgy:
        ends = zip(ctdivol_mgy, (codes.MINIMUM, codes.MAXIMUM), strict=True)
        yield from (Quantity(codes.CTDIVOL, end, codes.MGY, which) for end, which in ends)
    ssde_mgy = found.get("ssde_mgy")
    yield from _known(codes.SSDE, ssde_mgy, codes.MGY, codes.MEDIAN, codes.BY_DIAMETER)


def _known(
    name: Coded,
    value: float | None,
    unit: Coded,
    derivation: Coded | None = None,
    method: Coded | None = None,
) -> Iterator[Quantity]:
    if value is not None:
        yield Quantity(name, value, unit, derivation, method)


def _ends(
    interval: list[float | None] | None, low: Coded, high: Coded, unit: Coded
) -> Iterator[Quantity]:
    for name, value in zip((low, high), interval or (None, None), strict=True):
        yield from _known(name, value, unit)
