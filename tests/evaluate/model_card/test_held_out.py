from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from ctiqa.data.manifest import Examples
from ctiqa.data.sources.simulate import DOSE_LADDER
from ctiqa.evaluate.model_card import held_out
from ctiqa.evaluate.model_card.held_out import Scored
from ctiqa.score.engines.engine import Engine

Images = npt.NDArray[np.float32]


def scored(score: npt.ArrayLike, **columns: object) -> Scored:
    """Scores of one member and whatever is known of the examples."""
    members = np.asarray(score, dtype=np.float32)
    members = members if members.ndim == 2 else members[:, None]
    return Scored(Examples(Path(), pl.DataFrame(columns)), members)


def residuals(n: int, seed: int) -> Scored:
    """Predictions whose error grows with the disagreement of the members."""
    rng = np.random.default_rng(seed)
    label = rng.uniform(1, 3, n)
    spread = rng.uniform(0.05, 0.3, n)
    centre = label + spread * rng.standard_normal(n)
    return scored(centre[:, None] + spread[:, None] * np.array([-1, 1]), label=label)


class Look:
    """An engine that answers with one number of the pixels, twice."""

    def __init__(self, corner: bool) -> None:
        self.corner = corner
        self.batches: list[int] = []

    def run(self, images: Images) -> Images:
        assert images.flags.c_contiguous
        assert images.dtype == np.float32
        self.batches.append(len(images))
        seen = images[:, 0, 0] if self.corner else images.mean(axis=(1, 2))
        answer = np.stack([seen, seen], axis=1) / 1000 + 2
        return np.asarray(answer, dtype=np.float32)


def test_score_and_spread_by_hand() -> None:
    made = scored([[1.0, 2.0], [5.0, 6.0], [-1.0, -3.0]], label=[1.0, 4.0, 0.0])
    assert made.score.tolist() == [1.5, 4.0, 0.0]
    assert made.spread.tolist() == [0.5, 0.5, 1.0]
    assert made.label.tolist() == [1.0, 4.0, 0.0]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_intervals_cover_what_they_promise(level: float) -> None:
    rule = held_out.calibrate(residuals(1000, 1), level)
    assert rule["level"] == level
    assert held_out.coverage(residuals(1000, 1), rule) >= level - 0.002
    assert held_out.coverage(residuals(20_000, 2), rule) == pytest.approx(level, abs=0.04)


def test_a_handful_of_patients_gives_the_widest_interval() -> None:
    few = residuals(5, 1)
    rule = held_out.calibrate(few, 0.9)
    relative = np.abs(few.score - few.label) / np.hypot(few.spread, rule["floor"])
    assert rule["quantile"] == pytest.approx(relative.max(), rel=1e-3)


def test_agreement_of_members_is_not_certainty() -> None:
    label = np.linspace(0.5, 3.5, 100)
    error = np.linspace(0.1, 0.3, 100) * np.tile([1, -1], 50)
    made = scored(label + error, label=label)
    rule = held_out.calibrate(made, 0.9)
    assert rule["floor"] == pytest.approx(0.2, abs=1e-3)
    assert rule["quantile"] * rule["floor"] == pytest.approx(0.28, abs=5e-3)
    assert held_out.coverage(made, rule) >= 0.9


def test_the_floor_is_never_nothing() -> None:
    perfect = scored([1.0, 2.0, 3.0], label=[1.0, 2.0, 3.0])
    assert held_out.calibrate(perfect, 0.9) == {"level": 0.9, "quantile": 0.0, "floor": 0.02}


def test_agreement_comes_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    label = rng.uniform(0, 4, 120)
    patient = np.repeat([f"p{k}" for k in range(12)], 10)
    made = scored(label + rng.normal(0, 0.3, 120), label=label, patient=patient)
    figures = held_out.agreement_with_intervals(made, resamples=60)
    assert (figures["n"], figures["patients"]) == (120, 12)
    assert set(figures) == {"n", "patients", "overall", "plcc", "srocc", "krocc", "mae", "mse"}
    for name in ("overall", "plcc", "mae"):
        low, high = figures[name]["interval"]
        assert low < figures[name]["value"] < high
    assert figures["mae"]["value"] == pytest.approx(
        np.abs(made.score - made.label).mean(), abs=1e-4
    )


def test_regions_by_hand() -> None:
    made = scored(
        [1.0, 2.0, 3.0, 4.0],
        label=[1.5, 2.0, 4.0, 4.0],
        region=["chest", "chest", "abdomen", "abdomen"],
        patient=["a", "b", "c", "c"],
    )
    found = held_out.by_region(made)
    assert list(found) == ["abdomen", "chest"]
    assert found["chest"] == {
        "n": 2,
        "patients": 2,
        "mae": 0.25,
        "bias": -0.25,
        "scores": [0, 0, 1, 0, 1, 0, 0, 0],
        "labels": [0, 0, 0, 1, 1, 0, 0, 0],
    }
    assert (found["abdomen"]["patients"], found["abdomen"]["bias"]) == (1, -0.5)
    assert found["abdomen"]["scores"] == [0, 0, 0, 0, 0, 0, 1, 1]


def ladder(**slices: list[float]) -> Scored:
    rows = [(s, d, x) for s, xs in slices.items() for d, x in zip(DOSE_LADDER, xs, strict=True)]
    shard, dose, score = zip(*rows, strict=True)
    return scored(score, shard=shard, dose=dose)


FALLING = [3.5, 3.3, 3.0, 2.5, 1.5, 1.0, 0.5]


@pytest.mark.parametrize(
    ("other", "slices", "pairs"),
    [
        (FALLING, 1.0, 1.0),
        # A rise of 0.04 is level; one of 0.1 between neighbours is not.
        ([3.5, 3.3, 3.0, 2.5, 1.5, 1.54, 0.5], 1.0, 1.0),
        ([3.5, 3.3, 3.0, 2.5, 1.5, 1.6, 0.5], 0.5, 1.0),
        (FALLING[::-1], 0.5, 0.5),
        ([2.0] * 7, 1.0, 1.0),
    ],
)
def test_scores_that_follow_the_dose(other: list[float], slices: float, pairs: float) -> None:
    found = held_out.dose_order(ladder(a=FALLING, b=other))
    assert found["slices"] == slices
    assert found["pairs"] == pairs
    assert found["n_slices"] == 2


def test_pairs_are_of_doses_well_apart() -> None:
    """Seven doses make 13 pairs at least a quarter of full dose apart."""
    upset = [3.5, 3.3, 3.0, 3.8, 1.5, 1.0, 0.5]  # 25 % above 100, 75 and 50 %
    assert held_out.dose_order(ladder(a=upset))["pairs"] == round(1 - 3 / 15, 4)


@pytest.mark.parametrize(
    ("after", "share"), [([2.0, 1.0], 1.0), ([3.0, 1.0], 1.0), ([3.1, 1.0], 0.5), ([4, 4], 0.0)]
)
def test_sharper_slices_score_no_higher(after: list[float], share: float) -> None:
    plain = scored([3.0, 2.0], shard=["a", "b"])
    # The two lists need not be in one order.
    sharper = scored(after[::-1], shard=["b", "a"])
    assert held_out.sharper_order(plain, sharper) == share


@pytest.mark.parametrize(("down", "right"), [*held_out.SHIFTS, (0, 0), (-3, -2)])
def test_shifts_move_down_and_right(down: int, right: int) -> None:
    hu = np.full((2, 40, 50), -1000, np.float32)
    hu[:, 20, 25] = 40
    moved = held_out.shift(down, right)(hu)
    assert np.argwhere(moved > 0).tolist() == [[k, 20 + down, 25 + right] for k in range(2)]


def test_shifts_bring_in_air() -> None:
    hu = np.full((1, 4, 4), 40, np.float32)
    moved = held_out.shift(1, -2)(hu)[0]
    assert (moved[1:, :2] == 40).all()
    assert (moved[0] == -1000).all()
    assert (moved[:, 2:] == -1000).all()


def test_examples_are_scored_in_batches_and_in_order(examples: Examples) -> None:
    chosen = examples.where(split="test", purpose="ladder")
    engine = Look(corner=False)
    found = held_out.score_examples(cast(Engine, engine), chosen, batch=4)
    images = chosen.images()
    wanted = [float(images[k].mean()) / 1000 + 2 for k in range(len(chosen))]
    np.testing.assert_allclose(found.members[:, 0], wanted, atol=1e-4)
    assert engine.batches == [4, 4, 4, 2]


@pytest.mark.parametrize(("corner", "steady"), [(False, 1.0), (True, 0.0)])
def test_steadiness_knows_who_looks_at_a_corner(
    examples: Examples, corner: bool, steady: float
) -> None:
    chosen = examples.where(split="test", purpose="sharper")
    images = chosen.images()
    assert len({int(images[0][r, c]) for r in (0, -1) for c in (0, -1)}) == 4
    found = held_out.steadiness(cast(Engine, Look(corner)), chosen)
    assert set(found) >= {"flip left-right", "flip up-down", "quarter turn", "shift 0, 5 px"}
    if not corner:
        assert {f["within_0.1"] for f in found.values()} == {steady}
    else:
        assert all(f["largest"] > 0 for f in found.values())


@pytest.mark.parametrize("artefact", [None, ["ring", None, None, None, None]])
def test_dose_and_views_leave_out_all_else(artefact: list[str | None] | None) -> None:
    more = {} if artefact is None else {"artefact": artefact}
    made = scored(
        [0.5, 1.0, 2.0, 3.0, 4.0],
        label=[0.5, 1.0, 2.0, 3.0, 4.0],
        kernel_half_per_mm=[None, 0.3, None, None, None],
        blur_mm=[0.0, 0.0, 0.7, 0.0, 0.0],
        denoise=[0.0, 0.0, 0.0, 0.4, 0.0],
        **more,
    )
    plain = held_out.dose_and_views(made)
    assert plain.score.tolist() == ([0.5, 4.0] if artefact is None else [4.0])
    assert plain.label.tolist() == plain.score.tolist()
