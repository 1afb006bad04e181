"""Validate the gate and the flags, for the tables in docs/flags.md.

    python -m tools.validate_gate ../shared [--every 6] [--filters-every 8] [--model]

It measures false alarms on real slices; detection of wrong HU, other modalities, scouts, phantoms
and photographs; and which filters are recognised: without a model. ``--model`` measures the flags
that need the shipped model instead. The tables are printed, and written into the page. It takes
half an hour on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from tools.blocks import with_block
from tools.gate.count import Tally, percent, table
from tools.gate.images import (
    AS_IT_IS,
    PICTURE_FORMS,
    RESONANCE_FORMS,
    SCOUT_FORMS,
    Case,
    Form,
    patients,
    phantoms,
    pictures,
    resonances,
    scouts,
)
from tools.gate.judge import GATE, SCORED, Spacing, filtered_copies, judged, noise_hu, outcome
from tools.hu_changes import DAMAGES, HARMLESS, Change

from ctiqa import Scorer
from ctiqa.io.atomic import write_bytes
from ctiqa.physics.patient.filtered import is_filtered
from ctiqa.types import Floats

PAGE = Path(__file__).parents[1] / "docs" / "flags.md"

UNLIKE = ("filtered", "contradiction")
"""Flags that a plain slice must not have."""


def false_alarms(cases: Iterable[Case]) -> str:
    """Slices of patients without a score, or taken for filtered, by what they show and whose."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for case in cases:
        noise = "filtered" if is_filtered(case.hu, case.spacing_mm) else None
        for name in ("all", case.group, f"region: {case.region}", f"vendor: {case.vendor}"):
            tallies[name].add(outcome(case.hu, case.spacing_mm), noise)
    head = ["slices of patients", "n", *GATE, "without a score", "noise of a filter"]
    rows = [
        [*_stopped(name, tally), percent(tally.outcomes["filtered"], tally.n)]
        for name, tally in sorted(tallies.items(), key=lambda item: -item[1].n)
    ]
    return table(head, rows)


def _stopped(name: str, tally: Tally) -> list[str]:
    """A row of what the gate does."""
    lost = sum(tally.outcomes[each] for each in GATE)
    return [name, *tally.cells(GATE), percent(lost, tally.n)]


def detection(shared: Path, every: int) -> str:
    """Images that show no patient: what keeps them without a score."""
    families: tuple[tuple[str, Iterable[tuple[Floats, Spacing]], Mapping[str, Form]], ...] = (
        ("magnetic resonance", _bare(resonances(shared, every)), RESONANCE_FORMS),
        ("scout", _bare(scouts(shared)), SCOUT_FORMS),
        ("phantom", phantoms(shared), AS_IT_IS),
        ("photograph", _bare(pictures()), PICTURE_FORMS),
    )
    rows = []
    for family, images, forms in families:
        tallies = {name: Tally() for name in forms}
        for image, spacing in images:
            for name, form in forms.items():
                tallies[name].add(outcome(form(image), spacing))
        rows += [_stopped(f"{family}, {name}", tally) for name, tally in tallies.items()]
    return table(["what it is", "n", *GATE, "without a score"], rows)


def _bare(images: Iterable[Floats]) -> Iterator[tuple[Floats, Spacing]]:
    """Images without pixel spacing."""
    return ((image, None) for image in images)


def changed(cases: Sequence[Case], changes: Mapping[str, Change], *, harmless: bool) -> str:
    """Slices after changes: all, and the changes after which any is judged wrongly."""
    total, rows = Tally(), []
    for name, change in changes.items():
        tally = Tally()
        for case in cases:
            image = change(case.hu[np.newaxis].astype(np.float64), np.random.default_rng(0))[0]
            for each in (tally, total):
                each.add(outcome(image, case.spacing_mm))
        if tally.outcomes[SCORED] != (tally.n if harmless else 0):
            rows.append(_stopped(name, tally))
    head = ["change", "n", *GATE, "without a score"]
    return table(head, [_stopped(f"all {len(changes)} kinds", total), *rows])


def filters(cases: Iterable[Case]) -> str:
    """Filtered copies: how much noise is left, and whether it is recognised as filtered."""
    tallies: dict[tuple[str, float], Tally] = defaultdict(Tally)
    left: dict[tuple[str, float], list[float]] = defaultdict(list)
    for case in cases:
        before = noise_hu(case.hu, case.spacing_mm)
        for name, strength, hu in filtered_copies(case.hu):
            noise = "filtered" if is_filtered(hu, case.spacing_mm) else None
            tallies[name, strength].add(noise)
            left[name, strength].append(noise_hu(hu, case.spacing_mm) / before)
    rows = [
        [
            *(name, f"{strength:g}", str(tally.n)),
            f"{np.nanmedian(left[name, strength]):.0%}",
            percent(tally.outcomes["filtered"], tally.n),
        ]
        for (name, strength), tally in tallies.items()
    ]
    return table(["filter", "strength", "n", "noise left", "noise of a filter"], rows)


def flags(plain: Iterable[Case], copied: Iterable[Case]) -> str:
    """Flags that the shipped model and the measures raise together."""
    scorer = Scorer(jobs=1)
    tallies: dict[str, Tally] = defaultdict(Tally)
    for case in plain:
        found = judged(scorer, case.hu, case.spacing_mm)
        if found.score is not None:
            for name in ("plain, all", f"plain, {case.group}"):
                tallies[name].add(*_unlike(found.flags))
    for case in copied:
        if judged(scorer, case.hu, case.spacing_mm).score is None:
            continue
        for name, strength, hu in filtered_copies(case.hu):
            found = judged(scorer, hu, case.spacing_mm)
            tallies[f"{name} {strength:g}"].add(*_unlike(found.flags))
    head = ["slices", "n", *(f"`{flag}`" for flag in UNLIKE), "either"]
    columns = (*UNLIKE, "either")
    rows = [
        [name, str(tally.n), *(percent(tally.outcomes[each], tally.n) for each in columns)]
        for name, tally in tallies.items()
    ]
    card = scorer.card
    made = f"Model `{card.name}` {card.version} of {card.facts['created']}."
    return f"{made}\n\n{table(head, rows)}"


def _unlike(raised: Sequence[str]) -> tuple[str, ...]:
    found = tuple(flag for flag in UNLIKE if flag in raised)
    return (*found, "either") if found else ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("shared", type=Path, help="folder with ct, dicom-series and dicom-zoo")
    parser.add_argument("--every", type=int, default=6, help="series that are changed: every n-th")
    parser.add_argument("--filters-every", type=int, default=8, help="… and filtered")
    parser.add_argument("--model", action="store_true", help="measure the flags of the model")
    options = parser.parse_args(arguments)
    shared = options.shared
    some = list(patients(shared, options.every))
    few = list(patients(shared, options.filters_every))
    bare: dict[str, Callable[[], str]] = {
        "false alarms": lambda: false_alarms(patients(shared)),
        "detection": lambda: detection(shared, options.every),
        "still HU": lambda: changed(some, HARMLESS, harmless=True),
        "wrong HU": lambda: changed(some, DAMAGES, harmless=False),
        "filters": lambda: filters(few),
    }
    modelled: dict[str, Callable[[], str]] = {"flags": lambda: flags(patients(shared), few)}
    for name, measure in (modelled if options.model else bare).items():
        made = measure()
        sys.stdout.write(f"{name}\n\n{made}\n\n")
        sys.stdout.flush()
        text = PAGE.read_text(encoding="utf-8")
        text = with_block(text, f"<!-- {name} -->", f"<!-- /{name} -->", made)
        write_bytes(PAGE, text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
