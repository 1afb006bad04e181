"""The tool that orders real pairs: which pairs it finds, and how it counts them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.score.made import header
from tools import real_pairs
from tools.real_pairs import Measured, Pair

from ctiqa.errors import UsageError
from ctiqa.types import SliceScore

SERIES: dict[str, dict[str, Any]] = {
    "thick": {"kernel": "B20f", "slice_thickness_mm": 5, "kvp": 120, "exposure_mas": 100},
    "thin": {"kernel": "B20f", "slice_thickness_mm": 2, "kvp": 120, "exposure_mas": 100},
    "sharp": {"kernel": "B60f", "slice_thickness_mm": 5, "kvp": 120, "exposure_mas": 100},
    "other": {"kernel": "B60f", "slice_thickness_mm": 1, "patient_id": "q"},
}
"""One patient thrice, and another."""

ALWAYS = {"patient_id": "p", "region": "chest", "n_slices": 1, "licence": "CC0", "origin": "here"}


def collection(root: Path) -> Path:
    records = [{"file": f"{name}.npz", **ALWAYS, **facts} for name, facts in SERIES.items()]
    for record in records:
        np.savez(root / record["file"], hu=np.zeros((1, 8, 8), np.int16))
    (root / "index.json").write_text(json.dumps(records))
    return root


def pair(
    quiet: tuple[float | None, float | None], noisy: tuple[float | None, float | None]
) -> Pair:
    return Pair("p", "B20f 5 mm, 2 mm", None, Measured(*quiet), Measured(*noisy))


def test_a_sharper_kernel_or_a_thinner_slice_makes_a_pair(tmp_path: Path) -> None:
    noise = {"thick": 10.0, "thin": 15.0, "sharp": 40.0}
    found = list(
        real_pairs.pairs(collection(tmp_path), lambda each: Measured(None, noise[each.name]))
    )
    known = {(each.quiet.noise_hu, each.noisy.noise_hu): each.expected for each in found}
    assert known == {(10.0, 15.0): pytest.approx(math.sqrt(2.5)), (10.0, 40.0): None}
    assert {each.by_noise for each in found} == {"right"}


@pytest.mark.parametrize(
    ("quiet", "noisy", "by_score", "by_noise"),
    [
        ((3.0, 30.0), (2.0, 60.0), "right", "right"),
        ((2.0, 60.0), (3.0, 30.0), "wrong", "wrong"),
        ((4.0, 8.0), (3.96, 9.0), "equal", "right"),
        ((4.0, 8.0), (3.99, 7.0), "equal", "wrong"),
        ((3.0, None), (2.98, None), "right", None),
        ((None, 9.0), (3.0, 18.0), None, "right"),
    ],
)
def test_equivalent_noise_orders_what_the_score_calls_equal(
    quiet: tuple[float | None, float | None],
    noisy: tuple[float | None, float | None],
    by_score: str | None,
    by_noise: str | None,
) -> None:
    made = pair(quiet, noisy)
    assert (made.by_score, made.by_noise) == (by_score, by_noise)


def test_the_summary_counts_both_orders_and_compares_with_physics() -> None:
    made = [
        Pair("p", "dose", 2.0, Measured(3.0, 30.0), Measured(2.0, 57.0)),
        Pair("p", "dose", 2.0, Measured(4.0, 8.0), Measured(4.0, 18.0)),
        pair((2.0, 60.0), (3.0, 30.0)),
    ]
    text = real_pairs.summary("not trained on", made)
    assert "by score 1 of 2 in order, 1 equal" in text
    assert "by equivalent noise 2 of 3 in order; median ratio 1.90" in text
    assert "where physics gives it, 2.08, expected 2.00 (n=2)" in text


def test_a_model_without_equivalent_noise_is_ordered_by_score_alone() -> None:
    made = [pair((3.0, None), (2.0, None)), pair((None, None), (2.0, None))]
    text = real_pairs.summary("not trained on", made)
    assert text.endswith("1 not scored; the model does not estimate equivalent noise\n")
    assert "| 3.00 → 2.00 | right | – → – | – | – | – |" in real_pairs.row(made[0], "x")


NOISE = {"full": (10.0, 20.0), "low": (19.0, 44.0), "short": (19.0,)}


class Scorer:
    """Knows the equivalent noise of every folder."""

    def score_paths(self, folder: Path) -> Any:
        slices = [
            SliceScore(header(k), 3.0, None, equivalent_noise_hu=noise)
            for k, noise in enumerate(NOISE[folder.name])
        ]
        return SimpleNamespace(
            scans=[SimpleNamespace(scan=SimpleNamespace(path=folder), slices=slices)]
        )


def test_dose_pairs_are_expected_to_follow_the_square_root_of_the_dose() -> None:
    scorer: Any = Scorer()
    found = list(real_pairs.dose_pairs(scorer, Path("full"), Path("low"), 0.25))
    assert [(each.ratio, each.expected) for each in found] == [(1.9, 2.0), (2.2, 2.0)]
    with pytest.raises(UsageError, match=r"got \[2\] slices in 'full' and \[1\] in 'short'"):
        list(real_pairs.dose_pairs(scorer, Path("full"), Path("short"), 0.25))


def test_without_a_collection_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["real_pairs", str(tmp_path / "absent")])
    with pytest.raises(SystemExit) as stopped:
        real_pairs.main()
    assert stopped.value.code == 4
    assert "has no index.json of a collection" in capsys.readouterr().err
