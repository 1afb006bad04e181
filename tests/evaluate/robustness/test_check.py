from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.evaluate.made import opened, rows, table_of, write_set

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.evaluate.dataset import Labelled, open_labelled
from ctiqa.evaluate.predictors.predictor import Images, Predictor, score_examples
from ctiqa.evaluate.robustness.check import robustness_report, score_change, stratified
from ctiqa.evaluate.robustness.perturbations import PERTURBATIONS
from ctiqa.evaluate.robustness.report import RobustnessReport


def predictor(estimate: Any) -> Predictor:
    return Predictor(name="made", kind="model", facts={}, estimate=estimate)


def by_mean(hu: Images) -> Any:
    """Scores by the mean of the slice: blind to flips and turns, not to what comes in."""
    return hu.mean(axis=(1, 2), dtype=np.float64)[:, None].astype(np.float32) / 250 + 4


def by_corner(hu: Images) -> Any:
    """Scores by one pixel."""
    return hu[:, :1, 0] / 250 + 4


def report(made: Predictor, labelled: Labelled, **options: Any) -> RobustnessReport:
    scored = score_examples(made, labelled.examples, labelled.scale)
    return robustness_report(made, labelled, scored, **options)


@pytest.fixture
def labelled(tmp_path: Path) -> Labelled:
    return opened(tmp_path / "set")


def test_moved_by_hand() -> None:
    found = score_change(np.array([0.0, 0.1, -0.1, 0.3, -0.5]))
    assert (found.n, found.within, found.fell, found.rose) == (5, 0.6, 0.4, 0.4)
    assert (found.mean, found.bias, found.largest) == pytest.approx((0.2, -0.04, 0.5))


def test_what_cannot_matter_does_not_and_what_matters_does(labelled: Labelled) -> None:
    found = {each.name: each for each in report(predictor(by_mean), labelled).outcomes}
    assert list(found) == [each.name for each in PERTURBATIONS]
    for name in ("flip left-right", "flip up-down", "quarter turn", "blur, σ 1 px"):
        assert found[name].moved is not None, name
        assert found[name].moved.largest < 1e-4, name  # type: ignore[union-attr]
    padded = found["field of view × 1.25 (padded)"].moved
    assert padded is not None
    # A quarter more on either side: the slice keeps 0.64 of the matrix, the rest is air.
    expected = np.abs(0.36 * labelled.label)
    assert (padded.mean, padded.largest) == pytest.approx(
        (expected.mean(), expected.max()), abs=0.01
    )
    assert padded.fell == pytest.approx(np.mean(expected > 0.05))


def test_parts_add_up_to_the_whole(labelled: Labelled) -> None:
    for outcome in report(predictor(by_mean), labelled).outcomes:
        assert outcome.moved is not None
        assert outcome.parts is not None
        for parts in outcome.parts.values():
            assert sum(part.n for part in parts.values()) == outcome.moved.n
            weighted = sum(part.n * part.mean for part in parts.values()) / outcome.moved.n
            assert weighted == pytest.approx(outcome.moved.mean)
        assert set(outcome.parts) == {"region", "scanner_kernel"}


def test_the_same_bits_again(labelled: Labelled) -> None:
    found = report(predictor(by_mean), labelled).repeated
    assert found is not None
    assert (found.same_bits, found.alone, found.largest) == (1, 1, 0)


def test_a_score_that_depends_on_its_neighbours_is_found_out(labelled: Labelled) -> None:
    def in_company(hu: Images) -> Any:
        return by_mean(hu) / 2 + 0.01 * len(hu)

    found = report(predictor(in_company), labelled, most=8).repeated
    assert found is not None
    assert (found.same_bits, found.alone) == (1, 0)
    assert found.largest == pytest.approx(0.07, abs=1e-5)


def test_a_score_that_is_never_the_same_is_found_out(labelled: Labelled) -> None:
    rng = np.random.default_rng(0)

    def restless(hu: Images) -> Any:
        return rng.uniform(1, 2, (len(hu), 1)).astype(np.float32)

    found = report(predictor(restless), labelled).repeated
    assert found is not None
    assert found.same_bits == 0


def test_sizes_a_model_cannot_take_are_told(labelled: Labelled) -> None:
    def picky(hu: Images) -> Any:
        if hu.shape[1:] != (64, 64):
            raise DataError("a slice must have 64 pixels a side")
        return by_mean(hu)

    found = {each.name: each for each in report(predictor(picky), labelled).outcomes}
    refused = {name for name, each in found.items() if each.moved is None}
    assert refused == {
        "matrix × 0.75",
        "matrix × 1.5",
        "field of view × 0.875 (cropped)",
        "field of view × 1.25 (padded)",
    }
    assert found["matrix × 1.5"].refused == "a slice must have 64 pixels a side"


def test_order_along_the_dose(labelled: Labelled) -> None:
    found = report(predictor(by_mean), labelled)
    assert set(found.monotonicity) == {"dose"}
    for order in found.monotonicity["dose"].values():
        assert (order.slices, order.strict, order.weak, order.risen) == (8, 1, 1, 0)
    assert set(found.by_part["region"]) == {"chest", "abdomen"}
    assert found.by_part["region"]["chest"]["dose"]["score"].slices == 4


def test_a_rising_score_is_an_offence(labelled: Labelled) -> None:
    def upside_down(hu: Images) -> Any:
        return 4 - by_mean(hu)

    order = report(predictor(upside_down), labelled).monotonicity["dose"]["score"]
    assert (order.strict, order.weak, order.risen) == (0, 0, 8)
    assert order.greatest == pytest.approx(0.9, abs=0.01)


def test_ladders_and_sharper_slices_are_scored_besides(tmp_path: Path) -> None:
    made = []
    for row in rows():
        made.append(row)
        if row["dose"] == 1.0:
            lower = {**row, "label": row["label"] - 0.5}
            made.append({**lower, "id": row["id"] + "s", "row": 3, "purpose": "sharper"})
            made.append(
                {**lower, "id": row["id"] + "l", "row": 4, "purpose": "ladder", "dose": 0.9}
            )
    labelled = open_labelled(write_set(tmp_path / "set", made))
    told: list[tuple[int, int]] = []
    found = report(predictor(by_mean), labelled, most=5, progress=lambda *d: told.append(d))
    assert found.sharper == 1.0
    # 1.0, 0.9, 0.5: the ladder's step down by 0.5 and the next, to 0.8 below full dose.
    assert found.monotonicity["dose"]["score"].strict == 1.0
    assert told[-1] == ((len(PERTURBATIONS) + 3) * 5 + 16,) * 2
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_table_is_only_ordered(labelled: Labelled) -> None:
    given = dict(zip(labelled.ids, labelled.label.tolist(), strict=True))
    found = report(table_of(given), labelled)
    assert (found.n, found.repeated, found.outcomes) == (0, None, ())
    assert found.monotonicity["dose"]["score"].weak == 1.0
    assert found.as_dict()["changes"] == {}


def test_figures_are_in_grades_whatever_the_scale(tmp_path: Path) -> None:
    unit = opened(tmp_path / "set", label=pl.col("label") / 4, label_scale=pl.lit("0-1"))

    def quarter(hu: Images) -> Any:
        return by_mean(hu) / 4

    found = {each.name: each for each in report(predictor(quarter), unit).outcomes}
    padded = found["field of view × 1.25 (padded)"].moved
    assert padded is not None
    assert padded.mean == pytest.approx((0.36 * 4 * unit.label).mean(), abs=0.01)


@pytest.mark.parametrize("most", [0, 1, 5, 24, 99])
def test_examples_are_spread_out(labelled: Labelled, most: int) -> None:
    chosen = stratified(labelled.examples, most)
    assert isinstance(chosen, Examples)
    assert len(chosen) == min(most, 24)
    assert chosen.table["id"].n_unique() == len(chosen)
    if most >= 5:
        assert set(chosen.table["region"]) == {"chest", "abdomen"}


def test_as_dict_has_every_change(labelled: Labelled) -> None:
    found = report(predictor(by_corner), labelled).as_dict()
    assert list(found["changes"]) == [each.name for each in PERTURBATIONS]
    # The corner of an even slice is moved away by shifts alone, and by what brings air in.
    assert found["changes"]["flip left-right"]["moved"]["within"] == 1
    assert found["changes"]["shift 7, 0 px"]["moved"]["within"] < 0.2
    assert found["orders"]["dose"]["score"]["within_level"] == 1
