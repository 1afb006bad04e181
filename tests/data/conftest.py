from __future__ import annotations

import numpy as np
import pytest
from tests.data.collection import patient_slice
from tests.data.fixtures import examples, prepared

from ctiqa.data.simulation.scene import Scene, make_scene
from ctiqa.physics.kernels import STANDARD_KERNEL

__all__ = ["examples", "prepared", "scene"]


@pytest.fixture(scope="session")
def scene() -> Scene:
    """One patient in a matrix of 256, noise 12 HU."""
    hu = patient_slice(7, 256)
    return make_scene(hu, (1.2, 1.2), STANDARD_KERNEL, np.random.default_rng(0), draws=3)
