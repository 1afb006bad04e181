"""Outliers: each with its reason."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from tests.trends.made import Protocol, one_chart

from ctiqa.trends import Outlier, trends

MANY = Protocol("Abdomen", "abdomen", 9.0, 30.0, "Br40", 3.0)


def found(row: int = 17, *, frame: pl.DataFrame | None = None, **changed: Any) -> list[Outlier]:
    """Outliers of an ordinary chart in which one scan was changed; only that scan."""
    frame = one_chart(20, protocols=[MANY], without_dose=0.0) if frame is None else frame
    number = pl.int_range(pl.len())
    columns = [
        pl.when(number == row).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in changed.items()
    ]
    changed_frame = frame.with_columns(pl.col("flags").replace({'{"artefact:metal": 50}': "{}"}))
    result = trends(changed_frame.with_columns(columns))
    uid = frame["series_uid"][row]
    assert all(result.scans["series_uid"][each.row] == each.series_uid for each in result.outliers)
    return [each for each in result.outliers if each.series_uid == uid]


def test_an_ordinary_scan_is_no_outlier() -> None:
    assert found() == []


def test_noise() -> None:
    (outlier,) = found(equivalent_noise_hu=4 * pl.col("equivalent_noise_hu"))
    assert outlier.reasons == ("noise",)
    assert outlier.z is not None
    assert outlier.z > 3.5
    assert "noise" in outlier.sentence
    assert "of 240 scans of this protocol, scanner and kernel at this size and dose" in (
        outlier.sentence
    )


def test_less_noise_is_no_outlier() -> None:
    assert found(equivalent_noise_hu=pl.col("equivalent_noise_hu") / 4) == []


def test_dose_explains_noise() -> None:
    """A quarter of the dose, and the noise that follows, is an outlier of dose alone."""
    (outlier,) = found(
        ctdivol_mgy=pl.col("ctdivol_mgy") / 4,
        equivalent_noise_hu=2 * pl.col("equivalent_noise_hu"),
    )
    assert outlier.reasons == ("dose",)
    assert outlier.z is not None
    assert outlier.z < -3.5
    assert "CTDIvol" in outlier.sentence
    assert "of this protocol and scanner at this size" in outlier.sentence


def test_too_much_dose() -> None:
    (outlier,) = found(ctdivol_mgy=3 * pl.col("ctdivol_mgy"))
    assert outlier.reasons == ("dose",)
    assert outlier.z is not None
    assert outlier.z > 3.5


def test_noise_and_dose() -> None:
    (outlier,) = found(
        ctdivol_mgy=3 * pl.col("ctdivol_mgy"),
        equivalent_noise_hu=6 * pl.col("equivalent_noise_hu"),
    )
    assert set(outlier.reasons) == {"noise", "dose"}
    assert outlier.severity == pytest.approx(abs(outlier.z or 0))


def test_an_artefact_in_many_slices() -> None:
    (outlier,) = found(flags=pl.lit('{"artefact:beam_hardening": 30}'), n_judged=60)
    assert outlier.reasons == ("artefact",)
    assert "beam hardening in 50 % of its slices" in outlier.sentence


def test_an_artefact_in_few_slices_or_in_all_scans_is_usual() -> None:
    assert found(flags=pl.lit('{"artefact:metal": 14}'), n_judged=60) == []
    every = one_chart(20).with_columns(flags=pl.lit('{"artefact:metal": 40}'))
    assert all("artefact" not in each.reasons for each in trends(every).outliers)


def test_a_filter_where_others_have_none() -> None:
    (outlier,) = found(scan_flags=pl.lit('["filtered"]'))
    assert outlier.reasons == ("filter",)
    assert "1 of 240 scans" in outlier.sentence
    assert outlier.z is None


def test_a_filter_that_all_have_is_usual() -> None:
    every = one_chart(20).with_columns(scan_flags=pl.lit('["filtered"]'))
    assert all("filter" not in each.reasons for each in trends(every).outliers)


def test_the_worst_is_first() -> None:
    outliers = trends(one_chart(100, outliers=0.03)).outliers
    severities = [each.severity for each in outliers]
    assert len(severities) > 10
    assert severities == sorted(severities, reverse=True)


def test_ordinary_scans_are_seldom_outliers() -> None:
    """3.5 robust deviations: 1 in 4,000 on one side for noise, 1 in 2,000 for dose."""
    frame = one_chart(1000, seed=4, protocols=[MANY]).with_columns(flags=pl.lit("{}"))
    assert len(trends(frame).outliers) <= 24  # 9 are expected of 12,000; 24 is 5 deviations more


def test_a_scan_of_a_rare_scanner_is_compared_with_other_scanners() -> None:
    frame = one_chart(20, protocols=[MANY], without_dose=0.0)
    (outlier,) = found(
        frame=frame, station=pl.lit("CT9"), equivalent_noise_hu=4 * pl.col("equivalent_noise_hu")
    )
    assert "of this protocol, kind of kernel and thickness" in outlier.sentence


def test_nothing_is_usual_among_few_scans() -> None:
    frame = one_chart(9, weeks=1).with_columns(flags=pl.lit("{}"))
    frame = frame.with_columns(equivalent_noise_hu=pl.Series([20.0] * 8 + [200.0]))
    assert trends(frame).outliers == ()
    ratios = trends(frame).scans.select("noise_ratio", "dose_ratio")
    assert ratios.null_count().row(0) == (9, 9)
