from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError, OutputError
from ctiqa.evaluate import audit_charts as charts
from ctiqa.evaluate.label_audit import Audit, audit, srocc, write_audit
from ctiqa.evaluate.orders import order_along

EVIL = "<script>alert('x')</script>"

LADDER = {1.0: 4.2, 0.5: 2.0, 0.1: 1.0}
"""Label before clipping by dose."""

PATIENTS = {"train": 8, "validation": 5, "test": 5}


def rows() -> list[dict[str, Any]]:
    """A data set without a fault: labels fill the scale and fall with the dose."""
    patients = [(split, k) for split, count in PATIENTS.items() for k in range(count)]
    return [
        row
        for number, (split, k) in enumerate(patients)
        for row in _slice_rows(f"{split}{k}", split, k % 2 if split == "train" else -1, number)
    ]


def _slice_rows(patient: str, split: str, fold: int, number: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(number)
    drawn = np.linspace(4.05, -0.05, 13) + rng.uniform(-0.01, 0.01, 13)
    raws = [*drawn.tolist(), *LADDER.values()]
    doses = [*(1 - 0.05 * np.arange(13)).tolist(), *LADDER]
    return [
        {
            "id": f"{patient}-{row:03d}",
            "shard": patient,
            "row": row,
            "purpose": "example" if row < 13 else "ladder",
            "patient": patient,
            "region": ("chest", "abdomen")[number % 2],
            "split": split,
            "fold": fold,
            "label": float(np.clip(raw, 0, 4)),
            "raw": float(raw),
            "loss_0": float(np.exp(-raw)),
            "loss_1": float(5 - raw + rng.uniform(0, 0.5)),
            "dose": doses[row],
            "views": 960 - 60 * (row % 3 if row < 13 else 0),
        }
        for row, raw in enumerate(raws)
    ]


def sound(**columns: pl.Expr) -> Examples:
    return Examples(Path("sound"), pl.DataFrame(rows()).with_columns(**columns))


def broken(examples: Examples) -> dict[str, tuple[str, ...]]:
    return {each.rule.text: each.values for each in audit(examples).warnings}


def page(examples: Examples, folder: Path) -> str:
    write_audit(examples, folder / "audit.html")
    return (folder / "audit.html").read_text(encoding="utf-8")


def when(patient: str, column: str, value: object) -> pl.Expr:
    return pl.when(pl.col("patient") == patient).then(pl.lit(value)).otherwise(pl.col(column))


def test_sound_labels_break_no_rule() -> None:
    assert broken(sound()) == {}


@pytest.mark.parametrize(
    ("fault", "rule", "value"),
    [
        ({"label": pl.col("label").clip(2.2, 4)}, "shared by more than 20 %", "all: "),
        ({"label": pl.col("label").clip(2.2, 4)}, "Every grade", "all: none bad, poor"),
        ({"label": pl.col("label").clip(0, 1) * 4}, "one end of the scale", "chest: "),
        ({"label": when("train0", "label", 2.0)}, "labels of one patient", "train0: SD 0.000"),
        ({"label": 4 - pl.col("label")}, "rises by no more than 0.05", "Dose ladder, label: 18 of"),
        ({"split": when("test0", "split", "tune")}, "at least 5 patients", "tune: 1"),
        ({"loss_0": pl.lit(1.0)}, "finite and varies", "Patch error: 1 everywhere"),
        ({"loss_1": when("test1", "loss_1", None)}, "finite and varies", "13 not finite"),
        ({"loss_1": pl.lit(float("nan"))}, "finite and varies", "234 not finite"),
        ({"label": when("test1", "label", float("nan"))}, "without a label", "all: 16 of 288"),
        ({"label": pl.col("label") - 1}, "on the scale from 0 to 4", " labels"),
        ({"patient": when("test0", "patient", "train0")}, "two splits", "more than one split: tr"),
        ({"patient": when("train0", "patient", "train1")}, "two folds", "more than one fold: tr"),
    ],
)
def test_fault_is_told(fault: dict[str, pl.Expr], rule: str, value: str) -> None:
    found = [values for text, values in broken(sound(**fault)).items() if rule in text]
    assert len(found) == 1
    assert any(value in each for each in found[0])


def test_every_rule_says_what_to_do(tmp_path: Path) -> None:
    examples = sound(label=pl.lit(2.0))
    text = html.unescape(page(examples, tmp_path))
    for each in audit(examples).warnings:
        assert each.rule.text in text
        assert each.rule.remedy in text
        assert each.values[0] in text


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40).filter(lambda x: len(set(x)) > 1))
def test_greatest_agreement_is_reached_and_not_passed(steps: list[int]) -> None:
    labels = np.sort(np.array(steps, dtype=np.float64))
    found = charts.ties(labels)
    perfect = np.arange(len(labels))
    assert found.greatest_tau_b == pytest.approx(stats.kendalltau(perfect, labels).statistic)
    assert found.greatest_srocc == pytest.approx(stats.spearmanr(perfect, labels).statistic)
    assert found.share == pytest.approx(max(steps.count(k) for k in steps) / len(steps))


def test_rank_correlation_is_that_of_scipy() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 9, (2, 50)).astype(np.float64)
    assert srocc(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert np.isnan(srocc(x, np.ones(50)))


@given(st.lists(st.floats(-1, 5), max_size=50))
def test_every_label_is_counted_once(labels: list[float]) -> None:
    assert sum(charts.count_labels(np.array(labels))) == len(labels)


def test_challenge_is_no_distance_from_itself() -> None:
    assert sum(charts.CHALLENGE) == 1000
    assert charts.distance(charts.CHALLENGE, [2 * n for n in charts.CHALLENGE]) == 0


def test_distance_is_that_of_scipy() -> None:
    ours, theirs = [5, 0, 3, 2], [1, 4, 4, 1]
    grades = np.arange(4) / 5
    expected = stats.wasserstein_distance(grades, grades, ours, theirs)
    assert charts.distance(ours, theirs) == pytest.approx(expected)


def ladder(*labels: float, shard: str = "s", views: int = 960) -> list[dict[str, Any]]:
    doses = (1.0, 0.5, 0.25, 0.1)
    return [
        {"shard": shard, "dose": dose, "views": views, "label": label}
        for dose, label in zip(doses, labels, strict=False)
    ]


@pytest.mark.parametrize(
    ("labels", "strict", "weak", "risen"),
    [
        ((4.0, 3.0, 2.0, 1.0), 1.0, 1.0, 0),
        ((4.0, 4.0, 2.0, 1.0), 0.0, 1.0, 0),
        ((4.0, 3.0, 3.04, 1.0), 0.0, 0.0, 0),
        ((4.0, 3.0, 3.5, 1.0), 0.0, 0.0, 1),
    ],
)
def test_dose_order(labels: tuple[float, ...], strict: float, weak: float, risen: int) -> None:
    found = order_along(pl.DataFrame(ladder(*labels)), "dose", "ladder")
    assert found is not None
    assert (found.slices, found.strict, found.weak, found.risen) == (1, strict, weak, risen)


def test_only_images_that_differ_in_dose_alone_are_compared() -> None:
    mixed = pl.DataFrame(ladder(2.0) + ladder(9.0, 3.0, views=60)[1:])
    assert order_along(mixed, "dose", "mixed") is None


def test_offenders_come_worst_first_with_their_doses() -> None:
    table = pl.DataFrame(
        ladder(2, 2.1, 1, shard="a") + ladder(2, 1, 1.5, shard="b") + ladder(2, 1, shard="c")
    )
    found = order_along(table, "dose", "ladder")
    assert found is not None
    first, second = found.offenders
    assert (first.name, first.above, first.below) == ("b", 0.5, 0.25)
    assert first.rise == pytest.approx(0.5)
    assert second.name == "a"
    assert found.weak == pytest.approx(1 / 3)


def test_label_alone_is_enough(tmp_path: Path) -> None:
    found = Examples(tmp_path, pl.DataFrame({"label": [0.0, 1.0, 2.0, 3.0, None]}))
    text = page(found, tmp_path)
    outline(text)
    assert "The pixels of this example could not be read." in text
    assert "not known" in text
    assert "Parts of the label" not in text
    assert audit(found).whole.missing == 1


@pytest.mark.parametrize("column", ["dose", "views", "raw", "fold", "patient", "region", "loss_0"])
def test_any_other_column_may_be_absent(column: str, tmp_path: Path) -> None:
    outline(page(Examples(Path("few"), pl.DataFrame(rows()).drop(column)), tmp_path))


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"score": [1.0]}),
        pl.DataFrame({"label": []}),
        pl.DataFrame({"label": [None, float("nan")]}),
    ],
)
def test_labels_must_be_there(table: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="needs labels, got none in"):
        audit(Examples(Path("none"), table))


def test_classes_of_dose_run_from_most_to_least() -> None:
    relations = audit(sound()).relations
    assert [(each.region, each.column) for each in relations] == [
        (region, column) for column in ("dose", "views") for region in ("abdomen", "chest")
    ]
    assert [row.name for row in relations[0].rows] == ["100 %", "75–100 %", "50–75 %", "25–50 %"]
    assert sum(row.n for row in relations[0].rows) == audit(sound()).regions[0].examples


def test_labels_beyond_the_scale_are_drawn_at_its_ends() -> None:
    row = charts.Spread("100 %", 9, (-50.0, 0.0, 2.0, 4.0, 100.0))
    assert charts.fan([row]).most == "M500,0L500,1000Z"
    assert charts.within(-1) == 0


def test_bars_fill_the_plot() -> None:
    plot = charts.histogram([3, *[0] * 19, 1])
    assert [tall for *_, tall in plot.bars if tall] == [93.75, 31.25]
    assert all(round(y + tall, 6) == 100 for _, y, _, tall in plot.bars)
    assert plot.levels[0] == ("0 %", 100.0)
    assert plot.levels[-1] == ("80 %", 0.0)


def test_best_median_and_worst_are_in_order() -> None:
    found = audit(sound())
    raws = [float(str(pick.row["raw"])) for pick in found.picks if pick.region == "chest"]
    assert raws == sorted(raws, reverse=True)
    assert [pick.role for pick in found.picks] == ["Best", "Median", "Worst"] * 2
    assert all(pick.row["purpose"] == "example" for pick in found.picks)


def test_splits_are_in_their_order_and_add_up() -> None:
    found = audit(sound())
    assert [each.name for each in found.splits] == ["train", "validation", "test"]
    assert [each.patients for each in found.splits] == list(PATIENTS.values())
    assert sum(each.examples for each in found.regions) == found.whole.examples
    assert all(sum(each.counts) == each.examples for each in found.groups)


class Outline(HTMLParser):
    """Checks that elements are closed, and collects ids and references to them."""

    VOID = frozenset({"meta", "img", "rect", "line", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wanted: list[str] = []
        self.charts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if tag not in self.VOID:
            self.open.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.wanted += found.get("aria-labelledby", "").split()
        self.wanted += [found["href"].removeprefix("#")] if "href" in found else []
        self.charts += found.get("role") == "img"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    assert len(set(parser.ids)) == len(parser.ids)
    assert set(parser.wanted) <= set(parser.ids)
    return parser


def test_page_of_a_prepared_data_set(examples: Examples, tmp_path: Path) -> None:
    text = page(examples, tmp_path)
    found: Audit = audit(examples)
    parts = outline(text)
    assert parts.charts == text.count("<title") - 1
    assert text.count("data:image/png;base64,") == len(found.picks)
    assert not re.search(r"https?://|@import|<script|<link|url\(", text)
    assert [order.weak for order in found.orders[:2]] == [1.0, 1.0]
    assert found.leaks == {"split": (), "fold": ()}


def test_second_page_is_the_same(examples: Examples, tmp_path: Path) -> None:
    assert page(examples, tmp_path) == page(examples, tmp_path)


def test_texts_are_escaped(tmp_path: Path) -> None:
    names = ("id", "shard", "patient", "region", "split", "origin", "licence")
    evil = sound(**{name: pl.lit(EVIL) for name in names}, label=4 - pl.col("label"))
    text = page(Examples(Path(EVIL), evil.table.rename({"loss_0": f"loss_{EVIL}"})), tmp_path)
    outline(text)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 8


def test_page_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="must be writable"):
        write_audit(sound(), tmp_path / "absent" / "audit.html")
    assert list(tmp_path.iterdir()) == []
