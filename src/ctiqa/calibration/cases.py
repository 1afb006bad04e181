"""Cases: the model's scores of their slices, and the mean of their readers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ctiqa.calibration.effects import Indices
from ctiqa.types import Floats

Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Cases:
    """Cases with the model's scores of their slices and the readers' score.

    Attributes:
        open_scores: Open scores of the slices of all cases, case after case [slices].
        starts: Index of the first slice of each case [cases].
        target: Mean of the readers in grades [cases].
        patient: Index of the patient of each case [cases].
    """

    open_scores: Floats
    starts: Indices
    target: Floats
    patient: Indices

    @cached_property
    def middle(self) -> float:
        """Median over the cases of their mean open scores."""
        return float(np.median(self.means(self.open_scores)))

    def means(self, of_slices: Floats) -> Floats:
        """Means over the slices of each case, along the last axis."""
        return np.asarray(np.add.reduceat(of_slices, self.starts, axis=-1) / self._counts)

    def of_slices(self, of_cases: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
        """The value of its case for each slice [slices]."""
        return np.repeat(of_cases, self._counts)

    @cached_property
    def _counts(self) -> Indices:
        return np.diff([*self.starts, len(self.open_scores)])
