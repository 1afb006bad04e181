"""Why the model fails, by kind of degradation.

Written by hand: they hold for the kind, and explain it, but nobody has measured them.
"""

from __future__ import annotations

from collections.abc import Mapping

OVER: Mapping[str, str] = {
    "dose and views": "Part of the noise or of the streaks passes for fine structure.",
    "kernel": "The label counts every difference from the original, the changed kernel included. "
    "The network sees no original and goes by the noise, which the kernel changes less.",
    "motion": "Doubled and smeared edges look like anatomy in a single slice, and few training "
    "slices show them.",
    "metal": "The label counts all that the implant hides. The network sees a bright object and "
    "smooth shadows, hardly any noise.",
    "bone": "Dark bands are smooth; the network goes by noise and grain.",
    "ring": "Rings are thin and regular, and average out within a patch of 32 × 32 pixels.",
    "starvation": "Streaks that run one way are fewer than the noise they lie in, and few training "
    "slices show them without noise.",
    "truncation": "The label counts CT numbers that are wrong at the edge of the field of view; "
    "the image looks plausible there.",
    "file format": "The lost range of CT numbers is not visible as noise or blur; what is left "
    "looks clean.",
    "blur": "A blurred slice has no noise, and how sharp the patient's edges were is not known.",
    "denoising": "A strong filter leaves a clean image, and which structures it has removed is "
    "not visible any more.",
}
"""Of a score that is too high."""

UNDER: Mapping[str, str] = {
    "dose and views": "Fine structure, such as vessels in the lung, passes for noise.",
    "kernel": "A soft kernel looks like a smoothing filter, for which the network lowers the "
    "score; the label lost little.",
    "file format": "Steps or blocks look worse than they are by the five measures of the label.",
    "blur": "The slice was smooth before, so blurring cost little; the network expects a loss.",
    "denoising": "The slice was smooth before, so the filter took little; the network expects "
    "that structure was lost.",
}
"""Of a score that is too low."""

REWARDED = (
    "The noise that the filter takes away is plain to see, the structure that goes with it is not."
)

CLEAN_NOISE = (
    "Among clean slices the network has learned little: what it takes for noise is structure, or "
    "the smoothness of the kernel."
)

INVENTED = (
    "Thick slices and soft kernels have the smooth, coarse noise that filters leave; the image "
    "alone does not tell which it was."
)

REGION = "Few patients of this region were trained on, and a single slice has no neighbours."

SCORED = (
    "Abstention depends on the region that the network sees; where noise, streaks or artefacts "
    "hide what is shown, it takes the object for a part of a patient."
)
