"""Where things lie in the drawings of an audit."""

from __future__ import annotations

from ctiqa.evaluate.dose_relations import Spread
from ctiqa.evaluate.label_audit.charts import fan, histogram, within


def test_labels_beyond_the_scale_are_drawn_at_its_ends() -> None:
    row = Spread("100 %", 9, (-50.0, 0.0, 2.0, 4.0, 100.0))
    assert fan([row]).most == "M500,0L500,1000Z"
    assert within(-1) == 0


def test_bars_fill_the_plot() -> None:
    plot = histogram([3, *[0] * 19, 1])
    assert [tall for *_, tall in plot.bars if tall] == [93.75, 31.25]
    assert all(round(y + tall, 6) == 100 for _, y, _, tall in plot.bars)
    assert plot.levels[0] == ("0 %", 100.0)
    assert plot.levels[-1] == ("80 %", 0.0)
