"""CT simulation: geometry, projection, reconstruction, noise, kernels and artefacts.

The public names are those in ``ctiqa.physics.__all__``; the modules below are private. Images are
CT numbers in HU, float32 [rows, cols]; lengths are in mm. All random numbers come from a generator
that the caller passes.

Filtered back-projection is linear, so a degraded image is the real image plus the reconstruction
of the change in the projections. The image keeps its sharpness.
"""

from ctiqa.physics.artefacts.bone import BoneHardening, harden_by_bone
from ctiqa.physics.artefacts.inserts import Ellipse
from ctiqa.physics.artefacts.measured import MeasuredRays, measure
from ctiqa.physics.artefacts.metal import Metal, MetalArtefact, add_metal
from ctiqa.physics.artefacts.motion import Motion, move
from ctiqa.physics.artefacts.ring import GainError, ring
from ctiqa.physics.artefacts.starvation import Beam, starve
from ctiqa.physics.artefacts.truncation import Truncation, truncate
from ctiqa.physics.fbp import reconstruct
from ctiqa.physics.geometry import FanBeam, hu_to_mu, mu_to_hu
from ctiqa.physics.kernels import Kernel, change_kernel
from ctiqa.physics.noise import insert_noise, noise_variance
from ctiqa.physics.projector import project
from ctiqa.physics.simulate import NoiseModel, simulate_low_dose, simulate_sparse_views
from ctiqa.physics.thickness import average_slices

__all__ = [
    "Beam",
    "BoneHardening",
    "Ellipse",
    "FanBeam",
    "GainError",
    "Kernel",
    "MeasuredRays",
    "Metal",
    "MetalArtefact",
    "Motion",
    "NoiseModel",
    "Truncation",
    "add_metal",
    "average_slices",
    "change_kernel",
    "harden_by_bone",
    "hu_to_mu",
    "insert_noise",
    "measure",
    "move",
    "mu_to_hu",
    "noise_variance",
    "project",
    "reconstruct",
    "ring",
    "simulate_low_dose",
    "simulate_sparse_views",
    "starve",
    "truncate",
]
