"""What noise and dose are usual for a scan: by protocol, scanner, reconstruction, size and dose."""

from __future__ import annotations

import numpy as np
import polars as pl

from ctiqa.trends.robust import MAD_TO_SD, theil_sen
from ctiqa.types import Floats

LEAST_GROUP = 10
"""Fewest scans that say what is usual."""

LEAST_SLOPE = 20
"""Fewest scans for a slope."""

LEAST_SCATTER = 0.03
"""Least standard deviation of a logarithm: scans closer than 3 % never differ by much."""

NOISE_GROUPS = (
    ("kind", "scanner", "kernel", "slice_thickness_mm", "has_dw", "has_dose"),
    ("kind", "kernel_class", "thickness_band", "has_dw", "has_dose"),
    ("region", "kernel_class", "thickness_band", "has_dw", "has_dose"),
)
"""Whose noise a scan is compared with: the first of these groups that is large enough."""

DOSE_GROUPS = (
    ("kind", "scanner", "ctdi_phantom_cm", "has_dw"),
    ("kind", "ctdi_phantom_cm", "has_dw"),
    ("region", "ctdi_phantom_cm", "has_dw"),
)
"""Whose dose a scan is compared with."""


def with_usual(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``adjusted_noise_hu``, ``noise_ratio``, ``dose_ratio``, and columns with ``_`` in front.

    Those are of the comparison: ``_noise_z`` and ``_dose_z``, robust distances in standard
    deviations; ``_noise_n`` and ``_dose_n``, scans compared with; ``_noise_group`` and
    ``_dose_group``, numbers of the groups in :data:`NOISE_GROUPS` and :data:`DOSE_GROUPS`.
    """
    frame = frame.with_columns(
        kind=pl.coalesce("protocol", pl.format("region {}", "region")),
        has_dw=pl.col("water_equivalent_diameter_mm").is_not_null(),
        has_dose=pl.col("ctdivol_mgy").is_not_null(),
        _y=pl.col("equivalent_noise_hu").log(),
        _x=pl.col("ctdivol_mgy").log(),
        _d=pl.col("water_equivalent_diameter_mm") / 10,
    )
    frame = _noise_residuals(frame)
    frame = _dose_residuals(frame)
    for name, groups in (("noise", NOISE_GROUPS), ("dose", DOSE_GROUPS)):
        frame = _standardised(frame, name, groups)
    size = (pl.col("_size_slope") * pl.col("_d_noise")).fill_null(0.0)
    adjusted = pl.col("equivalent_noise_hu") * (-size).exp()
    return frame.with_columns(
        adjusted_noise_hu=adjusted,
        noise_ratio=pl.col("_noise_residual").exp(),
        dose_ratio=pl.col("_dose_residual").exp(),
    )


def _noise_residuals(frame: pl.DataFrame) -> pl.DataFrame:
    """ln(noise) less what the group, the size, and the dose beyond that of the size explain."""
    frame = _centred(frame, "noise", NOISE_GROUPS, "_y", "_x", "_d")
    frame = _with_slope(frame, "_size_slope", "_d_noise", "_y_noise")
    frame = _with_slope(frame, "_dose_size_slope", "_d_noise", "_x_noise")
    frame = frame.with_columns(
        _y_left=_less("_y_noise", "_size_slope", "_d_noise"),
        _x_left=_less("_x_noise", "_dose_size_slope", "_d_noise"),
    )
    frame = _with_slope(frame, "_dose_slope", "_x_left", "_y_left", low=-1.0, high=0.0)
    return frame.with_columns(_noise_raw=_less("_y_left", "_dose_slope", "_x_left"))


def _dose_residuals(frame: pl.DataFrame) -> pl.DataFrame:
    """ln(CTDIvol) less what the group and the size explain."""
    frame = _centred(frame, "dose", DOSE_GROUPS, "_x", "_d")
    frame = _with_slope(frame, "_aec_slope", "_d_dose", "_x_dose")
    return frame.with_columns(_dose_raw=_less("_x_dose", "_aec_slope", "_d_dose"))


def _centred(
    frame: pl.DataFrame, name: str, groups: tuple[tuple[str, ...], ...], *columns: str
) -> pl.DataFrame:
    """Columns less their median in the narrowest group that is large enough.

    Adds ``{column}_{name}``, ``_{name}_group``, the number of the group or null, and ``_{name}_n``.
    """
    main = columns[0]
    sizes = [pl.col(main).count().over(group) for group in groups]
    chosen = pl.coalesce(
        [pl.when(size >= LEAST_GROUP).then(number) for number, size in enumerate(sizes)]
    )
    frame = frame.with_columns(chosen.alias(f"_{name}_group"))
    centred = [
        (pl.col(each) - _by_group(name, [pl.col(each).median().over(g) for g in groups])).alias(
            f"{each}_{name}"
        )
        for each in columns
    ]
    return frame.with_columns(*centred, _by_group(name, sizes).alias(f"_{name}_n"))


def _by_group(name: str, values: list[pl.Expr]) -> pl.Expr:
    """The value of the group that was chosen."""
    group = pl.col(f"_{name}_group")
    return pl.coalesce([pl.when(group == number).then(each) for number, each in enumerate(values)])


def _less(value: str, slope: str, by: str) -> pl.Expr:
    """What is left without a part that is proportional; all, if that part is unknown."""
    return pl.col(value) - (pl.col(slope) * pl.col(by)).fill_null(0.0)


def _with_slope(
    frame: pl.DataFrame, name: str, x: str, y: str, *, low: float = -np.inf, high: float = np.inf
) -> pl.DataFrame:
    """Add the robust slope of y against x in the scans of one kind; null for too few."""
    known = frame.filter(pl.col(x).is_not_null() & pl.col(y).is_not_null())
    slopes = {}
    for (kind,), part in known.group_by("kind"):
        slope = _slope(part[x].to_numpy(), part[y].to_numpy())
        slopes[kind] = None if slope is None else float(np.clip(slope, low, high))
    found = pl.DataFrame(
        {"kind": list(slopes), name: list(slopes.values())},
        schema={"kind": pl.String, name: pl.Float64},
    )
    return frame.join(found, on="kind", how="left", nulls_equal=True, maintain_order="left")


def _slope(x: Floats, y: Floats) -> float | None:
    return theil_sen(x, y) if x.size >= LEAST_SLOPE else None


def _standardised(
    frame: pl.DataFrame, name: str, groups: tuple[tuple[str, ...], ...]
) -> pl.DataFrame:
    """Residuals about the median of the group, and their distance in robust deviations."""
    raw = pl.col(f"_{name}_raw")
    middles = [raw.median().over(group) for group in groups]
    residual = (raw - _by_group(name, middles)).alias(f"_{name}_residual")
    frame = frame.with_columns(residual)
    spread = [
        MAD_TO_SD * (raw - middle).abs().median().over(group)
        for group, middle in zip(groups, middles, strict=True)
    ]
    scale = pl.max_horizontal(_by_group(name, spread), pl.lit(LEAST_SCATTER))
    return frame.with_columns((pl.col(f"_{name}_residual") / scale).alias(f"_{name}_z"))
