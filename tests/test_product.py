"""The product as a user meets it: the shipped model, the example scan, the command."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ctiqa
from ctiqa import Scorer
from ctiqa.hu import body_mask
from ctiqa.io import ReadOptions, find_scans, read_slice
from ctiqa.types import HuImage, ScanScore, SliceScore

ROOT = Path(__file__).parents[1]
EXAMPLE = Path(ctiqa.__file__).parent / "assets" / "example"
SHARED = ROOT.parent / "shared"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:onnxruntime")


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer()


@pytest.fixture(scope="module")
def slice_hu() -> HuImage:
    scan = find_scans([EXAMPLE], ReadOptions()).scans[0]
    return read_slice(scan.headers[4], ReadOptions()).hu


def score(scorer: Scorer, hu: HuImage) -> float:
    verdict = scorer.score(hu)
    assert isinstance(verdict, SliceScore)
    assert verdict.score is not None
    return verdict.score


def noisy(hu: HuImage, noise_hu: float) -> HuImage:
    noise = np.random.default_rng(0).standard_normal(hu.shape)
    return np.where(body_mask(hu), hu + noise_hu * noise, hu).astype(np.float32)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ctiqa.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_example_scan_is_excellent(scorer: Scorer) -> None:
    verdict = scorer.score(EXAMPLE)
    assert isinstance(verdict, ScanScore)
    assert len(verdict.slices) == 10
    assert verdict.score is not None
    assert verdict.score > 3.5
    assert verdict.interval is not None
    assert verdict.interval[0] <= verdict.score <= verdict.interval[1]


GOLDEN = (4.00, 3.371, 2.845, 2.118, 1.884, 1.507, 1.277, 0.942, 0.728, 0.322)
"""Scores of the slices of the example scan with 10, 18, 26 ... 82 HU of noise added."""


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_golden_scores_of_the_example_scan(engine: str) -> None:
    if engine == "openvino":
        pytest.importorskip("openvino", reason="the extra 'fast' is not installed")
    chosen = Scorer(engine=engine)
    headers = find_scans([EXAMPLE], ReadOptions()).scans[0].headers
    found = []
    for number, header in enumerate(headers):
        hu = read_slice(header, ReadOptions()).hu
        noise = np.random.default_rng(number).standard_normal(hu.shape)
        worse = np.where(body_mask(hu), hu + (10 + 8 * number) * noise, hu)
        found.append(score(chosen, worse.astype(np.float32)))
    np.testing.assert_allclose(found, GOLDEN, rtol=0, atol=0.02)


def test_noise_takes_the_score_through_the_scale(scorer: Scorer, slice_hu: HuImage) -> None:
    scores = [score(scorer, noisy(slice_hu, level)) for level in (0, 20, 40, 70, 150)]
    assert all(b < a - 0.15 for a, b in itertools.pairwise(scores))
    assert scores[0] > 3.5
    assert scores[-1] < 0.8


def test_the_same_bits_give_the_same_score(scorer: Scorer, slice_hu: HuImage) -> None:
    image = noisy(slice_hu, 30)
    assert score(scorer, image) == score(scorer, image.copy())


@pytest.mark.parametrize("side", [256, 300, 384, 509, 512])
def test_any_matrix_is_scored_as_it_is(scorer: Scorer, slice_hu: HuImage, side: int) -> None:
    start = (512 - side) // 2
    part = noisy(slice_hu, 40)[start : start + side, start : start + side]
    assert score(scorer, part) == pytest.approx(score(scorer, noisy(slice_hu, 40)), abs=0.6)


def test_air_is_not_judged(scorer: Scorer) -> None:
    verdict = scorer.score(np.full((512, 512), -1000, np.float32) + np.eye(512, dtype=np.float32))
    assert isinstance(verdict, SliceScore)
    assert verdict.score is None
    assert "air" in verdict.flags


def test_scoring_never_loads_torch() -> None:
    program = (
        "import sys; from ctiqa import Scorer; "
        f"Scorer(jobs=1).score({str(EXAMPLE / '05.dcm')!r}); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "False"


def shared_report(folder: str, out: Path) -> tuple[int, dict[str, Any]]:
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"../shared/{folder} is not here")
    done = run("score", str(path), "--out", str(out), "--quiet")
    return done.returncode, json.loads(out.read_text())


@pytest.mark.shared
def test_two_real_series(tmp_path: Path) -> None:
    status, report = shared_report("dicom-series", tmp_path / "r.json")
    assert status == 0
    assert [scan["n_slices"] for scan in report["scans"]] == [30, 30]
    assert all(0 <= scan["score"] <= 4 for scan in report["scans"])
    assert report["skipped"] == []


@pytest.mark.shared
def test_every_file_of_the_zoo_is_accounted_for(tmp_path: Path) -> None:
    status, report = shared_report("dicom-zoo", tmp_path / "z.json")
    assert status == 3
    scored = [s["file"] for scan in report["scans"] for s in scan["slices"]]
    skipped = [s["file"] for s in report["skipped"]]
    there = sorted(p.name for p in (SHARED / "dicom-zoo").iterdir())
    assert sorted(Path(f).name for f in scored + skipped) == there
