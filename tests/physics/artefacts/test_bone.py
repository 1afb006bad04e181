"""Beam hardening by bone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.physics.phantoms import Disc, Image, grid

from ctiqa.errors import UsageError
from ctiqa.physics import BoneHardening, MeasuredRays, harden_by_bone, measure

SHAPE, SPACING = (128, 128), (2.0, 2.0)
X, Y = grid(SHAPE, SPACING)


def _slice(*bones: Disc, bone_hu: float = 1200.0) -> MeasuredRays:
    hu: Image = 1000 * Disc(0, 0, 100).image(SHAPE, SPACING) - 1000
    for bone in bones:
        hu = hu + bone_hu * bone.image(SHAPE, SPACING)
    return measure(np.asarray(hu, np.float32), SPACING, n_views=360)


LEFT, RIGHT = Disc(-50, 0, 18), Disc(50, 0, 18)
PETROUS = _slice(LEFT, RIGHT)


def test_the_band_between_two_bones_is_dark() -> None:
    added = harden_by_bone(PETROUS, BoneHardening())
    band = added[(np.abs(X) < 20) & (np.abs(Y) < 6)].mean()
    above = added[(np.abs(X) < 20) & (np.abs(np.abs(Y) - 60) < 12)].mean()
    assert band < -5
    assert band < above - 5


def test_water_and_soft_tissue_add_exactly_nothing() -> None:
    assert not harden_by_bone(_slice(), BoneHardening()).any()
    assert not harden_by_bone(_slice(LEFT, bone_hu=60.0), BoneHardening()).any()


def test_a_thin_bone_in_the_middle_keeps_its_value_and_one_at_the_skin_gains() -> None:
    """The scale is that of a thin bone behind 200 mm; 10 mm of bone harden by a few per cent."""
    small = {"middle": Disc(0, 0, 5), "skin": Disc(0, 90, 5)}
    gained = {}
    for name, bone in small.items():
        added = harden_by_bone(_slice(bone), BoneHardening())
        gained[name] = float(added[bone.holds(X, Y, margin_mm=2)].mean())
    assert abs(gained["middle"]) < 0.05 * 1200
    assert gained["skin"] > gained["middle"] + 10


def test_strength_scales() -> None:
    whole = harden_by_bone(PETROUS, BoneHardening())
    assert harden_by_bone(PETROUS, BoneHardening(strength=0.25)) == pytest.approx(
        0.25 * whole, abs=1e-2
    )
    assert not harden_by_bone(PETROUS, BoneHardening(strength=0)).any()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strength": 1.5}, r"'strength' must be in \[0, 1\], got 1.5"),
        ({"threshold_hu": -5.0}, r"'threshold_hu' must be in \[0, 1000\] HU, got -5.0"),
        ({"strength": math.nan, "threshold_hu": 2000.0}, "'strength'.*'threshold_hu'"),
    ],
)
def test_impossible_hardening_is_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        BoneHardening(**values)
