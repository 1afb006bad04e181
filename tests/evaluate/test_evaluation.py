from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.evaluate.made import opened, rows, table_of, tiny, write_set

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.dataset import Labelled, open_labelled
from ctiqa.evaluate.evaluation import Evaluation, Options, evaluate
from ctiqa.evaluate.predictors.open import open_predictors
from ctiqa.evaluate.predictors.predictor import Images, Predictor
from ctiqa.evaluate.report.write_results import facts_of
from ctiqa.evaluate.statistics import estimates_of, rounded
from ctiqa.score.engines.protocol import Answers
from ctiqa.weights import IntervalRule


@pytest.fixture
def labelled(tmp_path: Path) -> Labelled:
    return opened(tmp_path / "set")


def guess(labelled: Labelled, seed: int, *, validation: bool = True) -> dict[str, float]:
    """Scores near the labels."""
    rng = np.random.default_rng(seed)
    tables = [labelled.examples.table]
    tables += [labelled.of_purpose("example", "validation").table] if validation else []
    table = pl.concat(tables)
    near = np.clip(table["label"].to_numpy() + rng.normal(0, 0.3, len(table)), 0, 4)
    return dict(zip(table["id"].to_list(), near.tolist(), strict=True))


def of_table(labelled: Labelled, *seeds: int, **options: Any) -> Evaluation:
    made = [table_of(guess(labelled, seed), f"m{seed}") for seed in seeds]
    return evaluate(made, labelled, Options(**options))


def test_metrics_are_of_the_given_scores_and_of_rounded_ones(labelled: Labelled) -> None:
    (model,) = of_table(labelled, 0).models
    assert model.given == estimates_of(model.scored)
    on_grid = model.scored.rescored(rounded(model.scored.score, None, labelled.scale))
    assert model.rounded == estimates_of(on_grid)
    assert (model.main.score == model.scored.score).all()
    assert model.given["mae"] != model.rounded["mae"]


def test_clipping_is_a_column_of_its_own_and_flatters(labelled: Labelled) -> None:
    """Scores that go on beyond a crowd of perfect labels tie with them once they are clipped."""
    label = labelled.label
    top = np.where(label > np.median(label), labelled.scale.high, label)
    table = labelled.examples.table.with_columns(label=pl.Series(top))
    crowded = replace(labelled, examples=Examples(labelled.examples.folder, table))
    noise = np.random.default_rng(0).uniform(0, 1, len(top))
    given = dict(zip(crowded.ids, (top + noise * (top == top.max())).tolist(), strict=True))
    made = Predictor(name="m", kind="predictions", facts={}, given=given)
    found = evaluate([made], crowded, Options())
    (model,) = found.models
    assert (model.scored.score > labelled.scale.high).any()
    assert model.scored.score.tolist() == list(given.values())
    assert model.given == estimates_of(model.scored)
    assert model.clipped["overall"].value > model.given["overall"].value
    assert model.clipped["mae"].value == 0 < model.given["mae"].value
    assert any("scores of m lie beyond the scale" in note for note in found.notes)


def test_rounded_scores_can_be_the_main_ones(labelled: Labelled) -> None:
    found = of_table(labelled, 0, round=True)
    (model,) = found.models
    assert np.allclose(model.main.score * 5, np.round(model.main.score * 5))
    assert (model.scored.score != model.main.score).any()
    assert found.main_estimates(model) == model.rounded != model.given
    assert any("rounded scores" in note for note in found.notes)
    assert facts_of(found)["protocol"]["main"] == "rounded"


def test_scores_are_rounded_to_the_grid_of_the_labels(tmp_path: Path) -> None:
    labelled = opened(tmp_path / "set", label=(pl.col("label") * 2).round() / 2)
    found = of_table(labelled, 0, round=True)
    assert found.step == 0.5
    assert set((found.models[0].main.score * 2).tolist()) <= set(range(9))


def test_parts_are_by_columns_that_tell_examples_apart(labelled: Labelled) -> None:
    (model,) = of_table(labelled, 0).models
    assert set(model.parts) == {"region", "scanner_kernel"}
    for parts in model.parts.values():
        assert sum(part.n for part in parts) == 24
    chest = next(part for part in model.parts["region"] if part.name == "chest")
    here = labelled.examples.column("region") == "chest"
    error = np.abs(model.main.score - labelled.label)[here].mean()
    assert (chest.n, chest.patients) == (12, 2)
    assert chest.estimates["mae"].value == pytest.approx(error)


def test_parts_tell_kinds_of_degradation_apart(tmp_path: Path) -> None:
    drawn: dict[str, Any] = {
        "denoise": 0.0,
        "kernel_half_per_mm": None,
        "blur_mm": pl.col("dose") - 0.25,
    }
    labelled = opened(tmp_path / "set", **drawn)
    (model,) = of_table(labelled, 0).models
    found = {part.name: part.n for part in model.parts["degradation"]}
    assert found == {"blur": 16, "dose and views": 8}


def test_models_are_compared_in_pairs(labelled: Labelled) -> None:
    found = of_table(labelled, 0, 1, 2)
    assert {(each.first, each.second) for each in found.differences} == {
        ("m0", "m1"),
        ("m0", "m2"),
        ("m1", "m2"),
    }
    assert of_table(labelled, 0).differences == ()


def test_the_mapping_is_fitted_on_validation_alone(labelled: Labelled) -> None:
    (model,) = of_table(labelled, 0).models
    assert model.mapping.fitted_on == 18
    without = table_of(guess(labelled, 0, validation=False))
    (lacking,) = evaluate([without], labelled, Options()).models
    assert lacking.mapping.why_not == "scores of the validation split are not given"


def test_there_may_be_no_validation_split(tmp_path: Path) -> None:
    made = [row for row in rows() if row["split"] != "validation"]
    labelled = open_labelled(write_set(tmp_path / "set", made))
    (model,) = of_table(labelled, 0).models
    assert "no validation split" in model.mapping.why_not


def test_the_validation_split_does_not_map_itself(tmp_path: Path) -> None:
    labelled = open_labelled(write_set(tmp_path / "set"), "validation")
    found = of_table(labelled, 0)
    assert found.models[0].mapping.why_not == "the validation split is what is measured"
    assert any("validation split is used in training" in note for note in found.notes)


def test_coverage_of_a_models_own_interval(tmp_path: Path, labelled: Labelled) -> None:
    predictors = open_predictors([str(tiny(tmp_path / "model"))], [], labelled, threads=1)
    (model,) = evaluate(predictors, labelled, Options()).models
    # The scores are the labels, and the interval has a floor of 2 × 0.1.
    assert model.coverage == 1
    (plain,) = of_table(labelled, 0).models
    assert plain.coverage is None


def test_coverage_by_hand(labelled: Labelled) -> None:
    shift = np.linspace(0, 0.5, 24)
    scores = iter(np.clip(labelled.label + shift, 0, 4))
    made = Predictor(
        name="m",
        kind="model",
        facts={},
        estimate=lambda hu: np.array([[next(scores)] for _ in hu], np.float32),
        interval=IntervalRule(0.9, 2.0, 0.1),
    )
    table = labelled.whole.table.filter(pl.col("split") != "validation")
    alone = Labelled(
        labelled.examples,
        type(labelled.whole)(labelled.whole.folder, table),
        labelled.split,
        labelled.scale,
        labelled.content,
    )
    (model,) = evaluate([made], alone, Options()).models
    assert model.coverage == pytest.approx(np.mean(shift <= 0.2), abs=0.05)


def test_one_patient_and_few_patients(tmp_path: Path) -> None:
    labelled = opened(tmp_path / "one", patient=pl.lit("p"))
    found = of_table(labelled, 0, 1)
    assert any("one patient" in note for note in found.notes)
    assert found.differences == ()
    assert found.models[0].given["mae"].interval is None
    few = of_table(opened(tmp_path / "few"), 0)
    assert any(note.startswith("4 patients are few") for note in few.notes)


def test_what_a_model_was_trained_on_is_asked(labelled: Labelled) -> None:
    given = guess(labelled, 0)
    for trained_on, doubted in ((None, True), ("other", True), (labelled.content, False)):
        made = Predictor(name="m", kind="predictions", facts={}, given=given, trained_on=trained_on)
        notes = evaluate([made], labelled, Options()).notes
        assert any("--trained-on leaves" in note for note in notes) is doubted


def test_progress_names_every_piece_of_work(labelled: Labelled, tmp_path: Path) -> None:
    predictors = open_predictors([str(tiny(tmp_path / "model"))], [], labelled, threads=1)
    told: list[str] = []
    done: list[tuple[int, int]] = []

    def progress(label: str) -> Any:
        told.append(label)
        return lambda *counts: done.append(counts)

    evaluate(predictors, labelled, Options(robustness=True, most=3), progress)
    assert told == ["tiny: test", "tiny: validation", "tiny: robustness"]
    assert done.count((24, 24)) == 1


def test_robustness_only_on_request(labelled: Labelled) -> None:
    assert of_table(labelled, 0).models[0].robustness is None
    assert of_table(labelled, 0, robustness=True).models[0].robustness is not None


def abstaining(labelled: Labelled, folder: Path) -> Predictor:
    """The tiny network, seeing a limb in every slice that is worse than fair."""
    (plain,) = open_predictors([str(tiny(folder))], [], labelled, threads=1)
    estimate = plain.estimate
    assert plain.card is not None
    assert estimate is not None

    def answer(hu: Images) -> Answers:
        scores = estimate(hu)
        limb = (scores.mean(axis=1) < 2)[:, None]
        regions = np.hstack([~limb, limb]).astype(np.float32)
        return Answers(scores, regions=regions, log_equivalent_noise_hu=scores[:, 0])

    card = replace(plain.card, regions=("chest", "limb"), judged=("chest",))
    return replace(plain, answer=answer, card=card)


def test_what_a_model_abstains_from_is_a_part(labelled: Labelled, tmp_path: Path) -> None:
    predictor = abstaining(labelled, tmp_path / "model")
    (found,) = evaluate([predictor], labelled, Options()).models
    (plain,) = evaluate([replace(predictor, answer=None)], labelled, Options()).models
    assert found.given == plain.given
    assert "judged" not in plain.parts
    scored, abstained = found.parts["judged"]
    assert (scored.name, abstained.name) == ("scored", "abstained")
    assert scored.n == (labelled.label >= 2).sum()
    assert abstained.n == (labelled.label < 2).sum()
    assert found.answers["judged"] == {"n": scored.n, "of": len(labelled.label)}
    assert not plain.answers


def test_users_get_clipped_scores_of_a_model(labelled: Labelled, tmp_path: Path) -> None:
    (predictor,) = open_predictors([str(tiny(tmp_path / "model"))], [], labelled, threads=1)
    estimate = predictor.estimate
    assert estimate is not None
    high = replace(predictor, estimate=lambda hu: estimate(hu) + np.float32(2))
    (found,) = evaluate([high], labelled, Options(robustness=True, most=6)).models
    assert found.scored.score.max() == 4
    assert found.given == found.clipped
