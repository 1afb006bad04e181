"""Results with and without numba are the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.physics.phantoms import Disc

from ctiqa.physics import FanBeam, hu_to_mu, project, reconstruct
from ctiqa.physics.kernels import STANDARD_KERNEL

PLAIN = """
import sys
sys.modules["numba"] = None
import numpy as np
from ctiqa.physics import FanBeam, project, reconstruct
from ctiqa.physics.fbp import _backproject
from ctiqa.physics.kernels import STANDARD_KERNEL
assert type(_backproject).__name__ == "function", type(_backproject)
mu = np.load(sys.argv[1] + "/mu.npy")
scan = FanBeam.covering(mu.shape, (4.0, 5.0), n_views=6, pitch_mm=5.0)
lines = project(mu, (4.0, 5.0), scan)
np.save(sys.argv[1] + "/lines.npy", lines)
np.save(sys.argv[1] + "/image.npy", reconstruct(lines, scan, mu.shape, (4.0, 5.0), STANDARD_KERNEL))
"""


def test_plain_python_gives_the_same_numbers(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    hu = 1000 * Disc(5, -10, 35).image((24, 23), (4.0, 5.0)) - 1000
    mu = hu_to_mu(hu)
    np.save(tmp_path / "mu.npy", mu)
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", PLAIN, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    scan = FanBeam.covering((24, 23), (4.0, 5.0), n_views=6, pitch_mm=5.0)
    lines = project(mu, (4.0, 5.0), scan)
    image = reconstruct(lines, scan, (24, 23), (4.0, 5.0), STANDARD_KERNEL)
    assert float(lines.max()) > 1.0  # there is something to compare
    assert np.load(tmp_path / "lines.npy") == pytest.approx(lines, abs=1e-5)
    assert np.load(tmp_path / "image.npy") == pytest.approx(image, abs=1e-7)
