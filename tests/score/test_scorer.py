from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.score.made import image, phantom, write_dicom, write_series
from tests.score.tiny_model import expected_members, network, write_model

from ctiqa.errors import NothingToDoError, Reason, UsageError, WeightsError
from ctiqa.hu import WINDOWS
from ctiqa.io import find_scans
from ctiqa.score import Scorer
from ctiqa.score.engines.engine import Engine
from ctiqa.score.select import SliceRange
from ctiqa.types import ScanScore, SliceScore


def expected(tissue_hu: float) -> float:
    return float(np.mean(expected_members(phantom(tissue_hu))))


def test_slice_array_and_file_get_the_same_score(scorer: Scorer, tmp_path: Path) -> None:
    file = write_dicom(tmp_path / "a.dcm", phantom(40.0))
    from_array = scorer.score(phantom(40.0))
    scores = [
        scorer.score(image()).score,
        from_array.score,
        scorer.score(phantom(40.0)[np.newaxis]).score,
        scorer.score(file).score,
        scorer.score([str(file)]).score,
    ]
    assert scores == pytest.approx([expected(40.0)] * 5, abs=1e-5)
    assert len(set(scores)) == 1
    assert isinstance(from_array, SliceScore)


def test_stack_is_a_scan(scorer: Scorer) -> None:
    scan = scorer.score(np.stack([phantom(0.0), phantom(80.0)]))
    assert isinstance(scan, ScanScore)
    assert scan.score == pytest.approx((expected(0.0) + expected(80.0)) / 2, abs=1e-5)


def test_a_tensor_is_scored_like_its_array(scorer: Scorer) -> None:
    stack = np.stack([phantom(), phantom(40.0)])
    expected = scorer.score(stack)
    for given in (torch.from_numpy(stack), torch.from_numpy(stack)[:, None].requires_grad_()):
        found = scorer.score(given)
        assert isinstance(found, ScanScore)
        assert found == expected
    assert isinstance(scorer.score(torch.from_numpy(phantom())), SliceScore)


@pytest.mark.parametrize("several", [[phantom(), phantom(side=300)], [None], [3]])
def test_a_list_of_what_is_no_path_says_what_to_do(scorer: Scorer, several: Any) -> None:
    with pytest.raises(UsageError, match=r"a path must be .*\(numpy\.stack\), those .* one by one"):
        scorer.score(several)


def test_series_is_sorted_and_averaged(scorer: Scorer, tmp_path: Path) -> None:
    scan = scorer.score(write_series(tmp_path, 3))
    assert [each.header.z_mm for each in scan.slices] == [0, 5, 10]
    assert [each.score for each in scan.slices] == pytest.approx(
        [expected(10.0 * index) for index in range(3)], abs=1e-5
    )


def test_two_series_at_one_path_are_listed(scorer: Scorer, tmp_path: Path) -> None:
    write_series(tmp_path / "first")
    write_series(tmp_path / "second", first_hu=5.0, SeriesInstanceUID="1.2.3")
    with pytest.raises(
        UsageError, match=r"hold 2 series \(.*(first|second), .*(first|second)\); pass one of them"
    ):
        scorer.score(tmp_path)
    assert len(scorer.score_paths([tmp_path]).scans) == 2


def test_empty_folder_is_nothing_to_do(scorer: Scorer, tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="no file in"):
        scorer.score(tmp_path)


def test_missing_path_is_wrong_usage(scorer: Scorer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        scorer.score(tmp_path / "nowhere")


def test_nothing_but_refused_files(scorer: Scorer, tmp_path: Path) -> None:
    write_dicom(tmp_path / "mr.dcm", phantom(), Modality="MR")
    report = scorer.score_paths([tmp_path])
    assert report.scans == ()
    assert [each.reason for each in report.skipped] == [Reason.NOT_CT]
    with pytest.raises(NothingToDoError, match=r"no slice could be scored \(mr\.dcm: .*MR"):
        scorer.score(tmp_path)


def test_slice_that_turns_out_broken_is_skipped(scorer: Scorer, tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", 3)
    write_dicom(folder / "001.dcm", phantom(), 1, PixelData=b"\0" * 100)
    report = scorer.score_paths([folder])
    assert [each.file.name for each in report.skipped] == ["001.dcm"]
    assert [len(scan.slices) for scan in report.scans] == [2]


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_series_keeps_its_own_slices(model: Path, tmp_path: Path, jobs: int) -> None:
    for number, length in enumerate((3, 1, 4)):
        write_series(
            tmp_path / str(number),
            length,
            first_hu=2.0 * number,
            SeriesInstanceUID=f"1.2.{number}",
        )
    write_dicom(tmp_path / "0" / "001.dcm", phantom(), 1, PixelData=b"\0" * 100)
    many = Scorer(model, jobs=jobs).score_paths([tmp_path])
    for scan in many.scans:
        alone = Scorer(model, jobs=1).score_paths([scan.scan.path]).scans[0]
        assert [each.header for each in scan.slices] == [each.header for each in alone.slices]
        assert [each.score for each in scan.slices] == [each.score for each in alone.slices]
    assert sorted(len(scan.slices) for scan in many.scans) == [1, 2, 4]


def test_range_and_progress(scorer: Scorer, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    report = scorer.score_paths(
        [write_series(tmp_path, 5)],
        slices=SliceRange(1, 4),
        progress=lambda *step: seen.append(step),
    )
    assert [each.header.z_mm for each in report.scans[0].slices] == [5, 10, 15]
    assert seen[-3:] == [("scoring", done, 3) for done in (1, 2, 3)]
    assert {stage for stage, _, _ in seen} == {"reading", "scoring"}


def test_scan_of_air_is_not_scored(scorer: Scorer, tmp_path: Path) -> None:
    air = np.where(np.eye(256) > 0, -990, -1000).astype(np.float32)
    scan = scorer.score(write_dicom(tmp_path / "air.dcm", air))
    assert (scan.score, scan.interval) == (None, None)
    assert scan.flags[-2:] == ("air", "not_scored")


def test_jobs_change_nothing(model: Path, tmp_path: Path) -> None:
    folder = write_series(tmp_path, 10)
    one, two = (Scorer(model, jobs=jobs).score(folder) for jobs in (1, 2))
    assert [each.score for each in one.slices] == pytest.approx(
        [each.score for each in two.slices], abs=1e-5
    )


def test_report_names_model_and_digest(scorer: Scorer, tmp_path: Path) -> None:
    facts = scorer.score_paths([write_series(tmp_path, 1)]).model
    assert facts["name"] == scorer.card.name == "tiny"
    assert len(facts["sha256"]) == 64


def test_jobs_must_be_positive(model: Path) -> None:
    with pytest.raises(UsageError, match="'jobs' must be >= 1, got 0"):
        Scorer(model, jobs=0)


def test_altered_model_is_refused(tmp_path: Path) -> None:
    file = write_model(tmp_path)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="sha256 expected"):
        Scorer(file)


def test_window_inside_the_model_cannot_be_chosen(model: Path) -> None:
    with pytest.raises(UsageError, match=r"its own windows; leave out 1500/-600"):
        Scorer(model, window=WINDOWS["lung"])


def test_window_is_chosen_among_those_offered(tmp_path: Path) -> None:
    offered = {"matrix": [256, 1024], "selectable_windows": ["soft", "lung"]}
    file = write_model(tmp_path, input=offered, network=network((0.5, 0.6, 0.7)))
    default, soft, lung = (
        Scorer(file, window=window).score(image()).score
        for window in (None, WINDOWS["soft"], WINDOWS["lung"])
    )
    assert default == soft
    assert soft != lung
    with pytest.raises(UsageError, match="must be one of soft, lung for model 'tiny', got 80/40"):
        Scorer(file, window=WINDOWS["brain"])


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import ctiqa", ("torch", "numpy")),
        ("import ctiqa; ctiqa.Scorer", ("torch", "onnxruntime", "polars", "jinja2", "pydicom")),
        ("import ctiqa.cli", ("torch", "numpy", "onnxruntime", "scipy")),
        ("import ctiqa.score.report.outputs", ("torch", "polars", "jinja2")),
    ],
)
def test_heavy_libraries_are_not_imported(code: str, absent: tuple[str, ...]) -> None:
    check = f"{code}; import sys; print([name for name in {absent} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_network_is_loaded_once_and_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, found = [], []

    def load(*arguments: object, **keywords: object) -> object:
        loaded.append(threading.current_thread())
        return Engine(*arguments, **keywords)  # type: ignore[arg-type]

    def finding(*arguments: object, **keywords: object) -> object:
        # Headers are not read before the network has been asked for.
        found.append(made._loading is not None)
        return find_scans(*arguments, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr("ctiqa.score.scorer.Engine", load)
    monkeypatch.setattr("ctiqa.score.scorer.find_scans", finding)
    made = Scorer(write_model(tmp_path / "m"), jobs=2)
    assert not loaded
    for number in range(2):
        made.score(write_dicom(tmp_path / f"{number}.dcm", phantom(40.0 + number)))
    assert len(loaded) == 1
    assert loaded[0] is not threading.main_thread()
    assert found == [True, True]
