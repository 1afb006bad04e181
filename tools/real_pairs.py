"""Check that the noisier of two real reconstructions of one patient is judged noisier.

    python tools/real_pairs.py ../shared/ct [--model NAME] [--data data/ctiqa-s4]
    python tools/real_pairs.py --full DIR --low DIR --dose 0.25

A pair of a collection is two series of the same patient and region: a sharper and a softer kernel,
with the sharper series no thicker, or the same kernel with slices less than three quarters as
thick. A dose pair is the same slice at full and at low dose: the series and slices of two folders,
paired in order. Nothing is simulated and no labels are needed: a sharper kernel, a thinner slice
and a lower dose are noisier by physics.

Pairs are ordered by score and, if the model estimates it, by equivalent noise. Two scores within
0.05 of each other at an end of the scale count as equal; equivalent noise has no ends. The ratio of
equivalent noise is compared with the expected one where only dose or thickness differs: noise is
proportional to 1/√dose and 1/√thickness. With ``--data``, pairs of training patients are counted
separately.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from statistics import median
from typing import Any

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.cli.console.status import NOTHING_DONE, status_of
from ctiqa.data.manifest import read_examples
from ctiqa.data.sources.clean_series import Series, kernel_of, read_index
from ctiqa.errors import CtiqaError, UsageError
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL
from ctiqa.score import Scorer
from ctiqa.types import SliceScore

ORDER = (SOFT_KERNEL, STANDARD_KERNEL, SHARP_KERNEL)
THINNER = 0.75
EQUAL = 0.05
MOST_SLICES = 16
HEAD = """\
| patient | pair | score | by score | equivalent noise, HU | by noise | ratio | expected | |
|---|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Median score and median equivalent noise in HU; ``None`` for what the model does not give."""

    score: float | None
    noise_hu: float | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images of one patient, the second of which must be noisier.

    Attributes:
        patient: The patient.
        why: What differs.
        expected: Ratio of their noise by physics; ``None`` if more differs than dose or thickness.
        quiet: What the model gives for the first.
        noisy: What the model gives for the second.
    """

    patient: str
    why: str
    expected: float | None
    quiet: Measured
    noisy: Measured

    @property
    def by_score(self) -> str | None:
        """``right``, ``wrong`` or ``equal``; ``None`` where the model abstains."""
        quiet, noisy = self.quiet.score, self.noisy.score
        if quiet is None or noisy is None:
            return None
        ends = max(quiet, noisy) < EQUAL or min(quiet, noisy) > 4 - EQUAL
        if ends and abs(quiet - noisy) <= EQUAL:
            return "equal"
        return "right" if noisy < quiet else "wrong"

    @property
    def by_noise(self) -> str | None:
        """``right`` or ``wrong``; ``None`` for a model that does not estimate it."""
        return None if self.ratio is None else "right" if self.ratio > 1 else "wrong"

    @property
    def ratio(self) -> float | None:
        """Equivalent noise of the second image by that of the first."""
        if self.quiet.noise_hu is None or self.noisy.noise_hu is None:
            return None
        return self.noisy.noise_hu / self.quiet.noise_hu


def main() -> None:
    """Print a table of all pairs, and how many are in the expected order."""
    options = _options()
    if options.root is not None and not (options.root / "index.json").is_file():
        sys.stderr.write(f"no pairs compared: '{options.root}' has no index.json of a collection\n")
        raise SystemExit(NOTHING_DONE)
    try:
        _compare(options)
    except CtiqaError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(status_of(error)) from None


def _compare(options: argparse.Namespace) -> None:
    seen = _trained_on(options.data)
    scorer = Scorer(options.model)
    if options.root is None:
        found = list(dose_pairs(scorer, options.full, options.low, options.dose))
    else:
        found = list(pairs(options.root, cache(lambda series: _measure(scorer, series))))
    sys.stdout.write(HEAD + "".join(row(pair, _who(pair, seen)) for pair in found) + "\n")
    for who in sorted({_who(pair, seen) for pair in found}):
        sys.stdout.write(summary(who, [pair for pair in found if _who(pair, seen) == who]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path, nargs="?", help="collection with an index.json")
    parser.add_argument("--full", type=Path, help="folder of full-dose CT images")
    parser.add_argument("--low", type=Path, help="folder of the same slices at low dose")
    parser.add_argument("--dose", type=float, help="share of the full dose, such as 0.25")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--data", type=Path, help="data set that the model was trained on")
    options = parser.parse_args()
    doses = [each is not None for each in (options.full, options.low, options.dose)]
    if any(doses) is not all(doses) or (options.root is None) is not all(doses):
        parser.error("give a collection, or --full, --low and --dose")
    if options.dose is not None and not 0 < options.dose < 1:
        parser.error(f"--dose must be in (0, 1), got {options.dose:g}")
    return options


def pairs(root: Path, measure: Callable[[Series], Measured]) -> Iterator[Pair]:
    """The pairs of a collection."""
    records = {
        Path(str(record["file"])).stem: record
        for record in json.loads((root / "index.json").read_text(encoding="utf-8"))
    }
    for quiet, noisy in permutations(read_index(root), 2):
        if (quiet.patient, quiet.region) != (noisy.patient, noisy.region):
            continue
        sharpness = [ORDER.index(kernel_of(each.kernel)) for each in (quiet, noisy)]
        facts = records[quiet.name], records[noisy.name]
        thick, thin = (_number(each.get("slice_thickness_mm")) for each in facts)
        if sharpness[1] > sharpness[0] and thin <= thick:
            why = f"{quiet.kernel} {thick:g} mm, {noisy.kernel} {thin:g} mm"
        elif quiet.kernel == noisy.kernel and thin < THINNER * thick:
            why = f"{quiet.kernel} {thick:g} mm, {thin:g} mm"
        else:
            continue
        expected = math.sqrt(thick / thin) if _same_exposure(*facts) else None
        yield Pair(quiet.patient, why, expected, measure(quiet), measure(noisy))


def dose_pairs(scorer: Scorer, full: Path, low: Path, dose: float) -> Iterator[Pair]:
    """The pairs of two folders with the same series at full and at low dose.

    Raises:
        UsageError: If the folders differ in their numbers of series or slices.
    """
    scans = [scorer.score_paths(folder).scans for folder in (full, low)]
    counts = [[len(scan.slices) for scan in each] for each in scans]
    if counts[0] != counts[1]:
        raise UsageError(
            f"'--full' and '--low' must hold the same series, got {counts[0]} slices in '{full}' "
            f"and {counts[1]} in '{low}'"
        )
    for whole, part in zip(*scans, strict=True):
        for number, two in enumerate(zip(whole.slices, part.slices, strict=True), start=1):
            why = f"slice {number}, {dose:.0%} of the dose"
            yield Pair(whole.scan.path.name, why, dose**-0.5, *(_median([each]) for each in two))


def row(pair: Pair, who: str) -> str:
    """One line of the table."""
    quiet, noisy = pair.quiet, pair.noisy
    cells = (
        pair.patient,
        pair.why,
        f"{_shown(quiet.score, 2)} → {_shown(noisy.score, 2)}",
        pair.by_score or "–",
        f"{_shown(quiet.noise_hu, 1)} → {_shown(noisy.noise_hu, 1)}",
        pair.by_noise or "–",
        _shown(pair.ratio, 2),
        _shown(pair.expected, 2),
        who,
    )
    return f"| {' | '.join(cells)} |\n"


def summary(who: str, found: Sequence[Pair]) -> str:
    """How many pairs are in order, and how the ratios of equivalent noise compare with physics."""
    verdicts = [pair.by_score for pair in found]
    text = f"{who}: by score {_in_order(verdicts)}, {verdicts.count('equal')} equal"
    text += f", {verdicts.count(None)} not scored" if None in verdicts else ""
    ratios = [pair.ratio for pair in found if pair.ratio is not None]
    if not ratios:
        return f"{text}; the model does not estimate equivalent noise\n"
    text += f"; by equivalent noise {_in_order([pair.by_noise for pair in found])}"
    text += f"; median ratio {median(ratios):.2f}"
    known = [(p.ratio, p.expected) for p in found if p.ratio is not None and p.expected is not None]
    if known:
        measured, expected = (median(values) for values in zip(*known, strict=True))
        text += (
            f"; where physics gives it, {measured:.2f}, expected {expected:.2f} (n={len(known)})"
        )
    return text + "\n"


def _in_order(verdicts: Sequence[str | None]) -> str:
    right = verdicts.count("right")
    return f"{right} of {right + verdicts.count('wrong')} in order"


def _number(text: object) -> float:
    """A single number; NaN, which compares unequal, if there is none or more than one."""
    try:
        return float(str(text))
    except ValueError:
        return math.nan


def _same_exposure(quiet: Mapping[str, Any], noisy: Mapping[str, Any]) -> bool:
    """Whether kernel, voltage and mAs are the same, so that only the thickness differs."""
    return all(
        quiet.get(key) == noisy.get(key) and quiet.get(key) is not None
        for key in ("kernel", "kvp", "exposure_mas")
    )


def _measure(scorer: Scorer, series: Series) -> Measured:
    hu, _ = series.read()
    return _median([scorer.score(hu[k]) for k in series.chosen(MOST_SLICES)])


def _median(verdicts: Sequence[SliceScore]) -> Measured:
    scores = [each.score for each in verdicts if each.score is not None]
    noise = [each.equivalent_noise_hu for each in verdicts if each.equivalent_noise_hu is not None]
    return Measured(median(scores) if scores else None, median(noise) if noise else None)


def _shown(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _who(pair: Pair, seen: set[str]) -> str:
    return "trained on" if pair.patient in seen else "not trained on"


def _trained_on(data: Path | None) -> set[str]:
    if data is None:
        return set()
    return set(read_examples(data).where(split="train").column("patient").tolist())


if __name__ == "__main__":
    main()
