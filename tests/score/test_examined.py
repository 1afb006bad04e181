"""Which slices are measured, and that measuring changes no score."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ctiqa
from ctiqa.io import read_slice
from ctiqa.score.examined import FEWEST, MOST, is_measured, number_measured
from ctiqa.types import Unmeasured

EXAMPLE = Path(ctiqa.__file__).parent / "assets" / "example"


@pytest.mark.parametrize("count", [*range(1, 60), 99, 1000])
def test_a_few_slices_along_all_of_z_are_measured(count: int) -> None:
    chosen = [index for index in range(count) if is_measured(index, count)]
    assert len(chosen) == number_measured(count)
    assert min(count, FEWEST) <= len(chosen) <= MOST
    steps = [b - a for a, b in itertools.pairwise(chosen)]
    assert max(steps, default=1) - min(steps, default=1) <= 1
    assert chosen[0] + (count - 1 - chosen[-1]) <= count / len(chosen) + 1


def test_slices_carry_their_measures_and_reasons() -> None:
    (scan,) = ctiqa.read_scans(EXAMPLE).scans
    known = read_slice(scan.headers[0], ctiqa.ReadOptions())
    bare = replace(known, header=replace(known.header, spacing_mm=None))
    for each, why in ((known, None), (bare, Unmeasured.NO_SPACING)):
        found = ctiqa.Scorer(jobs=1).score(each).physics
        assert found is not None
        assert found.missing.get("quantum_noise_hu") == why
        assert found.missing["ssde_mgy"] == Unmeasured.NO_CTDIVOL


def test_only_sampled_slices_of_a_long_scan_are_measured() -> None:
    (scan,) = ctiqa.read_scans(EXAMPLE).scans
    found = ctiqa.Scorer(jobs=1).score_paths(EXAMPLE).scans[0]
    assert len(scan.headers) > FEWEST
    measured = [each.physics is not None for each in found.slices]
    assert measured == [is_measured(k, len(measured)) for k in range(len(measured))]


def test_what_is_no_patient_has_no_score_whatever_the_model_says(model: Path) -> None:
    """The tiny model gives a score for everything."""
    (scan,) = ctiqa.read_scans(EXAMPLE).scans
    known = read_slice(scan.headers[0], ctiqa.ReadOptions())
    shifted = ctiqa.Slice(known.hu + np.float32(500), known.header)
    scorer = ctiqa.Scorer(model, jobs=1)
    assert scorer.score(known).score is not None
    found = scorer.score(shifted)
    assert (found.score, found.interval, found.flags) == (None, None, ("not_hu",))
