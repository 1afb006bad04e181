from __future__ import annotations

from pathlib import Path

import pytest

from ctiqa.calibration.table import read_readings
from ctiqa.errors import DataError


def write(folder: Path, text: str) -> Path:
    file = folder / "readers.csv"
    file.write_text(text)
    return file


def test_the_table_of_a_training_is_read_as_it_is(tmp_path: Path) -> None:
    text = "path,score,patient,reader,split\n./a/1.dcm,3,P1,A,train\na/1.dcm,2,P1,B,train\n"
    first, second = read_readings(write(tmp_path, text))
    assert (first.case, first.score, first.patient, first.reader) == ("a/1.dcm", 3.0, "P1", "A")
    assert (first.case, first.is_path) == (second.case, second.is_path) == ("a/1.dcm", True)
    assert second.where == "readers.csv:3"


def test_two_columns_are_enough(tmp_path: Path) -> None:
    (only,) = read_readings(write(tmp_path, "id,score\n1.2.3,0.5\n"))
    assert (only.case, only.is_path, only.reader, only.patient) == ("1.2.3", False, "", "")


@pytest.mark.parametrize(
    ("scale", "grades"), [((1, 5), [0.0, 1.0, 4.0]), ((5, 1), [4.0, 3.0, 0.0])]
)
def test_other_scales_are_converted_to_grades(
    scale: tuple[float, float], grades: list[float]
) -> None:
    rows = [{"id": f"1.{score}", "score": score} for score in (1, 2, 5)]
    assert [each.score for each in read_readings(rows, scale)] == grades


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("path,score\n", ["at least one line"]),
        ("path\na\n", ["lacks the column 'score'"]),
        ("score\n3\n", ["readers.csv:2: must name its case in 'path'"]),
        ("path,id,score\na,1.2,3\n", ["rename or remove a column"]),
        ("path,score,name\na,3,b\n", ["has the extra column 'name'"]),
        ("path,score\na,5\nb,x\nc,\n", ["got '5'", "got 'x'", "'score' is empty"]),
        ("path,score\na,3\na,2\n", ["readers.csv:3: a is scored already in readers.csv:2"]),
        (
            "path,score,reader\na,3,A\n./a,2,A\n",
            ["a is scored by reader A already", "remove one"],
        ),
        (
            "path,score,reader,patient\na,3,A,P1\na,2,B,P2\n",
            ["a must be of one patient, got P2 and P1"],
        ),
    ],
)
def test_all_problems_are_named(tmp_path: Path, text: str, problems: list[str]) -> None:
    with pytest.raises(DataError) as error:
        read_readings(write(tmp_path, text))
    for each in problems:
        assert each in str(error.value)


def test_rows_have_the_same_rules() -> None:
    with pytest.raises(DataError, match="row:1: lacks 'score'"):
        read_readings([{"id": "1.2"}])
    with pytest.raises(DataError, match="must hold at least one row"):
        read_readings([])
