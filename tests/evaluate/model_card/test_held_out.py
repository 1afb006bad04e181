from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.evaluate.made import scored as with_labels

from ctiqa.data.manifest import Examples
from ctiqa.data.sources.simulate import DOSE_LADDER
from ctiqa.evaluate.model_card import held_out
from ctiqa.evaluate.predictors.predictor import Images, Predictor
from ctiqa.evaluate.scale import GRADES, Scale
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.types import Floats


def scored(score: list[float] | Floats, **columns: Any) -> ScoredExamples:
    """Scores, with labels of 0 where none are given."""
    return with_labels(score, **{"label": np.zeros(len(score)), **columns})


def looking(corner: bool) -> Predictor:
    """A network that answers with one number of the pixels, twice."""

    def estimate(images: Images) -> Images:
        seen = images[:, 0, 0] if corner else images.mean(axis=(1, 2))
        answer = np.stack([seen, seen], axis=1) / 1000 + 2
        return np.asarray(answer, dtype=np.float32)

    return Predictor("looking", "model", {}, estimate=estimate, scale=GRADES)


def test_scores_and_labels_are_in_grades_within_the_scale(examples: Examples) -> None:
    chosen = examples.where(split="test", purpose="ladder")
    columns = np.array([[1, 2], [5, 6], [-1, -3]], np.float32)
    given = Predictor(
        "x", "model", {}, estimate=lambda hu: np.resize(columns, (len(hu), 2)), scale=GRADES
    )
    found = held_out.score_in_grades(given, chosen, Scale(0.0, 8.0))
    assert found.score[:3].tolist() == [1.5, 4.0, 0.0]
    assert found.spread[:3].tolist() == [0.5, 0.5, 1.0]
    assert found.label.tolist() == [v / 2 for v in chosen.column("label").tolist()]


def test_agreement_comes_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    label = rng.uniform(0, 4, 120)
    patient = np.repeat([f"p{k}" for k in range(12)], 10)
    made = scored(label + rng.normal(0, 0.3, 120), label=label, patient=patient)
    estimates = held_out.agreement_with_intervals(made, resamples=60)
    assert (estimates["n"], estimates["patients"]) == (120, 12)
    assert set(estimates) == {"n", "patients", "overall", "plcc", "srocc", "krocc", "mae", "mse"}
    for name in ("overall", "plcc", "mae"):
        low, high = estimates[name]["interval"]
        assert low < estimates[name]["value"] < high
    assert estimates["mae"]["value"] == pytest.approx(
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


def ladder(**slices: list[float]) -> ScoredExamples:
    rows = [(s, d, x) for s, xs in slices.items() for d, x in zip(DOSE_LADDER, xs, strict=True)]
    shard, dose, score = zip(*rows, strict=True)
    return scored(list(score), shard=shard, dose=dose)


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
    found = held_out.dose_monotonicity(ladder(a=FALLING, b=other))
    assert found is not None
    assert found["slices"] == slices
    assert found["pairs"] == pairs
    assert found["n_slices"] == 2


def test_pairs_are_of_doses_well_apart() -> None:
    """Seven doses make 13 pairs at least a quarter of full dose apart."""
    upset = [3.5, 3.3, 3.0, 3.8, 1.5, 1.0, 0.5]  # 25 % above 100, 75 and 50 %
    found = held_out.dose_monotonicity(ladder(a=upset))
    assert found is not None
    assert found["pairs"] == round(1 - 3 / 15, 4)


def test_a_single_dose_has_no_order() -> None:
    assert held_out.dose_monotonicity(scored([1.0, 2.0], shard=["a", "b"], dose=[1.0, 1.0])) is None


@pytest.mark.parametrize(
    ("after", "share"), [([2.0, 1.0], 1.0), ([3.0, 1.0], 1.0), ([3.1, 1.0], 0.5), ([4, 4], 0.0)]
)
def test_sharper_slices_score_no_higher(after: list[float], share: float) -> None:
    plain = scored([3.0, 2.0], shard=["a", "b"], row=[0, 0], purpose=["example"] * 2)
    # The two lists need not be in one order.
    sharper = scored(after[::-1], shard=["b", "a"], row=[1, 1], purpose=["sharper"] * 2)
    assert held_out.sharper_order(plain, sharper) == share


@pytest.mark.parametrize(("corner", "steady"), [(False, 1.0), (True, 0.0)])
def test_steadiness_knows_who_looks_at_a_corner(
    examples: Examples, corner: bool, steady: float
) -> None:
    chosen = examples.where(split="test", purpose="sharper")
    images = chosen.images()
    assert len({int(images[0][r, c]) for r in (0, -1) for c in (0, -1)}) == 4
    found = held_out.steadiness(looking(corner), chosen, GRADES)
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
