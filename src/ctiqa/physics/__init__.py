"""CT physics: simulation of scans, and measurements on images of patients.

The public names are those in ``ctiqa.physics.__all__``; the modules below are private. Images are
CT numbers in HU, float32 [rows, cols]; lengths are in mm. All random numbers come from a generator
that the caller passes.

Simulation: geometry, projection, reconstruction, noise, kernels and artefacts. Filtered
back-projection is linear, so a degraded image is the real image plus the reconstruction of the
change in the projections. The image keeps its sharpness.

Measurement: noise, sharpness, contrast, size and dose of one slice of a patient, all together by
:func:`measure_patient`. What cannot be measured raises :class:`NotMeasurableError` with a fixed
reason.
"""

from __future__ import annotations

from ctiqa.system.lazy import TYPE_CHECKING, lazy

if TYPE_CHECKING:
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
    from ctiqa.physics.patient.body import BodyOutline, find_body
    from ctiqa.physics.patient.dose import figure_of_merit, size_specific_dose
    from ctiqa.physics.patient.filtered import is_filtered
    from ctiqa.physics.patient.measure import measure_patient
    from ctiqa.physics.patient.quantum import QuantumNoise, quantum_noise
    from ctiqa.physics.patient.sharpness import EdgeSharpness, edge_sharpness
    from ctiqa.physics.patient.size import effective_diameter, water_equivalent_diameter
    from ctiqa.physics.patient.tissues import TissueContrast, tissue_contrast
    from ctiqa.physics.patient.unmeasured import NotMeasurableError
    from ctiqa.physics.projector import project
    from ctiqa.physics.reserve import dose_reserve, score_at_dose
    from ctiqa.physics.simulate import NoiseModel, simulate_low_dose, simulate_sparse_views
    from ctiqa.physics.thickness import average_slices
    from ctiqa.types import PatientPhysics, Unmeasured

__all__ = [
    "Beam",
    "BodyOutline",
    "BoneHardening",
    "EdgeSharpness",
    "Ellipse",
    "FanBeam",
    "GainError",
    "Kernel",
    "MeasuredRays",
    "Metal",
    "MetalArtefact",
    "Motion",
    "NoiseModel",
    "NotMeasurableError",
    "PatientPhysics",
    "QuantumNoise",
    "TissueContrast",
    "Truncation",
    "Unmeasured",
    "add_metal",
    "average_slices",
    "change_kernel",
    "dose_reserve",
    "edge_sharpness",
    "effective_diameter",
    "figure_of_merit",
    "find_body",
    "harden_by_bone",
    "hu_to_mu",
    "insert_noise",
    "is_filtered",
    "measure",
    "measure_patient",
    "move",
    "mu_to_hu",
    "noise_variance",
    "project",
    "quantum_noise",
    "reconstruct",
    "ring",
    "score_at_dose",
    "simulate_low_dose",
    "simulate_sparse_views",
    "size_specific_dose",
    "starve",
    "tissue_contrast",
    "truncate",
    "water_equivalent_diameter",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "ctiqa.physics.artefacts.bone": ["BoneHardening", "harden_by_bone"],
            "ctiqa.physics.artefacts.inserts": ["Ellipse"],
            "ctiqa.physics.artefacts.measured": ["MeasuredRays", "measure"],
            "ctiqa.physics.artefacts.metal": ["Metal", "MetalArtefact", "add_metal"],
            "ctiqa.physics.artefacts.motion": ["Motion", "move"],
            "ctiqa.physics.artefacts.ring": ["GainError", "ring"],
            "ctiqa.physics.artefacts.starvation": ["Beam", "starve"],
            "ctiqa.physics.artefacts.truncation": ["Truncation", "truncate"],
            "ctiqa.physics.fbp": ["reconstruct"],
            "ctiqa.physics.geometry": ["FanBeam", "hu_to_mu", "mu_to_hu"],
            "ctiqa.physics.kernels": ["Kernel", "change_kernel"],
            "ctiqa.physics.noise": ["insert_noise", "noise_variance"],
            "ctiqa.physics.patient.body": ["BodyOutline", "find_body"],
            "ctiqa.physics.patient.dose": ["figure_of_merit", "size_specific_dose"],
            "ctiqa.physics.patient.filtered": ["is_filtered"],
            "ctiqa.physics.patient.measure": ["measure_patient"],
            "ctiqa.physics.patient.quantum": ["QuantumNoise", "quantum_noise"],
            "ctiqa.physics.patient.sharpness": ["EdgeSharpness", "edge_sharpness"],
            "ctiqa.physics.patient.size": ["effective_diameter", "water_equivalent_diameter"],
            "ctiqa.physics.patient.tissues": ["TissueContrast", "tissue_contrast"],
            "ctiqa.physics.patient.unmeasured": ["NotMeasurableError"],
            "ctiqa.physics.projector": ["project"],
            "ctiqa.physics.reserve": ["dose_reserve", "score_at_dose"],
            "ctiqa.physics.simulate": ["NoiseModel", "simulate_low_dose", "simulate_sparse_views"],
            "ctiqa.physics.thickness": ["average_slices"],
            "ctiqa.types": ["PatientPhysics", "Unmeasured"],
        },
    )
