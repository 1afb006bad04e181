"""Archives made for the tests and demonstrations: frames like those of ``store.scans()``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from ctiqa.noise_scale import EXCELLENT_NOISE_HU, LOG_NOISE_PER_GRADE, USELESS_NOISE_HU
from ctiqa.store.database.tables import scans as scans_table

MONDAY = date(2026, 1, 5)
"""First day of the archives."""

USUAL_DW_CM = 27.0


@dataclass(frozen=True)
class Protocol:
    """What a protocol is made with. Noise and dose are those of a patient of 27 cm."""

    name: str | None
    region: str
    ctdivol_mgy: float
    noise_hu: float
    kernel: str
    thickness_mm: float
    measured: bool = True
    share: float = 1.0


@dataclass(frozen=True)
class Change:
    """What happens to the scans of some weeks.

    Attributes:
        first: Number of the first week, from 0.
        last: Number of the last week.
        dose: Factor of the dose; noise grows with its square root.
        noise_per_week: Growth of the noise from the first week on, at the same dose.
        size_cm: How much larger the patients are.
        protocol: The protocol that is changed; ``None`` for all.
        scanner: The scanner that is changed; ``None`` for all.
    """

    first: int
    last: int
    dose: float = 1.0
    noise_per_week: float = 0.0
    size_cm: float = 0.0
    protocol: str | None = None
    scanner: str | None = None


PROTOCOLS = (
    Protocol("Abdomen", "abdomen", 9.0, 17.0, "Br40", 3.0, share=2.0),
    Protocol("Thorax", "chest", 6.0, 22.0, "Br40", 3.0, share=2.0),
    Protocol("Thorax sharp", "chest", 6.0, 48.0, "Bl57", 1.0),
    Protocol("Head", "head", 45.0, 9.0, "Hr40", 5.0, measured=False, share=1.5),
    Protocol("Low-dose lung", "chest", 1.2, 45.0, "Br40", 3.0, share=0.5),
)

SCANNERS = (("CT1", "Maker A", "Scan 64"), ("CT2", "Maker B", "Rapid 128"), (None, "Maker C", "V"))


def archive(
    n: int = 500,
    *,
    weeks: int = 12,
    seed: int = 0,
    protocols: Sequence[Protocol] = PROTOCOLS,
    scanners: Sequence[tuple[str | None, str, str]] = SCANNERS,
    scatter: float = 0.2,
    between: float = 0.0,
    changes: Sequence[Change] = (),
    without_dose: float = 0.05,
    outliers: float = 0.0,
) -> pl.DataFrame:
    """An archive with one reconstruction of each scan.

    Args:
        n: Number of scans.
        weeks: Length in weeks from :data:`MONDAY`.
        seed: Of the random numbers.
        protocols: Protocols, drawn by their share.
        scanners: Station, manufacturer and model, drawn evenly.
        scatter: Standard deviation of ln(noise) that neither size nor dose explains.
        between: Standard deviation of ln(noise) between the weeks of a protocol and scanner.
        changes: What happens in some weeks.
        without_dose: Share of scans without CTDIvol.
        outliers: Share of scans with twice the noise.
    """
    draw = np.random.default_rng(seed)
    shares = np.array([each.share for each in protocols])
    which = draw.choice(len(protocols), n, p=shares / shares.sum())
    scanner = draw.integers(len(scanners), size=n)
    week = np.sort(draw.integers(weeks, size=n))
    chosen = [protocols[index] for index in which]
    changed = _changed(changes, week, chosen, [scanners[index][0] for index in scanner])
    dw_cm = np.clip(draw.normal(USUAL_DW_CM, 3.0, n) + changed[2], 17.0, 42.0)
    dose, noise = _acquired(draw, chosen, dw_cm, scatter)
    weekly = draw.normal(0, between, (weeks, len(protocols), len(scanners)))
    noise *= changed[1] * np.where(draw.random(n) < outliers, 2.0, 1.0)
    noise *= np.exp(weekly[week, which, scanner])
    columns: dict[str, Any] = {
        **_keys(n, week, draw),
        "station": [scanners[index][0] for index in scanner],
        "manufacturer": [scanners[index][1] for index in scanner],
        "model": [scanners[index][2] for index in scanner],
        **_texts(chosen),
        **_dose(draw, chosen, dw_cm, dose * changed[0], without_dose),
        **_quality(draw, noise),
        **_counted(draw, chosen, n),
    }
    return _typed(columns)


def many_charts(count: int, per_week: int, weeks: int, seed: int = 0, **facts: Any) -> pl.DataFrame:
    """Scans of many protocols on one scanner, ``P0``, ``P1``…; see :func:`archive`."""
    alike = [Protocol(f"P{index}", "abdomen", 9.0, 30.0, "Br40", 3.0) for index in range(count)]
    facts = {"protocols": alike, "scanners": SCANNERS[:1], **facts}
    return archive(count * per_week * weeks, weeks=weeks, seed=seed, **facts)


def one_chart(per_week: int, weeks: int = 12, seed: int = 0, **facts: Any) -> pl.DataFrame:
    """Scans of one protocol and scanner; see :func:`archive`."""
    facts = {"protocols": PROTOCOLS[:1], "scanners": SCANNERS[:1], **facts}
    return archive(per_week * weeks, weeks=weeks, seed=seed, **facts)


def _acquired(draw: Any, chosen: Sequence[Protocol], dw_cm: Any, scatter: float) -> Any:
    """CTDIvol in mGy and equivalent noise in HU; the tube current follows the size by half."""
    relative = 0.1 * (dw_cm - USUAL_DW_CM) + draw.normal(0, 0.12, dw_cm.size)
    growth = 0.1 * (dw_cm - USUAL_DW_CM) - relative / 2 + draw.normal(0, scatter, dw_cm.size)
    usual = np.array([(each.ctdivol_mgy, each.noise_hu) for each in chosen]).reshape(-1, 2)
    return usual[:, 0] * np.exp(relative), usual[:, 1] * np.exp(growth)


def _changed(changes: Sequence[Change], week: Any, chosen: Any, stations: Any) -> Any:
    """Factors of dose and noise, and how much larger the patients are."""
    dose, noise, larger = np.ones(week.size), np.ones(week.size), np.zeros(week.size)
    for change in changes:
        hit = (week >= change.first) & (week <= change.last)
        if change.protocol is not None:
            hit &= np.array([each.name == change.protocol for each in chosen])
        if change.scanner is not None:
            hit &= np.array([station == change.scanner for station in stations])
        growth = (1 + change.noise_per_week) ** np.maximum(week - change.first + 1, 0)
        dose[hit] *= change.dose
        noise[hit] *= (growth / np.sqrt(change.dose))[hit]
        larger[hit] += change.size_cm
    return dose, noise, larger


def _keys(n: int, week: Any, draw: Any) -> dict[str, Any]:
    days = [
        timedelta(days=int(7 * w + d)) for w, d in zip(week, draw.integers(5, size=n), strict=True)
    ]
    stored = datetime(2026, 11, 1, tzinfo=UTC)
    return {
        "series_uid": [f"1.2.826.{index + 1}" for index in range(n)],
        "content": [f"c{index:08d}" for index in range(n)],
        "model_digest": ["m1"] * n,
        "options_digest": ["o1"] * n,
        "run": ["r1"] * n,
        "stored": [stored + timedelta(seconds=index) for index in range(n)],
        "study_day": [MONDAY + each for each in days],
    }


def _texts(chosen: Sequence[Protocol]) -> dict[str, Any]:
    return {
        "protocol": [each.name for each in chosen],
        "description": [f"{each.name} {each.thickness_mm:g} {each.kernel}" for each in chosen],
        "kernel": [each.kernel for each in chosen],
        "body_part": [each.region.upper() for each in chosen],
        "region": [each.region for each in chosen],
        "slice_thickness_mm": [each.thickness_mm for each in chosen],
        "kvp": [120.0] * len(chosen),
    }


def _dose(draw: Any, chosen: Any, dw_cm: Any, dose: Any, without: float) -> dict[str, Any]:
    measured = np.array([each.measured for each in chosen], bool)
    known = draw.random(dose.size) >= without
    return {
        "tube_current_ma": np.round(20 * dose, 1),
        "ctdivol_mgy": _where(known, dose),
        "ctdi_phantom_cm": _where(known, np.where(measured, 32.0, 16.0)),
        "water_equivalent_diameter_mm": _where(measured, 10 * dw_cm),
        "ssde_mgy": _where(known & measured, dose * 3.7 * np.exp(-0.0367 * dw_cm)),
    }


def _quality(draw: Any, noise: Any) -> dict[str, Any]:
    """Score and noise; the score is cut off at both ends."""
    score = np.log(USELESS_NOISE_HU / noise) / LOG_NOISE_PER_GRADE
    score = np.clip(score + draw.normal(0, 0.05, noise.size), 0, 4)
    good = USELESS_NOISE_HU * (EXCELLENT_NOISE_HU / USELESS_NOISE_HU) ** 0.75
    quantum, left = 0.9 * noise, good**2 - 0.19 * noise**2
    with np.errstate(divide="ignore", invalid="ignore"):
        reserve = np.where(left > 0, quantum**2 / left, np.inf)
    return {
        "score": np.round(score, 4),
        "low": np.round(np.maximum(score - 0.3, 0), 4),
        "high": np.round(np.minimum(score + 0.3, 4), 4),
        "equivalent_noise_hu": np.round(noise, 4),
        "equivalent_noise_low": np.round(0.85 * noise, 4),
        "equivalent_noise_high": np.round(1.18 * noise, 4),
        "dose_reserve": np.round(reserve, 4),
        "noise_hu": _where(draw.random(noise.size) >= 0.03, noise),
        "quantum_noise_hu": _where(draw.random(noise.size) >= 0.03, quantum),
        "f50_per_mm": np.round(draw.normal(0.35, 0.03, noise.size), 6),
    }


def _counted(draw: Any, chosen: Sequence[Protocol], n: int) -> dict[str, Any]:
    """Numbers of slices, with sharp kernels as the model finds them, and some metal."""
    judged = draw.integers(40, 120, size=n)
    metal = np.where(draw.random(n) < 0.03, judged // 2, 0)
    flags = [
        {
            **({"artefact:metal": int(metal[index])} if metal[index] else {}),
            **({"sharp_kernel": int(judged[index])} if "sharp" in (each.name or "") else {}),
        }
        for index, each in enumerate(chosen)
    ]
    findings = [{name.split(":")[-1].replace("_", " "): k for name, k in f.items()} for f in flags]
    return {
        "n_judged": judged,
        "n_unjudged": draw.integers(0, 3, size=n),
        "findings": [_json(each) for each in findings],
        "flags": [_json(each) for each in flags],
        "scan_flags": ["[]"] * n,
        "warnings": ["[]"] * n,
        "scored_by": ["ctiqa-made 1"] * n,
        "current": [True] * n,
    }


def _json(counts: dict[str, int]) -> str:
    return "{" + ", ".join(f'"{name}": {count}' for name, count in sorted(counts.items())) + "}"


def _where(known: Any, values: Any) -> list[float | None]:
    """Rounded values, and null where they are unknown."""
    rounded = np.round(values, 4)
    return [float(v) if k else None for v, k in zip(rounded, known, strict=True)]


def _typed(columns: dict[str, Any]) -> pl.DataFrame:
    """A frame with the columns and types of a store, in its order."""
    kinds: dict[str, Any] = {"Utc": pl.Datetime("us", "UTC"), "Date": pl.Date, "Double": pl.Float64}
    kinds |= {"Integer": pl.Int64}
    types = {
        column.name: kinds.get(type(column.type).__name__, pl.String)
        for column in scans_table.c
        if column.name != "id"
    }
    types |= {"scored_by": pl.String, "current": pl.Boolean}
    return pl.DataFrame({name: pl.Series(columns[name], dtype=t) for name, t in types.items()})
