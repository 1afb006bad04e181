"""Results as rows of the tables: what grouping needs, rounded as in reports, without identity."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

from ctiqa.store.privacy import Privacy
from ctiqa.text.free_text import protocol_text, station_text
from ctiqa.text.plain_text import clean
from ctiqa.types import PatientPhysics, ScanScore, SliceHeader, SliceScore

Row = dict[str, Any]

MADE_BY_MACHINES = ",\\"
"""Characters that are also allowed in names of manufacturers, scanners and kernels."""

PHYSICS = ("noise_hu", "quantum_noise_hu", "f50_per_mm", "water_equivalent_diameter_mm", "ssde_mgy")

_NAMED = (
    (re.compile(r"'.*'", re.DOTALL), "'...'"),
    (re.compile(r"(kernels in one series): .*", re.DOTALL), r"\1"),
)
"""Parts of warnings that quote files, and what replaces them."""


def scan_row(verdict: ScanScore, privacy: Privacy) -> Row:
    """The columns of a scan, except those of its key and run."""
    return {
        **header_facts(verdict.scan.headers),
        **_scores(verdict),
        **_physics(verdict.physics),
        **_counts(verdict.slices),
        "study_day": privacy.day(first_day(verdict.scan.headers)),
        "region": _seen(verdict.slices),
        "flags": _flags(verdict.slices),
        "scan_flags": sorted(clean(flag) for flag in verdict.flags),
        "warnings": [without_names(sentence) for sentence in verdict.warnings],
    }


def header_facts(headers: Iterable[SliceHeader]) -> Row:
    """What the headers of a series say, which is known before it is scored.

    Texts and settings are the most frequent ones, checked once more: readers and users may fill in
    anything. What varies along z with the size of the patient is the median.
    """
    headers = list(headers)
    return {**_texts(headers), **_numbers(headers)}


def slice_row(number: int, verdict: SliceScore) -> Row:
    """The columns of a slice, except that of its scan."""
    low, high = verdict.interval or (None, None)
    return {
        "number": number,
        "z_mm": rounded(verdict.header.z_mm),
        "score": rounded(verdict.score),
        "low": rounded(low),
        "high": rounded(high),
        "equivalent_noise_hu": rounded(verdict.equivalent_noise_hu),
        "dose_reserve": rounded(verdict.dose_reserve),
        "region": None if verdict.region is None else clean(verdict.region),
        "findings": clean("; ".join(verdict.findings)),
        "flags": clean(" ".join(verdict.flags)),
    }


def rounded(value: float | None, digits: int = 4) -> float | None:
    """A number with the digits of the JSON report; infinity stays, NaN is unknown.

    >>> rounded(3.14159), rounded(math.inf), rounded(math.nan), rounded(None)
    (3.1416, inf, None, None)
    """
    return None if value is None or math.isnan(value) else round(float(value), digits)


def without_names(sentence: str) -> str:
    """A warning without names of files.

    >>> without_names("2 frame(s) of 'O'Hara.dcm' left out: localizer")
    "2 frame(s) of '...' left out: localizer"
    """
    for pattern, replacement in _NAMED:
        sentence = pattern.sub(replacement, sentence)
    return clean(sentence)


def _texts(headers: Sequence[SliceHeader]) -> Row:
    acquired = [header.acquisition for header in headers]
    series = [header.series for header in headers]
    return {
        "station": station_text(_usual(each.station for each in series)),
        "protocol": protocol_text(_usual(each.protocol for each in series)),
        "description": protocol_text(_usual(each.description for each in series)),
        "manufacturer": _machine_text(each.manufacturer for each in acquired),
        "model": _machine_text(each.model for each in acquired),
        "kernel": _machine_text(each.kernel for each in acquired),
        "body_part": _machine_text(each.body_part for each in acquired),
    }


def _machine_text(texts: Iterable[str | None]) -> str | None:
    return protocol_text(_usual(texts), also=MADE_BY_MACHINES)


def _numbers(headers: Sequence[SliceHeader]) -> Row:
    facts = [header.acquisition for header in headers]
    return {
        "slice_thickness_mm": _usual(rounded(each.slice_thickness_mm) for each in facts),
        "kvp": _usual(rounded(each.kvp) for each in facts),
        "ctdi_phantom_cm": _usual(rounded(each.ctdi_phantom_cm) for each in facts),
        "tube_current_ma": rounded(_median(each.tube_current_ma for each in facts)),
        "ctdivol_mgy": rounded(_median(each.ctdivol_mgy for each in facts)),
    }


def _scores(verdict: ScanScore) -> Row:
    low, high = verdict.interval or (None, None)
    noise_low, noise_high = verdict.equivalent_noise_interval or (None, None)
    found = {
        "score": verdict.score,
        "low": low,
        "high": high,
        "equivalent_noise_hu": verdict.equivalent_noise_hu,
        "equivalent_noise_low": noise_low,
        "equivalent_noise_high": noise_high,
        "dose_reserve": verdict.dose_reserve,
    }
    return {name: rounded(value) for name, value in found.items()}


def _physics(found: PatientPhysics | None) -> Row:
    return {name: found and rounded(getattr(found, name), 6) for name in PHYSICS}


def _counts(slices: Iterable[SliceScore]) -> Row:
    judged = Counter(each.score is not None for each in slices)
    findings = Counter(finding for each in slices for finding in each.findings)
    return {"n_judged": judged[True], "n_unjudged": judged[False], "findings": _clean(findings)}


def _flags(slices: Iterable[SliceScore]) -> dict[str, int]:
    """Number of slices by flag."""
    return _clean(Counter(flag for each in slices for flag in each.flags))


def _clean(counts: Mapping[str, int]) -> dict[str, int]:
    return {clean(name): counts[name] for name in sorted(counts)}


def _seen(slices: Iterable[SliceScore]) -> str | None:
    """The region that most judged slices show, or else most slices."""
    slices = list(slices)
    judged = _usual(each.region for each in slices if each.score is not None)
    region = judged or _usual(each.region for each in slices)
    return None if region is None else clean(region)


def first_day(headers: Iterable[SliceHeader]) -> date | None:
    """Day of the study; of several, the first."""
    days = [header.series.study_day for header in headers]
    return min((day for day in days if day is not None), default=None)


def _usual(values: Iterable[Any]) -> Any:
    """The most frequent value that is known; of several, the smallest."""
    counts = Counter(value for value in values if value is not None)
    return min(counts, key=lambda value: (-counts[value], value), default=None)


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return median(known) if known else None
