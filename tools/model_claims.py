"""What the pages say about the shipped model, written from its card.

    python -m tools.model_claims            writes the passages into the pages
    python -m tools.model_claims --check    says whether they are up to date

A passage stands between two comments that name it. What a card does not hold, no passage says.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ctiqa.catalog import DEFAULT_MODEL, MODELS
from ctiqa.io.atomic import write_bytes
from ctiqa.weights import load_model

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/index.md", "docs/score.md", "docs/evaluation.md")

Card = Mapping[str, Any]

_PASSAGE = re.compile(
    r"(?P<begin><!-- model (?P<name>[a-z-]+): python -m tools\.model_claims -->\n)"
    r".*?(?P<end><!-- /model (?P=name) -->)",
    re.DOTALL,
)


def agreement(card: Card) -> str:
    """How well the scores agree with the labels of patients never seen."""
    simple, every = card["checks"]["dose_and_views"], card["agreement"]
    return (
        f"On simulated slices of {every['patients']} patients that it never saw, the shipped "
        f"model, `{card['name']}`, agrees with the labels at |PLCC| + |SROCC| + |KROCC| = "
        f"{_estimate(simple['overall'])} where only dose and views were reduced (mean absolute "
        f"error {simple['mae']['value']:.2f} grades), and at {_estimate(every['overall'])}, "
        f"error {every['mae']['value']:.2f}, over every degradation it was trained on: "
        f"{card['training']['degradations']}. {flips(card['checks']['steadiness'])}"
    )


def flips(steadiness: Card) -> str:
    """How much a mirrored slice moves.

    >>> flips({"flip up-down": {"within_0.1": 0.7, "largest": 0.98}, "shift": {}})
    'A mirrored slice moves by at most 0.1 in 70 % of cases, and by 1.0 at the most.'
    """
    mirrored = [each for name, each in steadiness.items() if name.startswith("flip")]
    shares = sorted({f"{100 * each['within_0.1']:.0f}" for each in mirrored})
    return (
        f"A mirrored slice moves by at most 0.1 in {' to '.join(shares)} % of cases, "
        f"and by {max(each['largest'] for each in mirrored):.1f} at the most."
    )


def label(card: Card) -> str:
    """What the model was trained to predict."""
    return f"> {card['label']}"


def seen(card: Card) -> str:
    """What the network is given of a slice."""
    low, high = (f"{each:g}" for each in card["input"]["range_hu"])
    smallest, largest = card["input"]["matrix"]
    windows = " and ".join(f"`{each}`" for each in card["input"]["windows"])
    choice = ", ".join(f"`{each}`" for each in card["input"]["selectable_windows"])
    return (
        f"`{card['name']}` sees CT numbers from {low} to {high} HU through the windows {windows}, "
        f"at the slice's own matrix, {smallest} to {largest} pixels a side. "
        f"{f'You may choose the window: {choice}.' if choice else 'There is no window to choose.'}"
    )


def training(card: Card) -> str:
    """What it was trained on, and what it was not."""
    sizes = card["training"]
    lines = [
        f"`{card['name']}` was trained on {sizes['examples']:,} degraded examples of "
        f"{sizes['patients']} patients: {sizes['degradations']}. It was **not** trained on",
        "",
        *(f"- {each}" for each in card["not_trained_on"]),
    ]
    return "\n".join(lines)


def regions(card: Card) -> str:
    """On which parts of the body it was tested."""
    measured = sorted(card["checks"]["regions"].items(), key=lambda each: -each[1]["patients"])
    listed = ", ".join(
        f"{name} ({each['patients']} {'patient' if each['patients'] == 1 else 'patients'}, mean "
        f"error {each['mae']:.2f}, bias {each['bias']:+.2f})"
        for name, each in measured
    )
    return f"`{card['name']}` was tested on patients that it never saw, by region: {listed}."


def names(_: Card) -> str:
    """The models that come with ctiqa."""
    shipped = ", ".join(f"`{record.name}`" for record in MODELS)
    return f"The models that come with ctiqa: {shipped}."


PASSAGES: Mapping[str, Callable[[Card], str]] = {
    "agreement": agreement,
    "label": label,
    "names": names,
    "regions": regions,
    "seen": seen,
    "training": training,
}


def with_claims(text: str, card: Card) -> str:
    """A page with every passage as the card has it.

    Raises:
        KeyError: If the page has a passage of an unknown name.
    """

    def replace(match: re.Match[str]) -> str:
        return f"{match['begin']}\n{PASSAGES[match['name']](card)}\n\n{match['end']}"

    return _PASSAGE.sub(replace, text)


def _estimate(entry: Card) -> str:
    low, high = entry["interval"]
    return f"{entry['value']:.2f} (95 % interval {low:.2f}–{high:.2f})"


def main() -> int:
    """Write the passages, or say whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    card = load_model(DEFAULT_MODEL).facts
    stale = 0
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        made = with_claims(text, card)
        if made != text:
            stale = 1
            if asked.check:
                sys.stderr.write(f"stale: {page}; run python -m tools.model_claims\n")
            else:
                write_bytes(ROOT / page, made.encode())
    return stale if asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
