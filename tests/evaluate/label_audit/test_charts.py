"""Drawings of an audit."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.figure import Figure

from ctiqa.evaluate.dose_relations import Spread
from ctiqa.evaluate.label_audit.charts import fan, histogram, within
from ctiqa.evaluate.label_audit.groups import CHALLENGE


def axes_of(figure: Figure) -> Any:
    (axes,) = figure.axes
    return axes


def test_labels_beyond_the_scale_are_drawn_at_its_ends() -> None:
    row = Spread("100 %", 9, (-50.0, 0.0, 2.0, 4.0, 100.0))
    axes = axes_of(fan([row, row]))
    most, middle = (each.get_paths()[0].vertices[:, 1] for each in axes.collections)
    assert (most.min(), most.max()) == (0, 4)
    assert (middle.min(), middle.max()) == (0, 4)
    assert axes.lines[0].get_ydata().tolist() == [2, 2]
    assert [each.get_text() for each in axes.get_xticklabels()] == ["100", "100"]
    assert within((-1.0, 2.0, 9.0)) == (0, 50, 100)


def test_bars_are_shares_before_the_outline_of_the_challenge() -> None:
    axes = axes_of(histogram([3, *[0] * 19, 1], 260, 150))
    bars = [each for each in axes.patches if hasattr(each, "get_height")]
    assert [each.get_height() for each in bars] == [0.75, *[0] * 19, 0.25]
    assert [each.get_x() + each.get_width() / 2 for each in bars] == pytest.approx(range(21))
    (outline,) = (each for each in axes.patches if each not in bars)
    assert outline.get_data().values.tolist() == pytest.approx([n / 1000 for n in CHALLENGE])
    levels = [each.get_text() for each in axes.get_yticklabels()]
    assert (levels[0], levels[-1]) == ("0 %", "80 %")
    assert axes.get_ylim() == pytest.approx((0, 0.8))


def test_no_labels_are_no_bars() -> None:
    axes = axes_of(histogram([0] * 21, 260, 150))
    assert {each.get_height() for each in axes.patches if hasattr(each, "get_height")} == {0}
