from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.evaluate.made import opened, rows, write_set

from ctiqa.data.manifest import HEADER, SHARDS
from ctiqa.errors import DataError
from ctiqa.evaluate.dataset import content_of, open_labelled


def only(name: str, value: object) -> pl.Expr:
    """A column with a value for one example of the test split, unchanged for the others."""
    return (
        pl.when(pl.col("id") == "test0-000-native-000").then(pl.lit(value)).otherwise(pl.col(name))
    )


def test_the_examples_of_one_split(tmp_path: Path) -> None:
    found = opened(tmp_path / "set")
    assert (len(found.examples), found.patients) == (24, 4)
    assert found.ids[0] == "test0-000-native-000"
    assert found.scale.as_list() == [0, 4]
    assert set(found.patient.tolist()) == {"test0", "test1", "test2", "test3"}


def test_checks_are_not_examples(tmp_path: Path) -> None:
    made = [*rows(), {**rows()[0], "id": "x", "row": 0, "purpose": "ladder"}]
    found = open_labelled(write_set(tmp_path / "set", made))
    assert len(found.examples) == 24
    assert len(found.of_purpose("ladder")) == 1
    assert len(found.of_purpose("example", "validation")) == 18


def test_all_problems_at_once(tmp_path: Path) -> None:
    folder = write_set(
        tmp_path / "set", label=only("label", float("nan")), patient=only("patient", "")
    )
    with pytest.raises(DataError) as caught:
        open_labelled(folder)
    message = str(caught.value)
    assert "without a label: test0-000-native-000" in message
    assert "without a patient: test0-000-native-000" in message


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_no_label_is_no_label(tmp_path: Path, value: float | None) -> None:
    with pytest.raises(DataError, match="without a label"):
        opened(tmp_path / "set", label=only("label", value))


def test_labels_that_are_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="all 24 labels are 2; agreement needs labels that differ"):
        opened(tmp_path / "set", label=pl.lit(2.0))


def test_too_few_examples(tmp_path: Path) -> None:
    made = [row for row in rows() if row["split"] != "test"] + rows()[:2]
    with pytest.raises(DataError, match="at least 3 examples, got 2"):
        open_labelled(write_set(tmp_path / "set", made))


def test_labels_beyond_their_scale(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="24 labels lie outside the scale"):
        opened(tmp_path / "set", label_scale=pl.lit("0-1"), label=pl.col("label") + 1)


def test_labels_on_two_scales(tmp_path: Path) -> None:
    scale = pl.when(pl.col("patient") == "test0").then(pl.lit("0-1")).otherwise(pl.lit("0-4"))
    with pytest.raises(DataError, match=r"different scales \(0-1, 0-4\)"):
        opened(tmp_path / "set", label_scale=scale)


@pytest.mark.parametrize("split", ["tset", "fold"])
def test_unknown_split(tmp_path: Path, split: str) -> None:
    folder = write_set(tmp_path / "set")
    with pytest.raises(DataError, match=f"one of train, validation, test, got '{split}'"):
        open_labelled(folder, split)


def test_natural_images_are_refused(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    for file in (folder / SHARDS).glob("*.hu.npy"):
        file.rename(file.with_name(file.name.replace(".hu.", ".rgb.")))
    with pytest.raises(DataError, match="natural images"):
        open_labelled(folder)


def test_patients_that_were_trained_on_are_left_out(tmp_path: Path) -> None:
    other = [
        {**row, "patient": row["patient"].replace("train", "test"), "split": row["split"]}
        for row in rows()
        if row["split"] != "test"
    ]
    trained = write_set(tmp_path / "trained", other)
    found = open_labelled(write_set(tmp_path / "set"), trained_on=trained)
    assert found.left_out == ("test0", "test1")
    assert found.patients == 2
    assert not {"test0", "test1"} & set(found.patient.tolist())


def test_patients_in_two_splits_are_named(tmp_path: Path) -> None:
    torn = [{**row, "patient": row["patient"].replace("train1", "test3")} for row in rows()]
    assert open_labelled(write_set(tmp_path / "torn", torn)).shared == ("test3",)
    assert open_labelled(write_set(tmp_path / "whole")).shared == ()


def test_nothing_is_left(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    with pytest.raises(DataError, match="every patient was trained on"):
        open_labelled(folder, "train", trained_on=folder)


def test_the_hash_is_that_of_the_header_or_of_the_manifest(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    bare = content_of(folder)
    assert len(bare) == 64
    (folder / HEADER).write_text(json.dumps({"recipe": {}, "content_sha256": "abc"}))
    assert content_of(folder) == "abc"


def test_labels_are_floats(tmp_path: Path) -> None:
    assert opened(tmp_path / "set").label.dtype == np.float64
