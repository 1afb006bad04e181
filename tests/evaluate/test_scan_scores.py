from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from tests.data.collection import patient_slice
from tests.evaluate.made import opened, rows, write_set

from ctiqa.evaluate.dataset import Labelled, open_labelled
from ctiqa.evaluate.scan_scores import AGGREGATIONS, body_areas, scan_agreement, scans_of
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.hu import body_mask
from ctiqa.types import Floats


def table(*made: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{"patient": "p", "shard": "s", **row} for row in made])


def groups(*made: dict[str, Any]) -> list[list[int]] | None:
    found = scans_of(table(*made))
    return None if found is None else [group.tolist() for group in found]


def test_slices_of_a_series_at_one_dose_are_a_scan(tmp_path: Path) -> None:
    labelled = opened(tmp_path / "set")
    found = scans_of(labelled.examples.table)
    assert found is not None
    assert len(found) == 12
    for group in found:
        part = labelled.examples.table[group.tolist()]
        assert part["patient"].n_unique() == part["dose"].n_unique() == 1
        assert part["shard"].n_unique() == 2


def test_folders_and_volumes_are_scans() -> None:
    assert groups({"file": "a/1.dcm"}, {"file": "b/1.dcm"}, {"file": "a/2.dcm"}) == [[0, 2]]
    volume = [{"file": "v.nii", "frame": k} for k in range(3)]
    assert groups(*volume, {"file": "w.nii", "frame": 0}) == [[0, 1, 2]]
    published = [{"file": "", "published_path": f"full/C1/{k}.dcm", "dose": 1.0} for k in range(2)]
    assert groups(*published, {**published[0], "dose": 0.5}) == [[0, 1]]


def test_patients_and_reconstructions_are_not_mixed() -> None:
    made = [{"file": "a/1.dcm"}, {"file": "a/2.dcm", "patient": "q"}]
    assert groups(*made) == []
    named = [{"shard": f"x-{k:03d}-{kind}", "variant": kind} for k in (0, 1) for kind in ("a", "b")]
    assert groups(*named) == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    "row", [{"shard": "no number"}, {"file": "image/0001.tif", "source": "ldctiqac2023"}]
)
def test_where_scans_are_not_known(row: dict[str, Any]) -> None:
    assert groups(row, row) is None


def with_scores(labelled: Labelled, score: Floats) -> ScoredExamples:
    return ScoredExamples(
        labelled.examples, labelled.scale, score, labelled.label, np.zeros_like(score)
    )


def test_agreement_of_scans_by_hand(tmp_path: Path) -> None:
    labelled = opened(tmp_path / "set")
    score = labelled.scale.clip(labelled.label + np.tile([0.1, -0.2, 0.3, 0.0], 6))
    found = scan_agreement(with_scores(labelled, score))
    assert (found.scans, found.slices, found.patients) == (12, 24, 4)
    assert found.estimates is not None
    assert tuple(found.estimates) == AGGREGATIONS
    means = (
        labelled.examples.table.with_columns(score=pl.Series(score))
        .group_by("patient", "dose")
        .agg(pl.col("score").mean(), pl.col("label").mean())
    )
    expected = stats.kendalltau(means["score"].to_numpy(), means["label"].to_numpy()).statistic
    estimates = found.estimates["mean"]
    assert estimates["krocc"].value == pytest.approx(expected)
    error = (means["score"] - means["label"]).abs().mean()
    assert estimates["mae"].value == pytest.approx(error)
    assert found.estimates["area-weighted"]["mae"].value == pytest.approx(error)
    # With two slices the worst tenth is the worse one.
    worst = (
        labelled.examples.table.with_columns(score=pl.Series(score))
        .group_by("patient", "dose")
        .agg(pl.col("score").min(), pl.col("label").min())
    )
    assert found.estimates["worst-tenth"]["bias"].value == pytest.approx(
        (worst["score"] - worst["label"]).mean()
    )


def test_single_slices_make_no_scan(tmp_path: Path) -> None:
    made = [row for row in rows() if "-000-" in row["shard"]]
    labelled = open_labelled(write_set(tmp_path / "set", made))
    perfect = scan_agreement(with_scores(labelled, labelled.label))
    assert "0 scans have two slices or more" in perfect.why_not


def test_unknown_scans_are_said_to_be_unknown(tmp_path: Path) -> None:
    labelled = opened(tmp_path / "set", source=pl.lit("ldctiqac2023"))
    perfect = scan_agreement(with_scores(labelled, labelled.label))
    assert "does not say which slices" in perfect.why_not


def test_areas_are_of_the_patient(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", side=128)
    hu = patient_slice(3)
    np.save(folder / "shards" / "test0-000-native.hu.npy", np.round([hu] * 3).astype(np.int16))
    areas = body_areas(open_labelled(folder).examples)
    assert areas[:3].tolist() == [body_mask(hu).sum()] * 3
    assert (areas >= 1).all()
