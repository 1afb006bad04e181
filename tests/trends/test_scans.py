"""Which scans count, and what is derived for each."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from tests.trends.made import archive, one_chart

from ctiqa.errors import UsageError
from ctiqa.trends import SCAN_COLUMNS, trends
from ctiqa.trends.scans.derived import with_derived
from ctiqa.trends.scans.selection import counting


def derived(n: int = 4, **columns: Any) -> pl.DataFrame:
    frame = one_chart(n, weeks=1)
    changed = [pl.Series(name, values, frame.schema[name]) for name, values in columns.items()]
    return with_derived(frame.with_columns(changed), "week")


def where(frame: pl.DataFrame, name: str, values: Any, rows: pl.Series) -> pl.DataFrame:
    """Change a column in some rows."""
    return frame.with_columns(pl.when(rows).then(pl.lit(values)).otherwise(name).alias(name))


def test_scores_of_another_model_are_left_out() -> None:
    frame = archive(100)
    old = frame["stored"].rank() <= 30
    mixed = where(where(frame, "model_digest", "m0", old), "scored_by", "ctiqa-old 1", old)
    found = trends(mixed)
    assert found.n == 70
    assert (found.model, found.model_digest) == ("ctiqa-made 1", "m1")
    assert [(each.reason, each.n) for each in found.left_out] == [
        ("scored by another model (ctiqa-old 1)", 30)
    ]


def test_the_newest_scans_decide_on_the_model() -> None:
    frame = archive(100)
    new = frame["stored"].rank() > 97
    assert trends(where(frame, "model_digest", "m9", new)).n == 3


def test_older_contents_repeated_series_and_unscored_scans_are_left_out() -> None:
    frame = archive(60)
    number = pl.Series(range(60))
    frame = where(frame, "current", values=False, rows=number < 5)
    frame = where(frame, "series_uid", "1.2.3", (number >= 10) & (number < 13))
    for name in ("score", "equivalent_noise_hu"):
        frame = frame.with_columns(
            pl.when(number >= 56).then(None).otherwise(pl.col(name)).alias(name)
        )
    found = trends(frame)
    assert found.n == 60 - 5 - 2 - 4
    assert [each.n for each in found.left_out] == [5, 2, 4]
    kept = found.scans.filter(pl.col("series_uid") == "1.2.3")
    assert kept["content"].to_list() == [frame["content"][12]]


def test_a_frame_of_an_older_store_has_no_column_current() -> None:
    frame = archive(30)
    assert trends(frame.drop("current")).n == 30


def test_columns_are_those_that_are_promised() -> None:
    assert tuple(trends(archive(30)).scans.columns) == SCAN_COLUMNS


def test_what_is_no_frame_of_a_store_is_refused() -> None:
    with pytest.raises(UsageError, match=r"lacks the column\(s\) station, ctdivol_mgy; pass store"):
        trends(archive(5).drop("station", "ctdivol_mgy"))
    with pytest.raises(UsageError, match="got list"):
        trends([])  # type: ignore[arg-type]


def test_bands() -> None:
    found = derived(
        6,
        slice_thickness_mm=[0.6, 1.0, 3.0, 5.0, 8.0, None],
        water_equivalent_diameter_mm=[150.0, 160.0, 279.9, 280.0, 500.0, None],
    )
    bands = ["< 1 mm", "1–2 mm", "2–4 mm", "4–6 mm", "≥ 6 mm", "unknown"]
    assert found["thickness_band"].to_list() == bands
    sizes = ["< 16 cm", "16–20 cm", "24–28 cm", "28–32 cm", "≥ 44 cm", "unknown"]
    assert found["dw_band"].to_list() == sizes


def test_the_class_of_a_kernel_is_what_the_image_shows() -> None:
    flags = ['{"sharp_kernel": 30}', '{"sharp_kernel": 29}', "{}", '{"sharp_kernel":0}']
    found = derived(4, flags=flags, n_judged=[60, 60, 60, 0], kernel=["Br40"] * 4)
    assert found["kernel_class"].to_list() == ["sharp", "soft", "soft", "unknown"]


def test_a_scan_is_filtered_if_it_has_the_flag_as_a_whole() -> None:
    flags = ['["filtered", "not_scored"]', '["not_filtered"]', "[]", None]
    found = derived(4, scan_flags=flags, flags=['{"filtered": 9}'] * 4)
    assert found["filtered"].to_list() == [True, False, False, False]


def test_the_most_frequent_artefact() -> None:
    flags = ['{"artefact:beam_hardening": 30, "artefact:metal": 6}', "{}", '{"region": 2}']
    found = derived(3, flags=flags, n_judged=[60, 60, 0])
    assert found["artefact"].to_list() == ["beam_hardening", None, None]
    assert found["artefact_share"].to_list() == [0.5, 0, 0]


def test_scanners_without_a_station_are_named_by_their_model() -> None:
    found = derived(3, station=["CT1", None, None], model=["A", "B", None])
    assert found["scanner"].to_list() == ["CT1", "B", None]


def test_a_percentile_is_the_share_of_comparable_scans_with_less_noise() -> None:
    scans = trends(archive(4000)).scans
    groups = ["region", "kernel_class", "thickness_band", "dw_band"]
    for _, part in scans.group_by(groups):
        if part.height < 10:
            assert part["percentile"].null_count() == part.height
            continue
        noise = part["equivalent_noise_hu"]
        for own, found in part.head(5).select("equivalent_noise_hu", "percentile").rows():
            share = 100 * ((noise < own).sum() + 0.5 * (noise == own).sum()) / part.height
            assert found == pytest.approx(share)
        assert part["n_comparable"].to_list() == [part.height] * part.height
    assert scans["percentile"].null_count() < scans.height / 10


def test_a_high_score_has_a_high_percentile() -> None:
    scans = trends(archive(2000)).scans
    assert scans.select(pl.corr("percentile", "score_percentile")).item() < -0.8


def test_noise_is_adjusted_to_patients_of_one_size() -> None:
    scans = trends(one_chart(400)).scans
    size = pl.col("water_equivalent_diameter_mm")
    raw, adjusted = (
        scans.select(pl.corr(size, pl.col(name).log(), method="spearman")).item()
        for name in ("equivalent_noise_hu", "adjusted_noise_hu")
    )
    assert raw > 0.4
    assert abs(adjusted) < 0.1


def test_a_copy_under_another_uid_counts_once() -> None:
    frame = one_chart(5, weeks=2)
    copies = frame.with_columns(series_uid=pl.col("series_uid") + ".9")
    kept, omitted = counting(pl.concat([copies, frame]))
    assert kept["series_uid"].to_list() == frame["series_uid"].to_list()
    assert [(each.reason, each.n) for each in omitted] == [
        ("a copy of another series under another UID", frame.height)
    ]
