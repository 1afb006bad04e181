"""The scanner in miniature: geometry, projection, reconstruction, noise and kernels.

Filtered back-projection is linear, so a degraded image is the real image plus the
reconstruction of what changed in the projections. The image keeps its own sharpness.
"""

from ctiqa.physics.fbp import reconstruct
from ctiqa.physics.geometry import FanBeam, hu_to_mu, mu_to_hu
from ctiqa.physics.kernels import Kernel, change_kernel
from ctiqa.physics.noise import insert_noise, noise_variance
from ctiqa.physics.projector import project
from ctiqa.physics.simulate import NoiseModel, simulate_low_dose, simulate_sparse_views
from ctiqa.physics.thickness import average_slices

__all__ = [
    "FanBeam",
    "Kernel",
    "NoiseModel",
    "average_slices",
    "change_kernel",
    "hu_to_mu",
    "insert_noise",
    "mu_to_hu",
    "noise_variance",
    "project",
    "reconstruct",
    "simulate_low_dose",
    "simulate_sparse_views",
]
