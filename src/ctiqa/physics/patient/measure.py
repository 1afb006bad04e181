"""Everything that can be measured on one slice of a patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from ctiqa.errors import UsageError
from ctiqa.physics.patient.body import BodyOutline, find_body
from ctiqa.physics.patient.dose import figure_of_merit, size_specific_dose
from ctiqa.physics.patient.quantum import spectrum_of
from ctiqa.physics.patient.sharpness import edge_sharpness
from ctiqa.physics.patient.size import effective_diameter, water_equivalent_diameter
from ctiqa.physics.patient.tissue import Patches, patches
from ctiqa.physics.patient.tissues import contrast_of, noise_level
from ctiqa.physics.patient.trunk import has_skull, is_trunk
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import Acquisition, HuImage, PatientPhysics, Unmeasured

NAMES = tuple(each.name for each in fields(PatientPhysics) if each.name != "missing")
"""Names of the values."""

QUANTUM = ("quantum_noise_hu", "noise_peak_per_mm", "noise_mean_per_mm")
CONTRAST = ("fat_hu", "muscle_hu", "contrast_to_noise")
WATER_DIAMETER = "water_equivalent_diameter_mm"
"""Values that are measured together, and the one that SSDE needs."""


def measure_patient(
    hu: HuImage,
    spacing_mm: tuple[float, float] | None,
    acquisition: Acquisition,
    *,
    region: str | None = None,
    body: BodyOutline | None = None,
) -> PatientPhysics:
    """Measure noise, texture, sharpness, contrast, size and dose of one slice.

    Nothing is guessed: a value that cannot be measured, or is not valid for what the slice shows,
    is ``None``, and ``missing`` says why.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm; ``None`` if unknown.
        acquisition: How the slice was acquired; CTDIvol, its phantom and the body part are used.
        region: What the slice shows, as a model says (``"head"``, ``"chest"``, …); ``None`` if
            unknown.
        body: Outline of the body in ``hu``, if known already.

    Returns:
        All values and reasons.

    Raises:
        UsageError: If the image is not [rows, cols] or a spacing is not positive.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> disc = np.where(np.hypot(*np.mgrid[-128:128, -128:128]) < 107, 0, -1000)
    >>> water = (disc + 10 * rng.standard_normal(disc.shape)).astype("float32")
    >>> found = measure_patient(water, (1.5, 1.5), Acquisition(ctdivol_mgy=8.0))
    >>> round(found.water_equivalent_diameter_mm), found.ssde_mgy, found.missing["ssde_mgy"].value
    (321, None, 'phantom_unknown')
    """
    if hu.ndim != 2:
        raise UsageError(f"'hu' must be [rows, cols], got shape {hu.shape}")
    if spacing_mm is not None and not min(spacing_mm) > 0:
        raise UsageError(f"'spacing_mm' must be > 0, got {spacing_mm}")
    try:
        body = body or find_body(hu)
    except NotMeasurableError as error:
        return PatientPhysics(missing=dict.fromkeys(NAMES, error.reason))
    found = patches(hu, body)
    sheet = _Sheet()
    sheet.values["cut_share"] = body.cut_share
    sheet.fill(("noise_hu",), lambda: (noise_level(found),))
    skull = has_skull(body)
    head = region == "head" or skull
    sheet.fill(CONTRAST, lambda: _contrast(sheet, found, head=head))
    _measure_in_mm(sheet, hu, spacing_mm, body, found)
    trunk = not skull and is_trunk(region, acquisition.body_part)
    sheet.fill(("ssde_mgy",), lambda: (_ssde(sheet, acquisition, trunk=trunk),))
    sheet.fill(("figure_of_merit",), lambda: (_merit(sheet, acquisition),))
    return PatientPhysics(**sheet.values, missing=sheet.missing)


class _Sheet:
    """Values as they are measured, or the reasons why not."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.missing: dict[str, Unmeasured] = {}

    def fill(self, names: tuple[str, ...], measure: Callable[[], tuple[float, ...]]) -> None:
        """Measure several values at once, all or none of which are available."""
        try:
            self.values.update(zip(names, measure(), strict=True))
        except NotMeasurableError as error:
            self.missing.update(dict.fromkeys(names, error.reason))

    def value(self, name: str) -> float:
        """A value that was measured.

        Raises:
            NotMeasurableError: With its own reason, if it was not.
        """
        if name in self.missing:
            raise NotMeasurableError(self.missing[name], f"'{name}' could not be measured")
        return self.values[name]


def _measure_in_mm(
    sheet: _Sheet,
    hu: HuImage,
    spacing_mm: tuple[float, float] | None,
    body: BodyOutline,
    found: Patches,
) -> None:
    """What needs the pixel spacing."""
    if spacing_mm is None:
        names = (*QUANTUM, "f50_per_mm", WATER_DIAMETER, "effective_diameter_mm")
        sheet.missing.update(dict.fromkeys(names, Unmeasured.NO_SPACING))
        return
    sheet.fill(QUANTUM, lambda: _quantum(found, spacing_mm))
    sheet.fill(("f50_per_mm",), lambda: (edge_sharpness(hu, spacing_mm, body=body).f50_per_mm,))
    sheet.fill((WATER_DIAMETER,), lambda: (water_equivalent_diameter(hu, spacing_mm, body=body),))
    sheet.fill(("effective_diameter_mm",), lambda: (effective_diameter(hu, spacing_mm, body=body),))


def _contrast(sheet: _Sheet, found: Patches, *, head: bool) -> tuple[float, float, float]:
    if head:
        raise NotMeasurableError(Unmeasured.NOT_TRUNK, "brain would be taken for muscle")
    tissue = contrast_of(found, sheet.value("noise_hu"))
    return tissue.fat_hu, tissue.muscle_hu, tissue.contrast_to_noise


def _quantum(found: Patches, spacing_mm: tuple[float, float]) -> tuple[float, float, float]:
    noise = spectrum_of(found, spacing_mm)
    return noise.level_hu, noise.peak_per_mm, noise.mean_per_mm


def _ctdivol_mgy(acquisition: Acquisition) -> float:
    dose = acquisition.ctdivol_mgy
    if dose is None or not dose > 0:
        raise NotMeasurableError(Unmeasured.NO_CTDIVOL, "the file does not state CTDIvol")
    return dose


def _ssde(sheet: _Sheet, acquisition: Acquisition, *, trunk: bool) -> float:
    dose = _ctdivol_mgy(acquisition)
    if not trunk:
        raise NotMeasurableError(Unmeasured.NOT_TRUNK, "the conversion factors are for the trunk")
    return size_specific_dose(dose, acquisition.ctdi_phantom_cm, sheet.value(WATER_DIAMETER))


def _merit(sheet: _Sheet, acquisition: Acquisition) -> float:
    return figure_of_merit(sheet.value("noise_hu"), _ctdivol_mgy(acquisition))
