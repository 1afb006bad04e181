"""Slices of real patients: few are taken for something else, or for filtered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctiqa.io.hu.gate import why_not_hu
from ctiqa.physics.patient.filtered import is_filtered
from ctiqa.score.domain import why_outside

COLLECTION = Path(__file__).parents[3].parent / "shared" / "ct"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not COLLECTION.is_dir(), reason="needs ../shared/ct"),
]


def test_patients_are_neither_lost_nor_flagged() -> None:
    lost, flagged = [], []
    files = sorted(COLLECTION.glob("*.npz"))
    for file in files:
        with np.load(file, allow_pickle=False) as stored:
            hu = stored["hu"][len(stored["hu"]) // 2]
            spacing = (float(stored["spacing_mm"][1]), float(stored["spacing_mm"][2]))
        image = np.maximum(hu, -1024).astype(np.float32)
        if why_not_hu(hu) or why_outside(image, spacing):
            lost.append(file.name)
        if is_filtered(image, spacing):
            flagged.append(file.name)
    assert len(files) > 100
    assert len(lost) <= 0.02 * len(files), lost
    assert len(flagged) <= 0.02 * len(files), flagged
