from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ctiqa.errors import OutputError, UsageError
from ctiqa.evaluate.report.distiliqa_csv import write_accumulate_metrics, write_eval_info
from ctiqa.metrics.agreement.coefficients import agreement

LABEL = np.array([0.0, 1.0, 2.0, 4.0])
SCORE = np.array([0.5, 1.0, 1.5, 3.0])


def lines(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def test_every_image_under_the_authors_columns(tmp_path: Path) -> None:
    file = write_eval_info(tmp_path, ["a/1.dcm", "a,b/2.dcm", "ü", "d"], LABEL, SCORE)
    assert file == tmp_path / "eval_info.csv"
    assert lines(file) == [
        ["", "patient", "true", "pred"],
        ["0", "a/1.dcm", "0", "0.5"],
        ["1", "a,b/2.dcm", "1", "1"],
        ["2", "ü", "2", "1.5"],
        ["3", "d", "4", "3"],
    ]


def test_further_columns_stand_behind(tmp_path: Path) -> None:
    file = write_eval_info(
        tmp_path,
        ["a", "b"],
        [1.0, 2.0],
        [1.0, math.nan],
        further={"split": ["test", "test"], "spread": [0.1, math.nan]},
    )
    assert lines(file) == [
        ["", "patient", "true", "pred", "split", "spread"],
        ["0", "a", "1", "1", "test", "0.1"],
        ["1", "b", "2", "", "test", ""],
    ]


def test_scores_are_read_back_as_they_were(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    label, score = rng.uniform(0, 4, (2, 200)).astype(np.float32)
    file = write_eval_info(tmp_path, [str(k) for k in range(200)], label, score)
    table = pl.read_csv(file)
    assert np.array_equal(table["true"].to_numpy().astype(np.float32), label)
    assert np.array_equal(table["pred"].to_numpy().astype(np.float32), score)


def test_the_agreement_under_the_authors_columns(tmp_path: Path) -> None:
    file = write_accumulate_metrics(tmp_path, agreement(SCORE, LABEL))
    assert file == tmp_path / "accumulate_metrics.csv"
    header, row = lines(file)
    # The blank behind "overall " is the authors'.
    assert header == ["", "overall ", "plcc", "srocc", "krocc", "mae", "mse"]
    assert row[0] == "0"
    found = dict(zip(header[1:], map(float, row[1:]), strict=True))
    # e = 0.5, 0, -0.5, -1: absolute 0.5 and squared 0.375 on the average; the order is right.
    plcc = np.corrcoef(SCORE, LABEL)[0, 1]
    assert found == pytest.approx(
        {"overall ": plcc + 2, "plcc": plcc, "srocc": 1, "krocc": 1, "mae": 0.5, "mse": 0.375}
    )


def test_an_inverted_network_shows(tmp_path: Path) -> None:
    header, row = lines(write_accumulate_metrics(tmp_path, agreement(-SCORE, LABEL)))
    found = dict(zip(header[1:], map(float, row[1:]), strict=True))
    assert found["srocc"] == found["krocc"] == -1
    assert found["overall "] == pytest.approx(2 - found["plcc"])


@pytest.mark.parametrize("name", ["/data/1.dcm", "C:\\data\\1.dcm", "\\\\server\\share\\1.dcm"])
def test_a_folder_that_may_be_moved_names_no_place(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"names must be relative.*1 in all"):
        write_eval_info(tmp_path, ["a", name], [1.0, 2.0], [1.0, 2.0])
    assert list(tmp_path.iterdir()) == []


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write_eval_info(tmp_path, ["/a"], [1.0, 2.0], [1.0], further={"pred": [1.0]})
    said = str(caught.value)
    assert "'pred' is a published column" in said
    assert "of one length, got {'patient': 1, 'true': 2, 'pred': 1}" in said
    assert "names must be relative, got '/a'" in said


def test_what_was_there_stays_where_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "eval_info.csv").mkdir()
    with pytest.raises(OutputError):
        write_eval_info(tmp_path, ["a"], [1.0], [1.0])
    assert [file.name for file in tmp_path.iterdir()] == ["eval_info.csv"]
