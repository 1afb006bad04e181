"""Validate dose curves and the quick dose reserve, for the tables in docs/how-to/dose-curve.md.

    python -m tools.validate_dose ../shared/ct [--model NAME] [--write]
    python -m tools.validate_dose --full DIR --low DIR --dose 0.25 [--model NAME]

The first form uses a collection with an ``index.json``. It inserts noise into slices of patients
that the model was not trained on and takes the result for the full dose; the twin has noise of its
own at a quarter of that dose. The noise is made with the nominal kernel of the scanner, not with
the texture that the dose curve measures. The second table is about noise alone, of all slices of
the collection and of neighbours. ``--write`` puts both into the page.

The second form compares with real twins: the series and slices of two folders, paired in order.
Exit status 5 if the bias exceeds 0.10 or the mean absolute error 0.20.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tools.blocks import with_block
from tools.dose_twins import Twin, from_folders, neighbours, simulated
from tools.inserted_noise import noise_table

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.cli.console.status import status_of
from ctiqa.data.sources.clean_series import read_index
from ctiqa.dose_curve.one_slice import NoCurveError, curve_of_slice
from ctiqa.dose_curve.plan import Plan
from ctiqa.dose_curve.result import SliceCurve
from ctiqa.errors import CtiqaError
from ctiqa.io.atomic import write_bytes
from ctiqa.score import Scorer
from ctiqa.types import Slice, SliceScore

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "dose-curve.md"
BEGIN = "<!-- validation: python -m tools.validate_dose ../shared/ct --write -->"
END = "<!-- /validation -->"

QUARTER = 0.25

MOST_BIAS, MOST_ERROR = 0.10, 0.20
"""Limits of bias and mean absolute error of the simulated scores."""

LIMIT_BROKEN = 5
"""Exit status if they are exceeded."""

HEAD = """\
| twins | dose | n | real score | simulation: bias | mean error | quick: bias | mean error |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """One twin, and what is predicted from the slice at the higher dose.

    Attributes:
        dose: The lower dose as a fraction of the higher.
        real: Its score at the lower dose.
        simulated: Its score by simulation.
        quick: Its score by the quick formula.
        growth: What the variance of the equivalent noise grows by, relative to that of the quantum
            noise; a ratio of standard deviations.
    """

    dose: float
    real: float
    simulated: float
    quick: float
    growth: float


def main() -> None:
    """Print the tables."""
    options = _options()
    try:
        _run(options)
    except CtiqaError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(status_of(error)) from None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("root", type=Path, nargs="?", help="collection with an index.json")
    parser.add_argument("--full", type=Path, help="folder of full-dose CT images")
    parser.add_argument("--low", type=Path, help="folder of the same slices at low dose")
    parser.add_argument("--dose", type=float, help="share of the full dose, such as 0.25")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--write", action="store_true", help="write the tables into the page")
    options = parser.parse_args()
    given = [each is not None for each in (options.full, options.low, options.dose)]
    if any(given) is not all(given) or (options.root is None) is not all(given):
        parser.error("give a collection, or --full, --low and --dose")
    return options


def _run(options: argparse.Namespace) -> None:
    scorer = Scorer(options.model, jobs=1)
    if options.root is None:
        twins = from_folders(options.full, options.low, options.dose)
        found = {"real": list(compare(twins, scorer))}
        sys.stdout.write(score_table(found))
    else:
        found, body = validation(options.root, scorer)
        sys.stdout.write(f"{body}\n")
        if options.write:
            page = PAGE.read_text(encoding="utf-8")
            write_bytes(PAGE, with_block(page, BEGIN, END, body).encode())
    if not all(map(within_limits, found.values())):
        raise SystemExit(LIMIT_BROKEN)


Found = dict[str, list[Compared]]
"""Twins by kind."""


def validation(root: Path, scorer: Scorer) -> tuple[Found, str]:
    """The twins, and both tables of the page."""
    series = [each for each in read_index(root) if each.region != "head"]
    held_out = set(scorer.card.facts["training"]["recipe"]["data"]["test_patients"])
    unseen = [each for each in series if each.patient in held_out]
    kinds = {
        "simulated, constant tube current": simulated(unseen, QUARTER, modulated=False),
        "simulated, modulated tube current": simulated(unseen, QUARTER, modulated=True),
    }
    found = {name: list(compare(twins, scorer)) for name, twins in kinds.items()}
    growth = [each.growth for twins in found.values() for each in twins]
    table = noise_table(series, list(neighbours(root, series)), growth)
    return found, f"{score_table(found)}\n{table}"


def score_table(found: Found) -> str:
    """The first table."""
    return HEAD + "".join(row(name, each) for name, each in found.items())


def within_limits(found: Sequence[Compared]) -> bool:
    """Whether the simulated scores are as close to the real ones as the page states."""
    if not found:
        return False
    errors = np.array([each.simulated - each.real for each in found])
    return bool(abs(errors.mean()) <= MOST_BIAS and np.abs(errors).mean() <= MOST_ERROR)


def compare(twins: Iterator[Twin], scorer: Scorer) -> Iterator[Compared]:
    """Real and predicted scores of every twin that has them."""

    def judge(images: Sequence[Slice]) -> list[SliceScore]:
        return [scorer.score(each) for each in images]

    for twin in twins:
        (real,) = judge([twin.low])
        try:
            plan = Plan(doses=(twin.dose,))
            curve = curve_of_slice(twin.full, scorer.score(twin.full), judge, plan)
        except NoCurveError:
            continue
        if real.score is not None:
            score, quick = float(curve.means[-1]), float(curve.quick_scores[-1])
            yield Compared(twin.dose, real.score, score, quick, _growth(twin, real, curve))


def _growth(twin: Twin, real: SliceScore, curve: SliceCurve) -> float:
    grown = (real.equivalent_noise_hu or 0.0) ** 2 - curve.mean_noise_hu[0] ** 2
    expected = curve.quantum_noise_hu**2 * (1 / twin.dose - 1)
    return math.sqrt(max(grown, 0.0) / expected)


def row(name: str, found: Sequence[Compared]) -> str:
    """One line of the first table; bias is predicted minus real."""
    if not found:
        return f"| {name} | – | 0 | – | – | – | – | – |\n"
    real = np.array([each.real for each in found])
    cells = [name, f"{100 * found[0].dose:g} %", str(len(found)), f"{real.mean():.2f}"]
    for predicted in ([each.simulated for each in found], [each.quick for each in found]):
        error = np.array(predicted) - real
        cells += [f"{error.mean():+.2f}", f"{np.abs(error).mean():.2f}"]
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    main()
