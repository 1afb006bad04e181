"""Which slices are measured, and that measuring changes no score."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from tests.score.made import image

import ctiqa
from ctiqa.score.physics import MEASURED, is_measured
from ctiqa.types import Unmeasured


@pytest.mark.parametrize("count", [1, 2, 11, 12, 13, 23, 24, 99, 1000])
def test_a_few_slices_along_all_of_z_are_measured(count: int) -> None:
    chosen = [index for index in range(count) if is_measured(index, count)]
    assert len(chosen) == min(count, MEASURED)
    steps = [b - a for a, b in itertools.pairwise(chosen)]
    assert max(steps, default=1) - min(steps, default=1) <= 1
    assert chosen[0] + (count - 1 - chosen[-1]) <= count / MEASURED + 1


def test_slices_carry_their_measures_and_reasons() -> None:
    slices = [image(index, side=256) for index in range(2)]
    bare = replace(slices[0], header=replace(slices[0].header, spacing_mm=None))
    for each, why in ((slices[1], None), (bare, Unmeasured.NO_SPACING)):
        found = ctiqa.Scorer(jobs=1).score(each).physics
        assert found is not None
        assert found.missing.get("water_equivalent_diameter_mm") == why
        assert found.missing["ssde_mgy"] in (Unmeasured.NO_CTDIVOL, Unmeasured.NOT_TRUNK)
