"""Metrics: full-reference image quality, noise, and agreement with readers.

The public names are those in ``__all__``; the modules below are private. Scores are grades 0–4,
NumPy arrays [n].

The full-reference metrics (``structural_similarity`` and others) compare images with references
and follow the conventions of torchmetrics, piq and scikit-image, for CT numbers in HU. Arguments:

- ``image``, ``reference``: HU, [rows, cols], [n, rows, cols] or [n, 1, rows, cols], both of the
  same shape, floating point or integer, NumPy arrays or torch tensors (no gradients);
- ``data_range``: black and white in HU, as (low, high) or a :class:`ctiqa.Window`. As in
  torchmetrics, both images are clipped to it, and its width is the data range of the formulas.
  It has no default, because a value has no meaning without its range;
- ``mask``: pixels that count, bool [rows, cols] for all slices or [n, rows, cols]; ``None`` for
  all. Pixels outside have no influence, not even NaN.

They return a float for [rows, cols], otherwise float64 [n], one value per slice. They raise
:class:`ctiqa.UsageError` if shapes or data types do not fit, ``data_range`` is not a range, a pixel
inside the mask is not finite, or the mask is empty or too small for the window of the metric.
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
