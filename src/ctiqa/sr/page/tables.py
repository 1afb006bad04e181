"""Tables of the PDF."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.platypus import Flowable, Table, TableStyle

from ctiqa.sr import codes
from ctiqa.sr.answers import answers_of
from ctiqa.sr.codes import Coded
from ctiqa.sr.page.style import RULE, line
from ctiqa.sr.quantities import Quantity, quantities_of
from ctiqa.types import ScanScore

LABEL_WIDTH = 78.0
"""Of the first column of rows, in points."""

UNITS = {
    codes.OF_SCORE: "of 4",
    codes.OF_RATING: "of 100",
    codes.HOUNSFIELD: "HU",
    codes.PER_MM: "/mm",
    codes.MM: "mm",
    codes.MGY: "mGy",
}
"""Units as printed; others say nothing that the name does not."""

ENDS = {
    codes.SCORE: (codes.SCORE_LOW, codes.SCORE_HIGH),
    codes.NOISE: (codes.NOISE_LOW, codes.NOISE_HIGH),
    codes.RESERVE: (codes.RESERVE_LOW, codes.RESERVE_HIGH),
}
"""Ends of the interval, printed beside their number."""

PLAIN = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 6),
        ("TOPPADDING", (0, 0), (-1, -1), 1.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
    ]
)


def rows_table(rows: Sequence[tuple[str, str]], width: float) -> Flowable:
    """Rows of label and text.

    Args:
        rows: At least one.
        width: In points.
    """
    cells = [[line(label, "label"), line(text)] for label, text in rows]
    return Table(cells, colWidths=[LABEL_WIDTH, width - LABEL_WIDTH], style=PLAIN)


def pairs_table(rows: Sequence[tuple[str, str]], width: float) -> Flowable:
    """Rows of label and text, two beside each other.

    Args:
        rows: Label and text.
        width: In points.
    """
    cells = [cell for label, text in rows for cell in (line(label, "label"), line(text))]
    cells += [line("")] * (-len(cells) % 4)
    lines = [cells[at : at + 4] for at in range(0, len(cells), 4)] or [[line("")] * 4]
    return Table(lines, colWidths=[LABEL_WIDTH, width / 2 - LABEL_WIDTH] * 2, style=PLAIN)


def quantities_table(verdict: ScanScore, width: float) -> Flowable:
    """The numbers of the report: name, value with unit, interval."""
    found = quantities_of(verdict)
    values = {each.name: each.value for each in found}
    ends = {end for pair in ENDS.values() for end in pair}
    cells = [
        [line(_name(each), "label"), line(_value(each), "number"), line(_interval(each, values))]
        for each in found
        if each.name not in ends
    ]
    return Table(cells, colWidths=[0.6 * width, 0.2 * width, 0.2 * width], style=PLAIN)


def answers_table(verdict: ScanScore, width: float) -> Flowable:
    """The coded answers: name, value, number of slices."""
    cells = [
        [
            line(each.name.meaning, "label"),
            line(each.value.meaning),
            line("" if each.slices is None else _slices(each.slices), "number"),
        ]
        for each in answers_of(verdict)
    ]
    nothing = [[line("None", "label"), line(""), line("")]]
    return Table(cells or nothing, colWidths=[0.35 * width, 0.5 * width, 0.15 * width], style=PLAIN)


def _name(quantity: Quantity) -> str:
    """Name with what the code of a method or derivation adds."""
    if quantity.method is codes.GLOBAL_NOISE:
        return quantity.method.meaning
    least_or_most = quantity.derivation in (codes.MINIMUM, codes.MAXIMUM)
    added = (
        f", {quantity.derivation.meaning.lower()}" if least_or_most and quantity.derivation else ""
    )
    return quantity.name.meaning + added


def _value(quantity: Quantity) -> str:
    """Value with four significant digits, a score as in JSON, and unit."""
    exact = quantity.unit in (codes.SLICES, codes.OF_SCORE)
    number = str(quantity.value) if exact else f"{quantity.value:#.4g}"
    return f"{number} {UNITS.get(quantity.unit, '')}".strip()


def _interval(quantity: Quantity, values: dict[Coded, float]) -> str:
    found = [values[end] for end in ENDS.get(quantity.name, ()) if end in values]
    return f"{found[0]:#.3g}–{found[1]:#.3g}" if len(found) == 2 else ""


def _slices(count: int) -> str:
    return f"{count} slice{'' if count == 1 else 's'}"
