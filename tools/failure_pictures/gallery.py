"""The gallery of failures as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.failure_pictures.kinds import UNFILTERED, Kind

from ctiqa.data.manifest import SHOWS, finding_column
from ctiqa.data.simulation.findings import ARTEFACT_FINDINGS
from ctiqa.data.simulation.scene import FULL_VIEWS
from ctiqa.recipe.network import FINDINGS

FOLDER = "images/failures"
"""Folder of the pictures below that of the page."""

Row = Mapping[str, Any]


def gallery(kinds: Sequence[Kind], chosen: Mapping[str, Row | None]) -> str:
    """A section for every kind of failure."""
    return "\n\n".join(_section(kind, chosen[kind.title]) for kind in kinds)


def _section(kind: Kind, row: Row | None) -> str:
    heading = f"### {kind.title}\n\nChosen: {kind.rule}."
    if row is None:
        return f"{heading} There is none among the images that may be shown."
    beside = kind.right_of(row)
    right = f"; right: {beside}" if beside else ""
    return (
        f"{heading}\n\n"
        f"![{kind.title}: the slice{right}]({FOLDER}/{kind.file})\n\n"
        f"{_answers(kind, row)}\n\n"
        f"**Why.** {kind.why(row)}\n\n"
        f"{row['patient']}: {done_to(row)}{right and f' (left{right})'}. "
        f"Source: {row['origin']}, {row['licence']}."
    )


def _answers(kind: Kind, row: Row) -> str:
    """What ctiqa says, beside the truth."""
    cells = [
        ("", "ctiqa says", "true"),
        ("---", "---", "---"),
        ("score", _score(row), _true_score(row)),
        ("equivalent noise", _hu(row["said_noise_hu"]), _hu(row["total_noise_hu"])),
        ("region", row["said_region"] or "–", str(row[SHOWS]).replace("/", " or ")),
        ("findings", ", ".join(row["reported"]) or "none", _true_findings(row)),
    ]
    if kind.beside == UNFILTERED:
        said, true = (f"{row[name]:.1f}" for name in ("score_plain", "label_plain"))
        cells.insert(3, (f"score of {UNFILTERED}", said, true))
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _score(row: Row) -> str:
    if row["score"] is None:
        return f"none ({', '.join(row['flags'])})"
    return f"{row['score']:.1f} ({row['low']:.1f}–{row['high']:.1f})"


def _true_score(row: Row) -> str:
    odd = row[SHOWS] in {"head", "limb", "phantom"}
    return "none: not to be scored" if odd else f"{row['label']:.1f}"


def _hu(noise: float | None) -> str:
    return "–" if noise is None else f"{noise:.0f} HU"


def _true_findings(row: Row) -> str:
    values = {name: row[finding_column(name)] for name in FINDINGS}
    certain = ", ".join(name for name, value in values.items() if value == 1) or "none"
    faint = ", ".join(name for name, value in values.items() if value is None)
    return f"{certain}; too faint to tell: {faint}" if faint else certain


def done_to(row: Row) -> str:
    """What was done to the slice.

    >>> bare = {"kernel_half_per_mm": None, "artefact": None, "filter": None}
    >>> done_to({"dose": 0.5, "views": 960, **bare})
    '50 % of the dose, 960 views'
    >>> done_to({"dose": 1.0, "views": 960, **bare})
    'as scanned'
    """
    return ", ".join(_done_to(row)) or "as scanned"


def _done_to(row: Row) -> Iterator[str]:
    if (row["dose"], row["views"]) != (1, FULL_VIEWS):
        percent = 100 * row["dose"]
        yield f"{percent:.{0 if percent >= 1 else 1}f} % of the dose"
        yield f"{row['views']} views"
    if row["kernel_half_per_mm"] is not None:
        boost = f" and edge enhancement {row['kernel_boost']:.1f}" if row["kernel_boost"] else ""
        yield f"kernel with half response at {row['kernel_half_per_mm']:.2f}/mm{boost}"
    if row["artefact"] is not None:
        yield f"{ARTEFACT_FINDINGS[row['artefact']]} added"
    if row["filter"] is not None:
        yield f"filter *{row['filter']}* at strength {row['filter_strength']:.2g}"
