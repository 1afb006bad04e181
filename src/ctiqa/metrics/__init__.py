"""Numbers: likeness to a reference, noise, agreement with readers; the public ones in ``__all__``.

Images are CT numbers in HU, NumPy arrays or torch tensors, singly or in batches
(:mod:`ctiqa.metrics.image_pairs`); scores are grades, NumPy arrays [n]. Names, ``data_range`` and
``mask`` are those of torchmetrics, piq and scikit-image. The modules below are private.
"""

from __future__ import annotations

from ctiqa.system.lazy import TYPE_CHECKING, lazy

if TYPE_CHECKING:
    from ctiqa.metrics.agreement.bootstrap import bootstrap_interval
    from ctiqa.metrics.agreement.coefficients import Agreement, Band, bands, rounded_to
    from ctiqa.metrics.agreement.intervals import (
        Difference,
        Estimate,
        agreement_intervals,
        paired_differences,
    )
    from ctiqa.metrics.agreement.kappa import weighted_kappa
    from ctiqa.metrics.agreement.logistic import Logistic, fit_logistic
    from ctiqa.metrics.agreement.readers import (
        InterReaderAgreement,
        IntraclassCorrelation,
        inter_reader_agreement,
        intraclass_correlation,
    )
    from ctiqa.metrics.image_pairs import (
        gradient_magnitude_similarity_deviation,
        haar_perceptual_similarity,
        multiscale_structural_similarity,
        peak_signal_noise_ratio,
        root_mean_squared_error,
        structural_similarity,
        visual_information_fidelity,
    )
    from ctiqa.metrics.no_reference.niqe import NaturalModel
    from ctiqa.metrics.no_reference.noise import (
        global_noise_level,
        noise_power_spectrum,
        square_regions,
    )

__all__ = [
    "Agreement",
    "Band",
    "Difference",
    "Estimate",
    "InterReaderAgreement",
    "IntraclassCorrelation",
    "Logistic",
    "NaturalModel",
    "agreement_intervals",
    "bands",
    "bootstrap_interval",
    "fit_logistic",
    "global_noise_level",
    "gradient_magnitude_similarity_deviation",
    "haar_perceptual_similarity",
    "inter_reader_agreement",
    "intraclass_correlation",
    "multiscale_structural_similarity",
    "noise_power_spectrum",
    "paired_differences",
    "peak_signal_noise_ratio",
    "root_mean_squared_error",
    "rounded_to",
    "square_regions",
    "structural_similarity",
    "visual_information_fidelity",
    "weighted_kappa",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "ctiqa.metrics.agreement.bootstrap": ["bootstrap_interval"],
            "ctiqa.metrics.agreement.coefficients": [
                "Agreement",
                "Band",
                "bands",
                "rounded_to",
            ],
            "ctiqa.metrics.agreement.intervals": [
                "Difference",
                "Estimate",
                "agreement_intervals",
                "paired_differences",
            ],
            "ctiqa.metrics.agreement.kappa": ["weighted_kappa"],
            "ctiqa.metrics.agreement.logistic": ["Logistic", "fit_logistic"],
            "ctiqa.metrics.agreement.readers": [
                "IntraclassCorrelation",
                "InterReaderAgreement",
                "intraclass_correlation",
                "inter_reader_agreement",
            ],
            "ctiqa.metrics.image_pairs": [
                "gradient_magnitude_similarity_deviation",
                "haar_perceptual_similarity",
                "multiscale_structural_similarity",
                "peak_signal_noise_ratio",
                "root_mean_squared_error",
                "structural_similarity",
                "visual_information_fidelity",
            ],
            "ctiqa.metrics.no_reference.niqe": ["NaturalModel"],
            "ctiqa.metrics.no_reference.noise": [
                "global_noise_level",
                "noise_power_spectrum",
                "square_regions",
            ],
        },
    )
