from __future__ import annotations

from pathlib import Path

import pytest

from ctiqa.calibration.match import SliceIndex
from ctiqa.calibration.scored import ScoredSlice


def scored(file: str, frame: int = 0, *, series: str = "1.3", place: str = "") -> ScoredSlice:
    return ScoredSlice(series, place or str(Path(file).parent), file, frame, f"1.2.{file}.{frame}")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    for name in ("p1/a/1.dcm", "p1/a/2.dcm", "p2/b/1.dcm", "p2/c/1.dcm"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def index(folder: Path, root: Path) -> SliceIndex:
    places = {"p1/a/1.dcm": "1.3.1", "p1/a/2.dcm": "1.3.1", "p2/b/1.dcm": "1.3.2"}
    slices = [scored(str(folder / name), series=uid) for name, uid in places.items()]
    slices += [scored(str(folder / "p2/c/1.dcm"), frame, series="1.3.3") for frame in range(3)]
    return SliceIndex(slices, {str(folder / "scout.dcm"): "it is a scout"}, root)


@pytest.mark.parametrize(
    ("case", "found"),
    [
        ("p1/a/2.dcm", (1,)),
        ("p1/a", (0, 1)),
        ("p1", (0, 1)),
        ("p2/c/1.dcm", (3, 4, 5)),
        ("p2/c/1.dcm[2]", (5,)),
        ("p2/c", (3, 4, 5)),
    ],
)
def test_paths_are_relative_to_the_table(scans: Path, case: str, found: tuple[int, ...]) -> None:
    assert index(scans, scans).find(case, is_path=True) == (found, "")


def test_the_same_file_by_another_way(scans: Path) -> None:
    (scans / "table").mkdir()
    assert index(scans, scans / "table").find("../p1/a/1.dcm", is_path=True)[0] == (0,)
    assert index(scans, Path("/elsewhere")).find(str(scans / "p1/a/1.dcm"), is_path=True)[0] == (0,)


def test_elsewhere_the_end_of_a_path_is_enough() -> None:
    found = index(Path("/data/x"), Path("/elsewhere"))
    assert found.find("a/2.dcm", is_path=True)[0] == (1,)
    assert found.find("x\\p1\\a\\2.dcm", is_path=True)[0] == (1,)
    assert found.find("c/1.dcm[1]", is_path=True)[0] == (4,)
    assert found.find("p1/a", is_path=True)[0] == (0, 1)
    assert found.find("2.dcm", is_path=True)[0] == (1,)
    assert found.find("dcm", is_path=True)[0] == ()


def test_uids_of_series_and_slices() -> None:
    found = index(Path("/x"), Path("/elsewhere"))
    assert found.find("1.3.1", is_path=False)[0] == (0, 1)
    assert found.find("1.3.2", is_path=True)[0] == (2,)
    assert found.find("1.2./x/p1/a/2.dcm.0", is_path=False)[0] == (1,)


def test_what_fits_several_series_is_not_guessed(scans: Path) -> None:
    assert "matches 2 series (1.3.2, 1.3.3)" in index(scans, scans).find("p2", is_path=True)[1]
    found = index(scans, Path("/elsewhere"))
    assert "matches 3 series" in found.find("1.dcm", is_path=True)[1]


def test_what_is_absent_has_its_reason(scans: Path) -> None:
    (scans / "scout.dcm").touch()
    (scans / "notes.txt").touch()
    found = index(scans, scans)
    assert found.find("gone.dcm", is_path=True) == ((), "no such file")
    assert found.find("notes.txt", is_path=True) == ((), "not among the scores")
    assert found.find("scout.dcm", is_path=True) == ((), "skipped: it is a scout")
    assert found.find("1.9", is_path=False)[1] == "no such slice or series among the scores"
