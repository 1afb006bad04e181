from __future__ import annotations

from pathlib import Path

import pytest
from tests.evaluate.made import write_csv

from ctiqa.errors import DataError
from ctiqa.evaluate.predictors.csv_scores import read_predictions
from ctiqa.evaluate.scale import Scale

NEEDED = ("a", "b", "c")
KNOWN = (*NEEDED, "v1", "v2")


def read(file: Path) -> dict[str, dict[str, float]]:
    return read_predictions(file, NEEDED, KNOWN, Scale())


def complaint(file: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(file)
    return str(caught.value)


def test_scores_by_method(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "ours.csv", [("a", 1), ("b", " 2.5 "), ("c", 4), ("v1", 0)])
    assert read(file) == {"ours": {"a": 1.0, "b": 2.5, "c": 4.0, "v1": 0.0}}


def test_several_methods_in_one_file(tmp_path: Path) -> None:
    made = [(name, k, method) for method in ("x", "y") for k, name in enumerate(NEEDED)]
    found = read(write_csv(tmp_path / "p.csv", made, ("id", "score", "name")))
    assert found == {method: {"a": 0.0, "b": 1.0, "c": 2.0} for method in ("x", "y")}


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    made = [("a", 1), ("a", 2), ("b", "good"), ("zz", 1), ("v1", 5), ("v2", "nan")]
    said = complaint(write_csv(tmp_path / "p.csv", made))
    for expected in (
        "1 missing examples: c",
        "1 examples that the data set does not have: zz",
        "1 examples given twice: a",
        "2 scores that are not finite numbers: line 4: 'good', line 7: 'nan'",
        "1 scores far outside 0 to 4: line 6: 5",
    ):
        assert expected in said


def test_only_the_first_of_many_are_named(tmp_path: Path) -> None:
    made = [(name, 1) for name in NEEDED] + [(f"x{k}", 1) for k in range(20)]
    assert "20 examples that the data set does not have: x0, x1" in (
        said := complaint(write_csv(tmp_path / "p.csv", made))
    )
    assert said.endswith("x7 and 12 more")


def test_the_method_with_the_problem_is_named(tmp_path: Path) -> None:
    made = [(name, 1, "x") for name in NEEDED] + [("a", 1, "y"), ("b", 1, "y")]
    said = complaint(write_csv(tmp_path / "p.csv", made, ("id", "score", "name")))
    assert "y: 1 missing examples: c" in said
    assert "x:" not in said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"id,value\na,1\n", "p.csv:1: lacks the column 'score'; add it"),
        (b"", "lacks the column 'id'; add it\n  p.csv:1: lacks the column 'score'"),
        (b"id,score\n", "must hold at least one line below the column names"),
        (b"id,score,id\na,1,b\n", "p.csv:1: has the column 'id' 2 times"),
        (b"id,score\n\xff\xfe,1\n", "must be a readable CSV file in UTF-8"),
        (b'id,score\n"a,1\n', "must be a readable CSV file in UTF-8"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes(content)
    assert expected in complaint(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "must be a readable CSV file in UTF-8: No such file" in complaint(tmp_path / "none.csv")


def test_spreadsheets_write_a_byte_order_mark_and_short_rows(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes("\ufeffid,score\na,1\nb,2\nc\n".encode())
    assert "not finite numbers: line 4: ''" in complaint(file)


def test_other_columns_are_welcome_and_a_score_may_not_overflow(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("id,score,note,,\na,1,,,\nb,2,x\nc,3,y,,,\n")
    assert read(file) == {"p": {"a": 1.0, "b": 2.0, "c": 3.0}}
    file.write_text("id,score\na,1e999\nb,2\nc,3\n")
    assert "not finite numbers: line 2: '1e999'" in complaint(file)
