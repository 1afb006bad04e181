"""Common parts of sources of DICOM cases: finding slices, examples at several doses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ctiqa.data.derived_dicom.derivation import Derivation
from ctiqa.data.derived_dicom.write import storable_hu, write_derived
from ctiqa.data.published.dose_mix import mix_doses, whole_hu
from ctiqa.data.recipe_lock import recipe_digest
from ctiqa.data.sources.clean_series import scanner_of
from ctiqa.data.splits import Place, split_patients
from ctiqa.data.task import TaskOutput
from ctiqa.errors import DataError, Reason, RefusedError
from ctiqa.hu import PADDING_HU
from ctiqa.io import find_scans, read_slice
from ctiqa.io.dicom.writing.uids import derived_uid
from ctiqa.recipe import DataRecipe
from ctiqa.recipe.data import CccidData, LdctProjectionData, Mode
from ctiqa.types import HuImage, Skipped, SliceHeader

DICOM = "dicom"
"""Folder of a data set with the examples as DICOM files."""

HARMLESS = (Reason.LOCALIZER, Reason.SECONDARY_CAPTURE)
"""Images that may accompany the slices of a CT series without being a problem."""


@dataclass(frozen=True, slots=True)
class DoseTask(ABC):
    """One slice at several doses.

    Attributes:
        name: File-safe name, unique within a data set.
        patient: Patient of the slice.
        full: The slice at full dose.
        doses: Dose fractions of the examples; the first is 1.
        paths: Their paths in the published layout, relative, with forward slashes.
        published_folds: Fold of the authors for each example; -1 for none.
        place: Split and fold of the patient.
        recipe: Recipe of the data set.
        facts: Origin and licence of the pixels, equal for all slices of a source.
    """

    facts: ClassVar[Mapping[str, Any]]

    name: str
    patient: str
    full: SliceHeader
    doses: tuple[float, ...]
    paths: tuple[str, ...]
    published_folds: tuple[int, ...]
    place: Place
    recipe: LdctProjectionData | CccidData

    @property
    def examples(self) -> int:
        """One example per dose."""
        return len(self.doses)

    @abstractmethod
    def low_dose(self, full: HuImage) -> HuImage:
        """The low-dose partner of the slice, in HU."""

    @abstractmethod
    def labels(self, images: Sequence[HuImage]) -> list[dict[str, float]]:
        """``label``, ``raw`` and parts of the label for each example; full dose first."""

    @abstractmethod
    def derivation(self, dose: float) -> Derivation:
        """Derivation of an example, for its DICOM file."""

    def source(self, dose: float) -> Path:  # noqa: ARG002 - for sources with a low-dose file
        """File from which the example at a dose is derived."""
        return self.full.source.file

    def make(self) -> TaskOutput:
        """The slice at every dose, labelled."""
        images = self.images()
        stored = np.stack([image.astype(np.int16) for image in images])
        records = [
            {"purpose": "example", **self._record(row), **label}
            for row, label in enumerate(self.labels(images))
        ]
        if not self.recipe.write_dicom:
            return TaskOutput(records, {"hu": stored})
        writers = {
            f"{DICOM}/{path}": partial(
                write_derived, self.source(dose), image, derivation=self.derivation(dose)
            )
            for path, dose, image in zip(self.paths, self.doses, images, strict=True)
        }
        return TaskOutput(records, {"hu": stored}, writers)

    def images(self) -> list[HuImage]:
        """The slice at every dose in whole HU, within the range its file can store."""
        full = read_case_hu(self.full)
        low = self.low_dose(full)
        limits = storable_hu(self.full.source.file)
        given = {1.0: full, self.recipe.low_dose: low}
        images = [given[d] if d in given else self._mixed(full, low, d) for d in self.doses]
        return [whole_hu_within(image, limits, self._rounding) for image in images]

    def _mixed(self, full: HuImage, low: HuImage, dose: float) -> HuImage:
        recipe = self.recipe
        return mix_doses(full, low, dose, low_dose=recipe.low_dose, mode=recipe.mode)

    @property
    def _rounding(self) -> Mode:
        return self.recipe.mode

    def _record(self, row: int) -> dict[str, Any]:
        path, acquisition = self.paths[row], self.full.acquisition
        return {
            "patient": self.patient,
            "region": "chest",
            "scanner": scanner_of(acquisition.manufacturer, acquisition.model),
            "scanner_kernel": acquisition.kernel or "",
            "dose": self.doses[row],
            "views": 0,
            "label_scale": "0-1",
            "published_path": path,
            "published_fold": self.published_folds[row],
            "file": f"{DICOM}/{path}" if self.recipe.write_dicom else "",
            "mode": self.recipe.mode,
        }


def read_case_hu(header: SliceHeader) -> HuImage:
    """Pixels of a slice in HU, float32 [rows, cols].

    Raises:
        DataError: If they cannot be read; the message names the file.
    """
    try:
        return read_slice(header).hu
    except RefusedError as error:
        raise DataError(f"'{header.source.file}' cannot be read ({error}); replace it") from None


def whole_hu_within(hu: HuImage, limits: tuple[float, float], mode: Mode) -> HuImage:
    """Convert to whole HU within the limits of a file and of 16 bits.

    >>> whole_hu_within(np.float32([[-2000, 1.7]]), (-1024, 3071), "as-published").tolist()
    [[-1024.0, 1.0]]
    """
    low = max(limits[0], PADDING_HU)
    high = min(limits[1], float(np.iinfo(np.int16).max))
    return np.asarray(np.clip(whole_hu(hu, mode), np.ceil(low), np.floor(high)), np.float32)


def dose_order(recipe: LdctProjectionData | CccidData) -> tuple[float, ...]:
    """Full dose, low dose, then the doses between: the order in the file list of the authors.

    >>> dose_order(LdctProjectionData())
    (1.0, 0.1, 0.5, 0.75)
    """
    return (1.0, recipe.low_dose, *sorted(recipe.doses))


def dose_problems(recipe: LdctProjectionData | CccidData) -> list[str]:
    """Problems of the doses in a recipe.

    >>> dose_problems(LdctProjectionData(doses=(0.05, 0.5, 0.5)))
    ["'data.doses' must be above 'data.low_dose' 0.1, got 0.05", "'data.doses' has 0.5 twice"]
    """
    low = recipe.low_dose
    least = f"'data.doses' must be above 'data.low_dose' {low:g}, got "
    problems = [f"{least}{dose:g}" for dose in recipe.doses if dose <= low]
    twice = [dose for dose, count in Counter(recipe.doses).items() if count > 1]
    return problems + [f"'data.doses' has {dose:g} twice" for dose in twice]


def published_folds_of(
    places: Sequence[Place],
    recipe: LdctProjectionData | CccidData,
    cut: Callable[[int], Sequence[int]],
) -> list[tuple[int, ...]]:
    """Fold of the authors for each example, by slice; -1 for none.

    Args:
        places: Split and fold of each slice, in the order of the list of the authors.
        recipe: States the doses, and whether published folds are used.
        cut: Gives the folds of a number of consecutive examples; test patients are excluded.

    >>> places = [Place("train"), Place("test"), Place("train")]
    >>> recipe = LdctProjectionData(doses=(0.5,), mode="as-published")
    >>> published_folds_of(places, recipe, range)
    [(0, 1, 2), (-1, -1, -1), (3, 4, 5)]
    """
    examples = len(dose_order(recipe))
    cuttable = [recipe.mode == "as-published" and place.split != "test" for place in places]
    folds = iter(cut(sum(cuttable) * examples))
    none = (-1,) * examples
    return [tuple(islice(folds, examples)) if each else none for each in cuttable]


def folders(root: Path) -> list[Path]:
    """Subfolders in order of name, without hidden ones.

    Raises:
        DataError: If ``root`` is not a folder.
    """
    if not root.is_dir():
        raise DataError(f"'{root}' must be a folder with one folder per patient, got none")
    return sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))


def loose_files(root: Path) -> list[str]:
    """Problems: files of a collection outside the folders of patients."""
    loose = sorted(f.name for f in root.iterdir() if f.is_file() and not f.name.startswith("."))
    return [f"{name}: must lie in a patient's folder; move or remove it" for name in loose]


def find_slices(folder: Path, root: Path) -> tuple[list[list[SliceHeader]], list[str]]:
    """The stacks of slices in a folder, each sorted along z, and the problems of its files."""
    found = find_scans([folder])
    skipped = [s for s in found.skipped if s.reason not in HARMLESS]
    stacks = [list(scan.headers) for scan in found.scans]
    problems = [_about_skipped(s, root) for s in skipped]
    problems += [p for stack in stacks for p in _about_stack(stack, root)]
    return stacks, problems


def _about_skipped(skipped: Skipped, root: Path) -> str:
    where = relative(skipped.file, root)
    return f"{where}: {skipped.detail} ({skipped.reason.value}); replace or remove it"


def _about_stack(stack: Sequence[SliceHeader], root: Path) -> list[str]:
    frames = Counter(header.source.file for header in stack)
    problems = [
        f"{relative(file, root)}: must be a single-frame DICOM slice; convert it first"
        for file in sorted(frames)
        if frames[file] > 1 or any(_no_dicom(h) for h in stack if h.source.file == file)
    ]
    lost = [h.source.file for h in stack if None in (h.z_mm, h.spacing_mm, h.orientation)]
    return problems + [
        f"{relative(file, root)}: must state position, orientation and pixel spacing; leave it out"
        for file in lost
    ]


def _no_dicom(header: SliceHeader) -> bool:
    return header.source.instance_uid is None


def relative(file: Path, root: Path) -> str:
    """Path relative to a collection, with forward slashes."""
    return file.relative_to(root).as_posix()


def try_split(patients: Iterable[str], recipe: DataRecipe) -> tuple[dict[str, Place], list[str]]:
    """Split of chest patients, or the problems that prevent it."""
    try:
        return split_patients(dict.fromkeys(patients, "chest"), recipe), []
    except DataError as error:
        return {}, str(error).splitlines()


def derive(
    task: DoseTask, dose: float, description: str, *, patient: str, noise: bool
) -> Derivation:
    """The derivation of an example, for its DICOM file."""
    recipe = task.recipe
    return Derivation(
        description=description,
        series_uid=derived_uid(recipe_digest(recipe), task.full.source.series_uid, dose),
        patient=patient,
        series_description=f"{dose:.0%} dose ({recipe.source}, {recipe.mode})",
        operation="noise" if noise else None,
    )
