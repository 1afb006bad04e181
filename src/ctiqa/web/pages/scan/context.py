"""What the page of a scan shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ctiqa.score.report.facts import SHARP_KERNEL_NOTE
from ctiqa.score.report.page.charts import Curve, curve_of
from ctiqa.score.report.sentences import Row, heading, plain_words, summary_rows
from ctiqa.score.verdict import MEANINGS, WORDS, has_sharp_kernel
from ctiqa.types import ScanScore
from ctiqa.web.context import Site
from ctiqa.web.pages.parts.outliers import unusual
from ctiqa.web.pages.parts.rows import scan_row
from ctiqa.web.pages.parts.words import flag_meaning, flag_name, measure, scan_address
from ctiqa.web.pages.scan.comparable import standing
from ctiqa.web.pages.scan.stored import slices_of, stored_scan
from ctiqa.web.reading.view import ScanView, TrendsState

MOST_VERSIONS = 20

PHANTOMS = {16.0: "head, 16 cm", 32.0: "body, 32 cm"}
"""Phantoms of CTDIvol."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A scan as the drawing of the report wants it.

    Attributes:
        number: Tells drawings of a page apart.
        verdict: The result.
        sharp: Whether the kernel is sharp, so that no word is used.
        curve: Scores along z.
        thumbnails: None; pictures have their own place.
    """

    number: int
    verdict: ScanScore
    sharp: bool
    curve: Curve
    thumbnails: tuple[()] = ()


def scan_context(
    site: Site, view: ScanView, state: TrendsState, row: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that is known about a scan.

    Raises:
        OutputError: If the database cannot be reached.
    """
    verdict = stored_scan(row, slices_of(site.store, row))
    name = (row["series_uid"], row["content"])
    odd = unusual(state)
    notes = site.notes.of_scan(name)
    explained = {name} if notes and notes[0].is_explained else set()
    return {
        "about": heading(verdict),
        "computing": state.trends is None and state.failure is None,
        "deliveries": site.deliveries.of_series(row["series_uid"]),
        "drawn": _drawn(verdict),
        "facts": acquisition(row),
        "findings": _counted(row["findings"]),
        "flags": _flags(row),
        "measures": measures(row),
        "notes": notes,
        "plain": plain_words(verdict),
        "row": scan_row(row, odd, explained),
        "scale_words": list(enumerate(zip(WORDS, MEANINGS, strict=True))),
        "scored_by": row["scored_by"],
        "series": row["series_uid"],
        "sharp_note": SHARP_KERNEL_NOTE if has_sharp_kernel(verdict) else "",
        "standing": standing(state.trends, row) if state.trends else None,
        "summary": _summary(verdict),
        "superseded": not row["current"],
        "verdict": verdict,
        "versions": _versions(view.frame, row),
    }


def measures(row: Mapping[str, Any]) -> list[Row]:
    """Physical measures and dose, as (label, text); a dash where one is unknown."""
    diameter = row["water_equivalent_diameter_mm"]
    return [
        ("Noise", measure(row["noise_hu"], "HU")),
        ("Quantum noise", measure(row["quantum_noise_hu"], "HU")),
        ("Sharpness f50", measure(row["f50_per_mm"], "/mm")),
        ("Water-equivalent diameter Dw", measure(diameter, "cm", 0.1)),
        ("CTDIvol", measure(row["ctdivol_mgy"], "mGy")),
        ("Phantom of CTDIvol", PHANTOMS.get(row["ctdi_phantom_cm"], "–")),
        ("SSDE", measure(row["ssde_mgy"], "mGy")),
    ]


def acquisition(row: Mapping[str, Any]) -> list[Row]:
    """What the headers say, as (label, text); what is unknown is left out."""
    scanner = " ".join(filter(None, (row["manufacturer"], row["model"])))
    facts = [
        ("Protocol", row["protocol"]),
        ("Series description", row["description"]),
        ("Station", row["station"]),
        ("Scanner", scanner),
        ("Body part", row["body_part"]),
        ("Kernel", row["kernel"]),
        ("Slice thickness", measure(row["slice_thickness_mm"], "mm")),
        ("Tube voltage", measure(row["kvp"], "kVp")),
        ("Tube current", measure(row["tube_current_ma"], "mA")),
        ("Study", row["study_day"] and str(row["study_day"])),
    ]
    return [(label, text) for label, text in facts if text and text != "–"]


def _drawn(verdict: ScanScore) -> Drawn | None:
    if len(verdict.slices) < 2 or verdict.score is None:
        return None
    return Drawn(1, verdict, has_sharp_kernel(verdict), curve_of(verdict))


def _summary(verdict: ScanScore) -> list[Row]:
    """What the report says, without what has its own place on the page."""
    return [row for row in summary_rows(verdict) if row[0] in {"Reserve", "Judged", "Check"}]


def _flags(row: Mapping[str, Any]) -> list[tuple[str, str, int | None]]:
    """Name, meaning and number of slices of each flag, those of the scan first."""
    counts: dict[str, int] = json.loads(row["flags"])
    whole = json.loads(row["scan_flags"] or "[]") or []
    codes = dict.fromkeys([*whole, *counts])
    return [(flag_name(code), flag_meaning(code), counts.get(code)) for code in codes]


def _counted(counts: str) -> list[tuple[str, int]]:
    found: dict[str, int] = json.loads(counts)
    return sorted(found.items(), key=lambda each: -each[1])


def _versions(frame: pl.DataFrame, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Other results of the same series, the newest first."""
    others = frame.filter(
        (pl.col("series_uid") == row["series_uid"]) & (pl.col("scan") != row["scan"])
    )
    return [
        {"address": scan_address(each["scan"]), **each}
        for each in others.head(MOST_VERSIONS).select("scan", "stored", "scored_by").to_dicts()
    ]
