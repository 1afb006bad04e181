"""What a score makes of filters."""

from __future__ import annotations

import polars as pl
import pytest

from ctiqa.evaluate.robustness.filters import filter_responses


def rows(*filtered: tuple[str | None, float, float, float, float, float]) -> pl.DataFrame:
    """A table of one slice: filter, strength, score, label, error in HU, loss of gradients."""
    names = ("filter", "filter_strength", "score_grade", "label_grade", "rmse_hu", "loss_3")
    table = pl.DataFrame([dict(zip(names, each, strict=True)) for each in filtered])
    return table.with_columns(purpose=pl.lit("filtered"), shard=pl.lit("a"))


PLAIN = (None, 0.0, 2.0, 2.0, 30.0, 0.2)


def test_only_harmful_filters_may_not_gain() -> None:
    found = filter_responses(
        rows(
            PLAIN,
            ("median", 3.0, 2.6, 2.5, 20.0, 0.15),  # helps, and may gain
            ("median", 5.0, 2.3, 1.5, 35.0, 0.30),  # harms, and gains
            ("median", 7.0, 1.5, 1.0, 45.0, 0.40),  # harms, and loses
            ("median", 9.0, 2.05, 2.2, 35.0, 0.10),  # quieter edges: not harmful by both
        )
    )["median"]
    assert (found.pairs, found.harmful) == (4, 2)
    assert found.rewarded == 0.5


def test_strong_blur_is_harmful_whatever_the_measures_say() -> None:
    table = rows(
        PLAIN, ("gaussian", 3.0, 3.0, 2.5, 20.0, 0.1), ("gaussian", 2.0, 3.0, 2.5, 20, 0.1)
    )
    found = filter_responses(table)["gaussian"]
    assert (found.harmful, found.rewarded) == (1, 1.0)


def test_the_score_must_fall_where_the_label_falls() -> None:
    found = filter_responses(
        rows(
            PLAIN,
            ("patches", 0.4, 2.4, 2.4, 20.0, 0.2),
            ("patches", 0.6, 2.5, 2.35, 19.0, 0.2),  # a step too small to count
            ("patches", 0.8, 2.4, 2.0, 25.0, 0.2),  # falls
            ("patches", 1.2, 2.45, 1.5, 30.0, 0.2),  # rises while the label falls
        )
    )["patches"]
    assert (found.steps, found.falling) == (2, 0.5)


def test_gains_follow_the_label() -> None:
    up = [("JPEG", float(k), 2.0 - k / 10, 2.0 - k / 5, 30.0 + k, 0.2) for k in range(1, 6)]
    assert filter_responses(rows(PLAIN, *up))["all"].rank_correlation == pytest.approx(1)
    down = [("JPEG", float(k), 2.0 + k / 10, 2.0 - k / 5, 30.0 + k, 0.2) for k in range(1, 6)]
    assert filter_responses(rows(PLAIN, *down))["all"].rank_correlation == pytest.approx(-1)


def test_every_family_is_listed_beside_all() -> None:
    table = rows(PLAIN, ("median", 3.0, 1, 1, 40, 0.3), ("JPEG", 30.0, 1.5, 1.5, 40, 0.3))
    found = filter_responses(table)
    assert list(found) == ["all", "JPEG", "median"]
    assert found["all"].pairs == 2
    assert found["all"].rewarded == 0
    assert found["all"].rank_correlation is not None
    assert found["JPEG"].rank_correlation is None


def test_a_data_set_without_filters_has_no_responses() -> None:
    assert filter_responses(rows(PLAIN)) == {}
    assert filter_responses(rows(PLAIN).drop("filter")) == {}
