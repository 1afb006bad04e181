"""The kinds of failures that are shown, and why they happen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from tools.answer_pictures import FREE
from tools.failure_pictures import reasons, worst
from tools.failure_pictures.worst import NO_ARTEFACT

from ctiqa.data.manifest import DRAWN

ORIGINAL, UNFILTERED = "its clean original", "the unfiltered slice"

Table = pl.DataFrame
Row = Mapping[str, Any]
Why = Callable[[Row], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of failure.

    Attributes:
        title: Its heading.
        rule: What is chosen, in words.
        find: The failures of this kind, worst first, from all examples with verdicts.
        why: Why it happens, in one sentence.
        beside: What is shown on the right.
    """

    title: str
    rule: str
    find: Callable[[Table], Table]
    why: Why
    beside: str = ORIGINAL

    def right_of(self, row: Row) -> str:
        """What is shown on the right of a slice; nothing if it is that itself."""
        return self.beside if row["row"] else ""

    @property
    def file(self) -> str:
        """Name of its picture."""
        return f"{self.title.lower().replace(' ', '-')}.webp"


def choose(table: Table, kinds: Sequence[Kind]) -> dict[str, Row | None]:
    """The worst failure of every kind that may be shown; ``None`` if there is none.

    No slice is chosen twice, and no kind of artefact.

    Args:
        table: All examples with verdicts.
        kinds: In the order in which they choose.
    """
    left = table.filter(pl.col("licence").str.contains(FREE) | (pl.col("origin") == DRAWN))
    chosen: dict[str, Row | None] = {}
    for kind in kinds:
        found = kind.find(left)
        row = found.row(0, named=True) if len(found) else None
        chosen[kind.title] = row
        if row is not None:
            left = left.filter(pl.col("shard") != row["shard"])
            left = left.filter(pl.col("artefact").ne_missing(row["artefact"]) | NO_ARTEFACT)
    return chosen


KINDS = (
    Kind(
        "Defect not reported",
        "a certain defect, its own kernel, no filter, at half of the dose or more; no finding "
        "reported, and a score of good or better; the worst by its label",
        worst.missed,
        lambda row: reasons.OVER[row["degradation"]],
    ),
    Kind(
        "Artefact overrated",
        "an artefact, its own kernel, no filter, at half of the dose or more; the largest "
        "overestimate",
        worst.misjudged(worst.ARTEFACT, over=True),
        lambda row: reasons.OVER[row["degradation"]],
    ),
    Kind(
        "Filter overrated",
        "a filter, its own kernel, no artefact, at half of the dose or more; the largest "
        "overestimate",
        worst.misjudged(worst.FILTER, over=True),
        lambda row: reasons.OVER[row["degradation"]],
    ),
    Kind(
        "Harmful filter rewarded",
        "a filter that makes error and gradients worse, or a strong blur; the largest rise of the "
        "score against the unfiltered slice",
        worst.rewarded,
        lambda _: reasons.REWARDED,
        UNFILTERED,
    ),
    Kind(
        "Filter underrated",
        "a filter, its own kernel, no artefact, at half of the dose or more; the largest "
        "underestimate",
        worst.misjudged(worst.FILTER, over=False),
        lambda row: reasons.UNDER[row["degradation"]],
    ),
    Kind(
        "Kernel or noise overrated",
        "dose, views and kernel alone; the largest overestimate",
        worst.misjudged(worst.PLAIN, over=True),
        lambda row: reasons.OVER[row["degradation"]],
    ),
    Kind(
        "Kernel or noise underrated",
        "dose, views and kernel alone; the largest underestimate",
        worst.misjudged(worst.PLAIN, over=False),
        lambda row: reasons.UNDER[row["degradation"]],
    ),
    Kind(
        "Equivalent noise of a clean slice",
        "slices as scanned; the largest ratio of estimated and true",
        worst.wrong_noise,
        lambda _: reasons.CLEAN_NOISE,
    ),
    Kind(
        "Finding that is not there",
        "slices as scanned; the most findings, then the least noise",
        worst.invented,
        lambda _: reasons.INVENTED,
    ),
    Kind(
        "Wrong region",
        "the farthest from the truth in the order of the body, then the least noisy",
        worst.wrong_region,
        lambda _: reasons.REGION,
    ),
    Kind(
        "Score where there should be none",
        "phantoms, limbs and heads; the highest score",
        worst.scored_nonetheless,
        lambda _: reasons.SCORED,
    ),
)
"""In the order of the page."""
