"""Measure how well fingerprints separate slices of the same patient from those of others.

Prints the table in the docstring of ``ctiqa.data.near_duplicates.THRESHOLD``. Run it with::

    python tools/measure_near_duplicates.py ../shared/ct

It takes about four minutes on one core, nearly all of it for simulating the degraded copies.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ctiqa.data.near_duplicates import THRESHOLD, cluster, fingerprint, similarity
from ctiqa.data.sources.clean_series import Series, read_index
from ctiqa.physics import simulate_low_dose, simulate_sparse_views
from ctiqa.types import HuImage

DOSES = (0.25, 0.05)
VIEWS = 64
FULL_VIEWS = 360
"""Fewer than a scanner measures, for speed: the fingerprint does not resolve such details."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One slice or degraded copy.

    Attributes:
        patient: Patient.
        series: Series.
        z_mm: Position in the series in mm.
        copy: Whether it is degraded.
        print: Fingerprint.
    """

    patient: str
    series: str
    z_mm: float
    copy: bool
    print: npt.NDArray[np.float32]


def samples(series: Series, rng: np.random.Generator) -> Iterator[Sample]:
    """All slices of a series, and degraded copies of the first and the middle one."""
    hu, spacing_mm = series.read()
    with np.load(series.file, allow_pickle=False) as stored:
        z_mm = stored["z_mm"]
    for number, image in enumerate(hu):
        copies = degraded(image, spacing_mm, rng) if number in (0, len(hu) // 2) else []
        for rank, version in enumerate((image, *copies)):
            place = float(z_mm[number])
            yield Sample(series.patient, series.name, place, rank > 0, fingerprint(version))


def degraded(
    hu: HuImage, spacing_mm: tuple[float, float], rng: np.random.Generator
) -> list[HuImage]:
    """The slice at low doses and with few views."""
    noisy = [simulate_low_dose(hu, spacing_mm, d, rng, n_views=FULL_VIEWS) for d in DOSES]
    return [*noisy, simulate_sparse_views(hu, spacing_mm, VIEWS, n_views=FULL_VIEWS)]


def table(found: Sequence[Sample]) -> str:
    """Lowest and highest similarity of every kind of pair, one line per kind."""
    alike = similarity(np.stack([s.print for s in found]))
    z_mm, copy = np.array([s.z_mm for s in found]), np.array([s.copy for s in found])
    series, patient = np.array([s.series for s in found]), np.array([s.patient for s in found])
    once = np.triu(np.ones(alike.shape, dtype=bool), 1)
    gap = np.abs(z_mm[:, None] - z_mm)
    together = once & (series[:, None] == series)
    clean = together & ~copy[:, None] & ~copy
    kinds = {
        "a slice and its degraded copy": together & (gap == 0) & (copy[:, None] != copy),
        "slices of one series, up to 3 mm apart": clean & (gap > 0) & (gap <= 3),
        "slices of one series, 3 to 6 mm apart": clean & (gap > 3) & (gap <= 6),
        "slices of one series, 6 to 9 mm apart": clean & (gap > 6) & (gap <= 9),
        "slices of different patients": once & (patient[:, None] != patient),
    }
    return "\n".join(f"{name:55}{_summary(alike[pairs])}" for name, pairs in kinds.items())


def _summary(values: npt.NDArray[np.float32]) -> str:
    share = np.mean(values >= THRESHOLD)
    return f"{values.size:7d}  {values.min():6.2f}  {values.max():7.2f}  {share:8.2%}"


def groups(found: Sequence[Sample]) -> str:
    """Number of groups that the slices form, and how many of these mix patients."""
    labels = cluster(np.stack([s.print for s in found]))
    members = [
        {sample.patient for sample, label in zip(found, labels, strict=True) if label == k}
        for k in np.unique(labels)
    ]
    mixed = sum(len(patients) > 1 for patients in members)
    return f"{len(found)} slices, {len(members)} groups, {mixed} of them of several patients"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", type=Path, help="reference collection with its index.json")
    rng = np.random.default_rng(0)
    found = [
        sample
        for series in read_index(parser.parse_args(arguments).root)
        for sample in samples(series, rng)
    ]
    sys.stdout.write(f"{table(found)}\n{groups(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
