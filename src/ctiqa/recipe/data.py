"""Recipes of data sets: one class per source; all split patients in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ctiqa.recipe.rules import require_rules, rule

Mode = Literal["as-published", "corrected"]
"""Bit for bit what the authors did, including mistakes; or with the mistakes corrected."""


VIEW_COUNTS = (960, 480, 240, 160, 120, 96, 60)
"""View counts that can be simulated: the full scan and its divisors."""


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """Settings of every data set: source, mode, splits.

    Attributes:
        source: Name of the source, a key of :data:`SOURCES`.
        mode: As published or corrected.
        folds: Number of folds of the training patients.
        test_share: Share of the patients per body region that are in the test split.
        validation_share: Share of the patients per body region that are in the validation split.
        test_patients: Patients that are always in the test split.
        train_patients: Patients that are always in the training split (the only ones of their
            kind).
        seed: Seed of splits and all random draws.
    """

    source: str = ""
    mode: Mode = "corrected"
    folds: int = 5
    test_share: float = 0.2
    validation_share: float = 0.15
    test_patients: tuple[str, ...] = ()
    train_patients: tuple[str, ...] = ()
    seed: int = 1

    def __post_init__(self) -> None:
        shares = ("test_share", "validation_share")
        require_rules(
            *(rule(self, name, "in [0, 0.5)", lambda v: 0 <= v < 0.5) for name in shares),
            rule(self, "folds", ">= 2", lambda v: v >= 2),
            rule(self, "seed", ">= 0", lambda v: v >= 0),
            *self.own_rules(),
        )

    def own_rules(self) -> tuple[str | None, ...]:
        """Problems with the fields of one source; ``None`` for each rule that is kept."""
        return ()

    @property
    def test_validates(self) -> bool:
        """Whether the test images are also the validation images, as published.

        Such images are in the data set twice: in a training fold, and in the test split.
        """
        return False


@dataclass(frozen=True, slots=True)
class SimulateData(DataRecipe):
    """Degraded examples of clean slices, labelled by their loss of quality.

    Attributes:
        most_slices: Maximum number of slices per series, evenly spaced.
        sampler: ``continuous`` draws degradations at random; ``grid`` makes every combination of
            the ``grid_…`` lists.
        train_examples: Degraded examples per scene of training patients (continuous).
        held_out_examples: Degraded examples per slice of validation and test patients.
        draws: Independent noise reconstructions per slice.
        grid_doses: Dose fractions of the grid, in (0, 1].
        grid_views: View counts of the grid, among :data:`VIEW_COUNTS`.
        grid_kernels: Kernels of the grid: ``own``, ``soft``, ``standard`` or ``sharp``.
        grid_thickness: Odd numbers of averaged slices; needs evenly spaced neighbours.
    """

    source: str = "simulate"
    most_slices: int = 16
    sampler: Literal["continuous", "grid"] = "continuous"
    train_examples: int = 40
    held_out_examples: int = 24
    draws: int = 2
    grid_doses: tuple[float, ...] = (1.0, 0.75, 0.5, 0.25)
    grid_views: tuple[int, ...] = (960, 240, 120, 60)
    grid_kernels: tuple[str, ...] = ("own",)
    grid_thickness: tuple[int, ...] = (1,)

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`DataRecipe.own_rules`."""
        counts = ("most_slices", "train_examples", "held_out_examples", "draws")
        kernels = {"own", "soft", "standard", "sharp"}
        return (
            *(rule(self, name, ">= 1", lambda v: v >= 1) for name in counts),
            rule(self, "grid_doses", "in (0, 1]", lambda v: v and all(0 < d <= 1 for d in v)),
            rule(
                self,
                "grid_views",
                f"among {', '.join(map(str, VIEW_COUNTS))}",
                lambda v: v and set(VIEW_COUNTS).issuperset(v),
            ),
            rule(
                self,
                "grid_kernels",
                "own, soft, standard or sharp",
                lambda v: v and kernels.issuperset(v),
            ),
            rule(self, "grid_thickness", "odd", lambda v: v and all(n > 0 and n % 2 for n in v)),
        )


@dataclass(frozen=True, slots=True)
class SimulateClinicalData(SimulateData):
    """Like ``simulate``, with artefacts and filters, on patients, limbs and phantoms.

    Besides dose, views and kernels: motion, rings, metal, beam hardening, photon starvation and
    truncation; filters of every family, whose label is decided by the worst measure of fidelity to
    the clean original. Findings and regions are recorded besides. Continuous sampling only.

    Attributes:
        artefact_share: Share of the drawn examples that have an artefact.
        artefact_kinds: Number of kinds of artefacts per scene, out of six.
        train_scenes: Scenes per slice of training patients: the slice itself and, from the second
            on, the slice resized by a random factor, each with noise and artefacts of its own.
        validation_patients: Patients that are always in the validation split.
        phantoms: Number of drawn test objects in addition to the patients.
        limbs: Number of drawn arms and legs in addition to the patients.
    """

    source: str = "simulate-clinical"
    artefact_share: float = 0.25
    artefact_kinds: int = 3
    train_scenes: int = 1
    validation_patients: tuple[str, ...] = ()
    phantoms: int = 0
    limbs: int = 0

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`DataRecipe.own_rules`."""
        # Not super(): a dataclass with slots is created twice, and super() refers to the first.
        return (
            *SimulateData.own_rules(self),
            rule(self, "artefact_share", "in [0, 1]", lambda v: 0 <= v <= 1),
            rule(self, "artefact_kinds", "0…6", lambda v: 0 <= v <= 6),
            rule(self, "train_scenes", "1…100", lambda v: 1 <= v <= 100),
            rule(self, "sampler", "'continuous'", lambda v: v == "continuous"),
            *(
                rule(self, name, "0…1000", lambda v: 0 <= v <= 1000)
                for name in ("phantoms", "limbs")
            ),
        )


@dataclass(frozen=True, slots=True)
class LdctProjectionData(DataRecipe):
    """DistilIQA's chest slices: TCIA LDCT-and-Projection-data, doses interpolated between two.

    Attributes:
        low_dose: Dose fraction of the low-dose series (10 % for the chests of the collection).
        doses: Dose fractions interpolated between low and full dose.
        write_dicom: Whether slices are also written as DICOM files.
    """

    source: str = "ldct-projection"
    low_dose: float = 0.1
    doses: tuple[float, ...] = (0.75, 0.5)
    write_dicom: bool = True
    test_patients: tuple[str, ...] = ("C012", "C077")
    train_patients: tuple[str, ...] = (
        "C002",
        "C004",
        "C016",
        "C021",
        "C030",
        "C050",
        "C052",
        "C067",
        "C081",
    )

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`DataRecipe.own_rules`."""
        return _dose_rules(self)


@dataclass(frozen=True, slots=True)
class Ldctiqac2023Data(DataRecipe):
    """The challenge's slices with radiologists' scores; near-duplicates count as one patient.

    Attributes:
        threshold: Similarity from which two slices count as one patient.
        setting: TFKT's settings. ``A``: only the training part is read, and ``test_share`` of it
            is the test split. ``B``: the official test part is the test split, and all of the
            training part is used for training and validation.

    As published, images are drawn regardless of the patient: the first of the ``folds`` is the
    validation split and, in setting A, also the test split.
    """

    source: str = "ldctiqac2023"
    threshold: float = 0.65
    setting: Literal["A", "B"] = "A"

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`DataRecipe.own_rules`."""
        patients_tested = self.setting == "A" and self.mode == "corrected"
        return (
            rule(self, "threshold", "in (0, 1)", lambda v: 0 < v < 1),
            rule(
                self,
                "test_patients",
                "empty, unless setting A is corrected: nothing is added to a published test",
                lambda v: patients_tested or not v,
            ),
        )

    @property
    def test_validates(self) -> bool:
        """See :attr:`DataRecipe.test_validates`.

        >>> Ldctiqac2023Data(mode="as-published").test_validates, Ldctiqac2023Data().test_validates
        (True, False)
        """
        return self.setting == "A" and self.mode == "as-published"


@dataclass(frozen=True, slots=True)
class CccidData(DataRecipe):
    """Shen's chest slices: normal dose from DICOM, low dose by Poisson noise, doses in between.

    Attributes:
        low_dose: Dose fraction of the Poisson low dose.
        doses: Dose fractions interpolated between low and normal dose.
        photons: Photons per ray at normal dose.
        psnr_weight: Weight a₁ of the PSNR in the label; SSIM has the rest.
        psnr_cap_db: Highest PSNR in dB, which replaces the infinite PSNR of an image compared
            with itself. The paper gives none, but its mean absolute error of 0.026 is impossible
            with labels divided by infinity.
        write_dicom: Whether slices are also written as DICOM files.
    """

    source: str = "cccid"
    low_dose: float = 0.25
    doses: tuple[float, ...] = (0.75, 0.5)
    photons: float = 2.0e5
    psnr_weight: float = 0.5
    psnr_cap_db: float = 50.0
    write_dicom: bool = True

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`DataRecipe.own_rules`."""
        return (
            *_dose_rules(self),
            rule(self, "photons", "> 0", lambda v: v > 0),
            rule(self, "psnr_weight", "in [0, 1]", lambda v: 0 <= v <= 1),
            rule(self, "psnr_cap_db", "in (10, 200]", lambda v: 10 < v <= 200),
        )


@dataclass(frozen=True, slots=True)
class Kadid10kData(DataRecipe):
    """Natural images with opinion scores: KADID-10k, or any CSV of (image, score, sd).

    Attributes:
        table: CSV file in the root.
        image_column: Column with the image's file name.
        score_column: Column with the mean opinion score.
        spread_column: Column with its variance or SD; empty if there is none.
        reference_column: Column with the pristine image, which must not cross a split.
        score_range: Lowest and highest opinion score.
    """

    source: str = "kadid10k"
    table: str = "dmos.csv"
    image_column: str = "dist_img"
    score_column: str = "dmos"
    spread_column: str = "var"
    reference_column: str = "ref_img"
    score_range: tuple[float, ...] = (1.0, 5.0)

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`DataRecipe.own_rules`."""
        return (_range_rule(self),)


@dataclass(frozen=True, slots=True)
class FolderData(DataRecipe):
    """Your own data: a CSV ``path,score[,patient,reader,split]``, or clean CT to be degraded.

    Attributes:
        table: CSV file in the root; if empty, the clean CT in the root is degraded.
        score_range: Lowest and highest score in the CSV.
        tiff_hu: Whether float TIFF in [0, 1] is HU = 1400·p − 1000.
        threshold: Similarity from which two slices count as one patient, if the CSV has no
            patients.
        train_examples: Degraded examples per slice of training patients, if clean CT is degraded.
        held_out_examples: Degraded examples per slice of validation and test patients.
    """

    source: str = "folder"
    table: str = "labels.csv"
    score_range: tuple[float, ...] = (0.0, 4.0)
    tiff_hu: bool = False
    threshold: float = 0.65
    train_examples: int = 24
    held_out_examples: int = 24

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`DataRecipe.own_rules`."""
        return (
            _range_rule(self),
            rule(self, "threshold", "in (0, 1)", lambda v: 0 < v < 1),
            rule(self, "train_examples", ">= 1", lambda v: v >= 1),
            rule(self, "held_out_examples", ">= 1", lambda v: v >= 1),
        )


def _dose_rules(made: object) -> tuple[str | None, ...]:
    return (
        rule(made, "low_dose", "in (0, 1)", lambda v: 0 < v < 1),
        rule(made, "doses", "in (0, 1)", lambda v: all(0 < d < 1 for d in v)),
    )


def _range_rule(made: object) -> str | None:
    return rule(made, "score_range", "two rising numbers", lambda v: len(v) == 2 and v[0] < v[1])


SOURCES: dict[str, type[DataRecipe]] = {
    "simulate": SimulateData,
    "simulate-clinical": SimulateClinicalData,
    "ldct-projection": LdctProjectionData,
    "ldctiqac2023": Ldctiqac2023Data,
    "cccid": CccidData,
    "kadid10k": Kadid10kData,
    "folder": FolderData,
}
"""Recipe class of every source."""
