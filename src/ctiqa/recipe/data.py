"""Data sets as recipes: one class a source, all with the same way of splitting patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ctiqa.recipe.rules import require_rules, rule

Mode = Literal["as-published", "corrected"]
"""Bit for bit what the authors did, mistakes included; or with the mistakes mended."""


VIEW_COUNTS = (960, 480, 240, 160, 120, 96, 60)
"""View counts that can be simulated: the full scan, and what divides it."""


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """What every data set has: a source, a mode, and who is trained on.

    Attributes:
        source: Name of the source, a key of :data:`SOURCES`.
        mode: As published or corrected.
        folds: Folds that the training patients are cut into.
        test_share: Share of the patients of every region kept for the test.
        validation_share: The same for validation.
        test_patients: Patients that are in the test in any case.
        train_patients: Patients that are trained on in any case (the only ones of their kind).
        seed: Seed of splits and of all that is drawn.
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
        """What is wrong with the fields of one source; ``None`` for each that keeps its rule."""
        return ()

    @property
    def test_validates(self) -> bool:
        """Whether the images tested on are those that validate, as published.

        They stand in the data set twice then: in a fold of the training, and as the test.
        """
        return False


@dataclass(frozen=True, slots=True)
class SimulateData(DataRecipe):
    """Degraded examples of clean slices, labelled by what they lost.

    Attributes:
        most_slices: Slices taken from one series at the most, evenly spaced.
        sampler: ``continuous`` draws degradations at random; ``grid`` makes every combination of
            the ``grid_…`` lists.
        train_examples: Degraded examples for every slice of a training patient (continuous).
        held_out_examples: The same for validation and test patients.
        draws: Independent noise reconstructions a slice.
        grid_doses: Dose fractions of the grid, in (0, 1].
        grid_views: View counts of the grid, among :data:`VIEW_COUNTS`.
        grid_kernels: Kernels of the grid: ``own``, ``soft``, ``standard`` or ``sharp``.
        grid_thickness: Odd numbers of slices averaged; needs evenly spaced neighbours.
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
class SimulateAllData(SimulateData):
    """The same with what else goes wrong on scanners; continuous sampling only.

    Besides dose, views and kernels: motion, rings, metal, beam hardening, photon starvation and
    truncation; filters (blur, iterative-like and network-like denoising) at any noise. Blurring
    never raises a label: what a filter of the image has removed cannot be seen any more.

    Attributes:
        artefact_share: Share of the drawn examples that have an artefact.
        artefact_kinds: Kinds of artefact made for every slice, out of six.
    """

    source: str = "simulate-all"
    artefact_share: float = 0.25
    artefact_kinds: int = 3

    def own_rules(self) -> tuple[str | None, ...]:
        """See :meth:`DataRecipe.own_rules`."""
        # Not super(): dataclasses with slots are made twice, and super() knows the first only.
        return (
            *SimulateData.own_rules(self),
            rule(self, "artefact_share", "in [0, 1]", lambda v: 0 <= v <= 1),
            rule(self, "artefact_kinds", "0…6", lambda v: 0 <= v <= 6),
            rule(self, "sampler", "'continuous'", lambda v: v == "continuous"),
        )


@dataclass(frozen=True, slots=True)
class LdctProjectionData(DataRecipe):
    """DistilIQA's chest slices: TCIA LDCT-and-Projection-data, doses mixed between two.

    Attributes:
        low_dose: Dose fraction of the low-dose series (10 % for the chests of the collection).
        doses: Dose fractions made between low and full dose.
        write_dicom: Whether the slices are written as DICOM files besides.
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
        return (
            rule(self, "low_dose", "in (0, 1)", lambda v: 0 < v < 1),
            rule(self, "doses", "in (0, 1)", lambda v: all(0 < d < 1 for d in v)),
        )


@dataclass(frozen=True, slots=True)
class Ldctiqac2023Data(DataRecipe):
    """The challenge's slices with radiologists' scores; near-duplicates stand for patients.

    Attributes:
        threshold: Similarity from which two slices count as one patient's.
        setting: TFKT's settings. ``A``: the training part alone, of which ``test_share`` is the
            test; an official test part is not read. ``B``: the official test part is the test,
            and nothing of the training part is kept aside for it.

    As published, images are drawn whoever the patient: the first of the ``folds`` validates and,
    in setting A, is the test as well.
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
    """Shen's chest slices: normal dose from DICOM, low dose by Poisson noise, mixed between.

    Attributes:
        low_dose: Dose fraction of the Poisson low dose.
        doses: Dose fractions mixed between low and normal dose.
        photons: Photons a ray at normal dose.
        psnr_weight: Share a₁ of the PSNR in the label; SSIM has the rest.
        psnr_cap_db: Highest PSNR in dB, which stands for the infinite one of an image against
            itself. The paper names none, but its mean absolute error of 0.026 cannot have come
            of labels that were divided by infinity.
        write_dicom: Whether the slices are written as DICOM files besides.
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
            rule(self, "low_dose", "in (0, 1)", lambda v: 0 < v < 1),
            rule(self, "doses", "in (0, 1)", lambda v: all(0 < d < 1 for d in v)),
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
        spread_column: Column with its variance or SD; empty where there is none.
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
    """The user's own: a CSV ``path,score[,patient,reader,split]``, or clean CT to be degraded.

    Attributes:
        table: CSV file in the root; empty degrades the clean CT found there instead.
        score_range: Lowest and highest score in the CSV.
        tiff_hu: Whether float TIFF in [0, 1] is HU = 1400·p − 1000.
        threshold: Similarity from which two slices count as one patient's, where the CSV names
            no patients.
        train_examples: Degraded examples a training slice, where clean CT is degraded.
        held_out_examples: The same for validation and test patients.
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


def _range_rule(made: object) -> str | None:
    return rule(made, "score_range", "two rising numbers", lambda v: len(v) == 2 and v[0] < v[1])


SOURCES: dict[str, type[DataRecipe]] = {
    "simulate": SimulateData,
    "simulate-all": SimulateAllData,
    "ldct-projection": LdctProjectionData,
    "ldctiqac2023": Ldctiqac2023Data,
    "cccid": CccidData,
    "kadid10k": Kadid10kData,
    "folder": FolderData,
}
"""The kind of recipe of every source."""
