"""Columns of the scans of trends."""

from __future__ import annotations

DISTRIBUTED = (
    "score",
    "equivalent_noise_hu",
    "noise_hu",
    "ctdivol_mgy",
    "ssde_mgy",
    "dose_reserve",
)
"""Columns whose distributions a group states."""

DERIVED_COLUMNS = (
    "scanner",
    "period",
    "kernel_class",
    "thickness_band",
    "dw_band",
    "filtered",
    "artefact",
    "artefact_share",
    "adjusted_noise_hu",
    "noise_ratio",
    "dose_ratio",
    "percentile",
    "score_percentile",
    "n_comparable",
)
"""Columns of :attr:`ctiqa.trends.Trends.scans` that are not in the store; see there."""

SCAN_COLUMNS = (
    "series_uid",
    "study_day",
    "protocol",
    "station",
    "manufacturer",
    "model",
    "description",
    "kernel",
    "body_part",
    "region",
    "slice_thickness_mm",
    "kvp",
    "tube_current_ma",
    "ctdivol_mgy",
    "ctdi_phantom_cm",
    "water_equivalent_diameter_mm",
    "ssde_mgy",
    "score",
    "low",
    "high",
    "equivalent_noise_hu",
    "equivalent_noise_low",
    "equivalent_noise_high",
    "noise_hu",
    "quantum_noise_hu",
    "f50_per_mm",
    "dose_reserve",
    "n_judged",
    "n_unjudged",
    "findings",
    "flags",
    "scan_flags",
    "warnings",
    "content",
    *DERIVED_COLUMNS,
)
"""Columns of :attr:`ctiqa.trends.Trends.scans`, in this order."""
