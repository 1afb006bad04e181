from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure as Drawing
from tests.evaluate.made import opened, scored, table_of, tiny
from tests.evaluate.test_evaluation import abstaining
from tests.evaluate.test_statistics import made
from tests.html_page import EVIL, read_page, without_pictures

from ctiqa.data.manifest import SHOWS
from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.evaluation import Evaluation, Options, evaluate
from ctiqa.evaluate.pages.drawing import inline_svg
from ctiqa.evaluate.predictors.open import open_predictors
from ctiqa.evaluate.report import charts
from ctiqa.evaluate.report.page import evaluation_page, interval, number_text, percent
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.evaluate.statistics import MetricEstimate

WHEN = datetime(2026, 11, 21, tzinfo=UTC)


def near(labelled: Labelled, seed: int) -> dict[str, float]:
    noise = np.random.default_rng(seed).normal(0, 0.3, 24)
    scores = labelled.scale.clip(labelled.label + noise * labelled.scale.grade)
    return dict(zip(labelled.ids, scores.tolist(), strict=True))


def text_of(evaluation: Evaluation) -> str:
    return evaluation_page(evaluation, "ctiqa evaluate x --data d", WHEN).decode()


@pytest.fixture
def labelled(tmp_path: Path) -> Labelled:
    return opened(tmp_path / "set")


def test_a_whole_page_of_two_models(tmp_path: Path, labelled: Labelled) -> None:
    predictors = open_predictors([str(tiny(tmp_path / "model"))], [], labelled, threads=1)
    rival = table_of(near(labelled, 0), "rival")
    text = text_of(evaluate([*predictors, rival], labelled, Options(robustness=True, most=6)))
    assert read_page(text).counts["section"] == 4
    shown = html.unescape(text)
    for expected in ("Side by side", "tiny − rival", "flip left-right", "As the dose falls"):
        assert expected in shown
    assert "nan" not in without_pictures(text).lower()


@pytest.mark.parametrize("shows", [False, True])
def test_other_answers_are_shown(tmp_path: Path, shows: bool) -> None:
    """Whether or not the data set says what its slices show."""
    labelled = opened(tmp_path / "set", **({SHOWS: pl.lit("chest")} if shows else {}))  # type: ignore[arg-type]
    model = abstaining(labelled, tmp_path / "model")
    shown = text_of(evaluate([model], labelled, Options(robustness=True, most=4)))
    read_page(shown)
    assert "Other answers" in shown
    assert "Judged by the model" in shown
    assert ("not meant to score" in shown) == shows
    plain = replace(model, answer=None)
    assert "Other answers" not in text_of(evaluate([plain], labelled, Options()))


def test_what_was_found_is_what_is_shown(labelled: Labelled) -> None:
    found = evaluate([table_of(near(labelled, 1))], labelled, Options())
    text = html.unescape(text_of(found))
    (model,) = found.models
    for each in (*model.given.values(), *model.clipped.values(), *model.rounded.values()):
        assert number_text(each.value) in text
        assert interval(each) in text
    for part in (*model.bands, *model.parts["region"]):
        assert f"{part.estimates['mae'].value:.3f}" in text
    assert "Side by side" not in text
    assert labelled.content in text
    assert "ctiqa evaluate x --data d" in text


def test_texts_of_files_cannot_act(tmp_path: Path) -> None:
    marked = opened(
        tmp_path / "set", region=pl.lit(EVIL), scanner_kernel=pl.lit(EVIL) + pl.col("id")
    )
    text = text_of(evaluate([table_of(near(marked, 2), EVIL)], marked, Options(robustness=True)))
    read_page(text)
    assert EVIL not in text
    assert html.escape(EVIL, quote=False).split("(")[0] in text


def test_ticks_and_errors_are_in_units_of_the_labels(tmp_path: Path) -> None:
    unit = opened(tmp_path / "set", label=pl.col("label") / 4, label_scale=pl.lit("0-1"))
    text = text_of(evaluate([table_of(near(unit, 3))], unit, Options()))
    assert ">0.75</text>" in text
    assert "0 to 1, higher is better" in text


def test_pixels_that_are_gone_are_said_to_be_gone(labelled: Labelled) -> None:
    found = evaluate([table_of(near(labelled, 4))], labelled, Options())
    for file in (labelled.examples.folder / "shards").iterdir():
        file.unlink()
    assert "could not be read" in text_of(found)


def axes_of(figure: Drawing) -> Any:
    (axes,) = figure.axes
    return axes


def dots_of(figure: Drawing) -> npt.NDArray[np.float64]:
    """Places of the dots, in units of the axes."""
    (patch,) = axes_of(figure).patches
    return np.asarray(patch.get_path().vertices[::2])


def test_dots_lie_at_score_and_label() -> None:
    pairs = scored([0.0, 4.0, 1.0], [4.0, 4.0, 2.0])
    assert dots_of(charts.scatter(pairs)).tolist() == [[4, 0], [4, 4], [2, 1]]
    plot = charts.bland_altman(pairs)
    assert dots_of(plot).tolist() == [[2, -4], [4, 0], [1.5, -1]]
    levels = [each.get_text() for each in plot.axes[0].get_yticklabels()]
    assert levels == ["+4", "+2", "0", "−2", "−4"]


def test_limits_of_agreement_by_hand() -> None:
    error = np.array([0.1, -0.2, 0.3, 0.0, 0.15])
    label = np.full(5, 2.0)
    pairs = scored(label + error, label)
    bias, spread = error.mean(), 1.96 * error.std(ddof=1)
    wanted = [bias + spread, bias, bias - spread]
    assert list(charts.limits_of_agreement(pairs).values()) == pytest.approx(wanted)
    axes = axes_of(charts.bland_altman(pairs))
    assert [line.get_ydata()[0] for line in axes.lines] == pytest.approx(wanted)
    assert axes.get_ylim() == (-0.5, 0.5)


def test_means_are_of_half_grades_with_enough_examples() -> None:
    label = np.array([*[0.1] * 5, *[0.6] * 4, *[4.0] * 6])
    pairs = scored(np.minimum(label + 0.2, 4), label, patient=np.arange(15) % 3)
    axes = axes_of(charts.scatter(pairs))
    means = [line.get_xydata()[0].tolist() for line in axes.lines if line.get_marker() == "o"]
    assert means == [pytest.approx([0.1, 0.3]), pytest.approx([4, 4])]


def test_a_mean_has_its_interval() -> None:
    pairs = made(40, 8, 1)
    at, mean, low, high = charts.mean_score(pairs)
    assert at == pytest.approx(pairs.label.mean())
    assert mean == pytest.approx(pairs.score.mean())
    assert low < mean < high


@pytest.mark.parametrize("seed", range(5))
def test_everything_is_drawn_inside(seed: int) -> None:
    pairs = made(30, 4, seed)
    for figure in (charts.scatter(pairs), charts.bland_altman(pairs)):
        places = dots_of(figure)
        (left, right), (low, high) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
        assert len(places) == 30
        assert ((places >= (left, low)) & (places <= (right, high))).all()


def test_drawings_are_the_same_every_time_and_name_nothing_twice() -> None:
    """And take nothing from the network: neither scripts, nor fonts, nor names of formats."""
    pairs = made(200, 4, 0)
    first, again = (inline_svg(charts.scatter(pairs), "a", "T < U", 'D "E"') for _ in range(2))
    assert first == again
    other = inline_svg(charts.scatter(pairs), "b", "T", "D")
    names = [re.findall(r' id="([^"]*)"', each) for each in (first, other)]
    assert len({*names[0], *names[1]}) == len(names[0]) + len(names[1])
    assert "T &lt; U" in first
    assert "http" not in first
    assert "<style" not in first, "its rules would be for the whole page"
    assert all(f"#{each}" in first for each in names[0] if not each.startswith("a-"))
    (dots,) = (path for path in re.findall(r' d="([^"]*)"', first) if path.count("M") > 100)
    assert dots.count("M") == 200, "none is left out as too near to another"


def test_the_worst_come_first_and_each_slice_once(labelled: Labelled) -> None:
    error = np.zeros(24)
    error[[0, 1, 6, 9]] = [-0.9, -0.8, -0.5, -0.7]
    label = labelled.label
    model = ScoredExamples(labelled.examples, labelled.scale, label + error, label, error)
    found = charts.disagreements(model, above=False)
    assert [each.row["id"] for each in found] == [labelled.ids[k] for k in (0, 9, 6)]
    assert charts.disagreements(model, above=True) == ()


def test_scores_follow_the_dose_class_by_class(labelled: Labelled) -> None:
    found = evaluate([table_of(near(labelled, 5))], labelled, Options())
    relations = charts.following(found.models[0].scored)
    # All slices have one view count: there is nothing to follow.
    assert {(each.region, each.column) for each in relations} == {
        ("chest", "dose"),
        ("abdomen", "dose"),
    }
    table = labelled.examples.table.with_columns(score=pl.Series(found.models[0].scored.score))
    for relation in relations:
        assert [row.name for row in relation.rows] == ["100 %", "50 %", "25 %"]
        here = table.filter(region=relation.region, dose=0.5)
        assert relation.rows[1].label == pytest.approx(here["label"].median())
        assert relation.rows[1].score[2] == pytest.approx(here["score"].median())


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.12345, "0.123"), (-0.0004, "0.000"), (-1.5, "−1.500")],
)
def test_numbers(value: float, expected: str) -> None:
    assert number_text(value) == expected
    assert interval(MetricEstimate(0.0, (value, 1.0))) == f"{expected} to 1.000"


@given(st.floats(0, 1))
def test_only_all_is_all(share: float) -> None:
    assert (percent(share) == "100 %") is (share == 1)
    assert (percent(share) == "0 %") is (share == 0)
