"""Passages of the documentation about the shipped model, written from its card.

    python -m tools.model_claims            writes the passages into the pages
    python -m tools.model_claims --check    reports pages that are out of date

A passage lies between two comments with its name. Every number in it comes from the card.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tools.blocks import with_block, write_or_check
from tools.trust.passages import TRUST

from ctiqa.catalog import DEFAULT_MODEL, MODELS
from ctiqa.score.report.model_facts import trained_on
from ctiqa.weights import load_model

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/index.md", "docs/score.md", "docs/evaluation.md", "docs/trust.md")

Card = Mapping[str, Any]

TRUNK = "whole trunk, chest and abdomen"
"""Name of the region ``trunk`` on a page."""

_BEGIN = re.compile(r"<!-- model (?P<name>[a-z-]+): python -m tools\.model_claims -->")


def agreement(card: Card) -> str:
    """Agreement of the scores with the labels of held-out patients."""
    simple, every = card["checks"]["dose_and_views"], card["agreement"]
    return (
        f"On simulated slices of {every['patients']} held-out patients, the shipped "
        f"model, `{card['name']}`, reaches |PLCC| + |SROCC| + |KROCC| = "
        f"{_estimate(simple['overall'])} when only dose and the number of "
        f"projection views were reduced (mean absolute error {simple['mae']['value']:.2f} "
        f"grades), and {_estimate(every['overall'])}, error {every['mae']['value']:.2f}, over "
        f"all degradations that it was trained on: {card['training']['degradations']}. "
        f"{flips(card['checks']['steadiness'])}"
    )


def flips(steadiness: Card) -> str:
    """How much flipping a slice changes its score.

    >>> flips({"flip up-down": {"within_0.1": 0.7, "largest": 0.98}, "shift": {}})
    'Flipping the image changes the score by no more than 0.1 in 70 % of slices, and never by more
    than 1.0.'
    """
    flipped = [each for name, each in steadiness.items() if name.startswith("flip")]
    shares = sorted({f"{100 * each['within_0.1']:.0f}" for each in flipped})
    return (
        f"Flipping the image changes the score by no more than 0.1 in {'–'.join(shares)} % of "
        f"slices{' (depending on the axis)' if len(shares) > 1 else ''}, and never by more than "
        f"{max(each['largest'] for each in flipped):.1f}."
    )


def label(card: Card) -> str:
    """What the model was trained to predict."""
    return f"> {card['label']}"


def seen(card: Card) -> str:
    """The input of the network: range, windows and matrix size."""
    low, high = (f"{each:g}".replace("-", "−") for each in card["input"]["range_hu"])
    smallest, largest = card["input"]["matrix"]
    windows = [f"`{each}`" for each in card["input"]["windows"]]
    count = ("no", "one", "two", "three")[len(windows)]
    channels = f"{count} window {'channel' if len(windows) == 1 else 'channels'}"
    choice = ", ".join(f"`{each}`" for each in card["input"]["selectable_windows"])
    return (
        f"`{card['name']}` receives CT numbers from {low} to {high} HU, as {channels} "
        f"({' and '.join(windows)}), at the slice's native matrix size, {smallest} to {largest} "
        "pixels a side. "
        f"{f'The window can be chosen: {choice}.' if choice else 'The windows are fixed.'}"
    )


def training(card: Card) -> str:
    """Training data, and what was not in it."""
    sizes = card["training"]
    lines = [
        f"`{card['name']}` was trained on {sizes['examples']:,} samples, degraded "
        f"slices of {trained_on(sizes)}: {sizes['degradations']}. It was **not** "
        "trained on",
        "",
        *(f"- {each}" for each in card["not_trained_on"]),
    ]
    return "\n".join(lines)


def regions(card: Card) -> str:
    """Error and bias by body region."""
    measured = sorted(card["checks"]["regions"].items(), key=lambda each: -each[1]["patients"])
    listed = "; ".join(
        f"{TRUNK if name == 'trunk' else name} ({each['patients']} "
        f"{'patient' if each['patients'] == 1 else 'patients'}, mean error {each['mae']:.2f}, "
        f"bias {each['bias']:+.2f})"
        for name, each in measured
    )
    return f"`{card['name']}` was tested on held-out patients, by region: {listed}."


def names(_: Card) -> str:
    """The shipped models."""
    shipped = ", ".join(f"`{record.name}`" for record in MODELS)
    return f"Shipped models: {shipped}."


PASSAGES: Mapping[str, Callable[[Card], str]] = {
    "agreement": agreement,
    "label": label,
    "names": names,
    "regions": regions,
    "seen": seen,
    "training": training,
    **TRUST,
}


def with_claims(text: str, card: Card) -> str:
    """A page with every passage rewritten from the card.

    Raises:
        KeyError: If a passage of the page has an unknown name.
    """
    for begin in _BEGIN.finditer(text):
        name = begin["name"]
        text = with_block(text, begin[0], f"<!-- /model {name} -->", PASSAGES[name](card))
    return text


def _estimate(entry: Card) -> str:
    low, high = entry["interval"]
    return f"{entry['value']:.2f} (95 % CI {low:.2f}–{high:.2f})"


def main() -> int:
    """Write the passages, or check them."""
    card = load_model(DEFAULT_MODEL).facts
    pages = [ROOT / page for page in PAGES]
    return write_or_check(pages, lambda text: with_claims(text, card), __doc__)


if __name__ == "__main__":
    sys.exit(main())
