"""Check that the noisier of two real reconstructions of one patient scores lower.

    python tools/real_pairs.py ../shared/ct [--model NAME] [--data data/ctiqa-s3]

A pair is two series of the same patient and region: a sharper and a softer kernel, with the
sharper series no thicker, or the same kernel with slices less than three quarters as thick. Nothing
is simulated and no labels are needed: a sharper kernel and a thinner slice are noisier by physics.
Two scores within 0.05 of each other at an end of the scale count as equal, separately from the
rest. With ``--data``, pairs of training patients are counted separately.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.data.manifest import read_examples
from ctiqa.data.sources.clean_series import Series, kernel_of, read_index
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL
from ctiqa.score import Scorer

ORDER = (SOFT_KERNEL, STANDARD_KERNEL, SHARP_KERNEL)
THINNER = 0.75
EQUAL = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """Two series of one patient, one of which must be noisier."""

    quiet: Series
    noisy: Series
    why: str


def main() -> None:
    """Print every pair, and how many are in the expected order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    seen = _trained_on(options.data)
    scorer = Scorer(options.model)
    found = {}
    for pair in pairs(options.root):
        quiet, noisy = (_score(scorer, each) for each in (pair.quiet, pair.noisy))
        verdict = _verdict(quiet, noisy)
        who = "trained on" if pair.quiet.patient in seen else "not trained on"
        found[pair.quiet.name, pair.noisy.name] = verdict, who
        sys.stdout.write(
            f"{pair.quiet.patient:14} {pair.why:38} {quiet:5.2f} {noisy:5.2f}  {verdict} {who}\n"
        )
    for group in sorted({who for _, who in found.values()}):
        verdicts = [verdict for verdict, who in found.values() if who == group]
        decided = [verdict for verdict in verdicts if verdict != "equal"]
        right = sum(verdict == "right" for verdict in decided)
        sys.stdout.write(
            f"{group}: {right} of {len(decided)} pairs in order, "
            f"{len(verdicts) - len(decided)} equal at an end of the scale\n"
        )


def pairs(root: Path) -> Iterator[Pair]:
    """The pairs of a collection."""
    thickness = {
        Path(str(record["file"])).stem: _number(record["slice_thickness_mm"])
        for record in json.loads((root / "index.json").read_text(encoding="utf-8"))
    }
    for quiet, noisy in permutations(read_index(root), 2):
        if (quiet.patient, quiet.region) != (noisy.patient, noisy.region):
            continue
        sharpness = [ORDER.index(kernel_of(each.kernel)) for each in (quiet, noisy)]
        thick, thin = thickness[quiet.name], thickness[noisy.name]
        if sharpness[1] > sharpness[0] and thin <= thick:
            yield Pair(quiet, noisy, f"{quiet.kernel} {thick:g} mm, {noisy.kernel} {thin:g} mm")
        elif quiet.kernel == noisy.kernel and thin < THINNER * thick:
            yield Pair(quiet, noisy, f"{quiet.kernel} {thick:g} mm, {thin:g} mm")


def _number(text: object) -> float:
    """A single thickness in mm; NaN, which compares unequal, if there is none or more than one."""
    try:
        return float(str(text))
    except ValueError:
        return math.nan


def _score(scorer: Scorer, series: Series) -> float:
    hu, _ = series.read()
    scores = [scorer.score(hu[k]).score for k in series.chosen(16)]
    return float(np.median([score for score in scores if score is not None]))


def _verdict(quiet: float, noisy: float) -> str:
    ends = max(quiet, noisy) < EQUAL or min(quiet, noisy) > 4 - EQUAL
    if ends and abs(quiet - noisy) <= EQUAL:
        return "equal"
    return "right" if noisy < quiet else "wrong"


def _trained_on(data: Path | None) -> set[str]:
    if data is None:
        return set()
    return set(read_examples(data).where(split="train").column("patient").tolist())


if __name__ == "__main__":
    main()
