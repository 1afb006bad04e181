"""Series in files and folders: what has a curve, and what is skipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.dose_curve.made import SPACING, body, score
from tests.score.made import write_dicom

from ctiqa.data.simulation.filters import gaussian_filtered
from ctiqa.dose_curve.plan import Plan
from ctiqa.dose_curve.result import DoseCurves
from ctiqa.dose_curve.run import Means, dose_curves
from ctiqa.errors import NothingToDoError
from ctiqa.io import find_scans
from ctiqa.score.select import SliceRange, select
from ctiqa.types import Slice, SliceScore

PLAN = Plan(doses=(0.2,), draws=1, samples=2)


class Scorer:
    """Measures noise; abstains from slices whose tissue is dark, as from a head."""

    card = SimpleNamespace(name="m", version="1", noise=None)

    def find(self, paths: Any, options: Any, *, slices: Any, progress: Any) -> Any:
        found = find_scans([Path(paths)], options)
        scans, lost = select(found.scans, slices)
        return replace(found, scans=scans, skipped=(*found.skipped, *lost))

    def score(self, image: Slice) -> SliceScore:
        if image.hu[100:120, 100:120].mean() < 0:
            return SliceScore(image.header, None, None, ("region",), region="head")
        return score(image)


def series(folder: Path, uid: str, count: int, *, darker: float = 0.0, **facts: Any) -> Path:
    for index in range(count):
        hu = np.maximum(body(seed=index) - np.float32(darker), -1024)
        write_dicom(
            folder / f"{index}.dcm",
            hu,
            index,
            PixelSpacing=[SPACING, SPACING],
            SeriesInstanceUID=uid,
            **facts,
        )
    return folder


def run(root: Path, progress: Any = None, chosen: SliceRange | None = None) -> DoseCurves:
    pytest.importorskip("numba")
    scorer: Any = Scorer()
    return dose_curves(str(root), PLAN, Means(scorer, jobs=2, progress=progress), chosen=chosen)


def test_every_series_has_a_curve_or_a_reason(tmp_path: Path) -> None:
    series(tmp_path / "body", "1.2.3", 5)
    series(tmp_path / "head", "1.2.4", 2, darker=200)
    (tmp_path / "note.dcm").write_bytes(b"no image")
    told: list[tuple[str, int, int]] = []
    found = run(tmp_path, lambda *step: told.append(step))
    (only,) = found.series
    assert only.scan.series_uid == "1.2.3"
    assert len(only.slices) == 2
    assert [each.header.z_mm for each in only.slices] == sorted(
        each.header.z_mm or 0 for each in only.slices
    )
    assert {each.reason for each in found.skipped} == {"region", "unknown_format"}
    head = next(each for each in found.skipped if each.reason == "region")
    assert (head.series_uid, head.frame) == ("1.2.4", None)
    assert "2 × not scored" in head.detail
    assert found.lost
    assert told[0] == ("simulating", 0, 4)
    assert told[-1] == ("simulating", 4, 4)


def test_slices_without_a_score_do_not_cost_the_series(tmp_path: Path) -> None:
    series(tmp_path, "1.2.3", 2)
    write_dicom(
        tmp_path / "9.dcm",
        np.maximum(body() - np.float32(200), -1024),
        9,
        PixelSpacing=[SPACING, SPACING],
        SeriesInstanceUID="1.2.3",
    )
    found = run(tmp_path)
    assert len(found.series[0].slices) == 2
    assert [each.reason for each in found.left_out] == ["region"]
    assert "1 of 3 slices looked at" in "\n".join(found.series[0].warnings)
    assert not found.lost


@pytest.mark.parametrize(("filtered", "curves"), [(3, 0), (2, 0), (1, 1)])
def test_a_filter_recognised_in_half_of_the_slices_is_that_of_the_series(
    tmp_path: Path, filtered: int, curves: int
) -> None:
    series(tmp_path / "other", "1.2.5", 1)
    for index in range(4):
        hu = body(seed=index)
        smooth = gaussian_filtered(hu, 1.5) if index < filtered else hu
        place = tmp_path / "series" / f"{index}.dcm"
        write_dicom(
            place, smooth, index, PixelSpacing=[SPACING, SPACING], SeriesInstanceUID="1.2.3"
        )
    found = run(tmp_path)
    assert len(found.series) == 1 + curves
    if not curves:
        (whole,) = found.skipped
        assert (whole.reason, whole.series_uid) == ("filtered", "1.2.3")
        assert f"{filtered} × the image was filtered" in whole.detail


def test_a_range_limits_the_slices(tmp_path: Path) -> None:
    series(tmp_path, "1.2.3", 6)
    found = run(tmp_path, chosen=SliceRange(0, 1))
    assert [each.header.source.file.name for each in found.series[0].slices] == ["0.dcm"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: series(folder, "1.2.3", 1, darker=200), "not scored"),
        (lambda folder: (folder / "a.dcm").write_bytes(b"x"), "no series has a dose curve"),
    ],
)
def test_without_any_curve_there_is_an_error(
    tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(tmp_path)
    with pytest.raises(NothingToDoError, match=words):
        run(tmp_path)
