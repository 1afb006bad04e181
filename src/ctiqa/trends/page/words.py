"""Numbers, days and names as the page prints them."""

from __future__ import annotations

import math
from datetime import date

UNKNOWN = "unknown"
"""Stands for a fact that no header states."""

EPOCH = date(1970, 1, 1)

TITLES = {
    "noise": "Equivalent noise",
    "score": "Score",
    "dose": "CTDIvol",
    "equivalent_noise_hu": "Equivalent noise",
    "ctdivol_mgy": "CTDIvol",
    "ssde_mgy": "SSDE",
    "dose_reserve": "Dose reserve",
}
"""Names of measures and columns."""

UNITS = {
    "noise": "HU",
    "equivalent_noise_hu": "HU",
    "dose": "mGy",
    "ctdivol_mgy": "mGy",
    "ssde_mgy": "mGy",
    "dose_reserve": "%",
}
"""Their units; a score has none."""


def number(value: float) -> str:
    """Three significant digits, with thousands separators.

    >>> number(14.234), number(0.5), number(1234.5), number(0.0), number(float("inf"))
    ('14.2', '0.5', '1,230', '0', '∞')
    """
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    text = f"{rounded:,.{max(digits, 0)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def quantity(count: int, noun: str) -> str:
    """A count with its noun.

    >>> quantity(1, "scan"), quantity(12345, "scan")
    ('1 scan', '12,345 scans')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def days_since_epoch(day: date) -> int:
    """Days since 1970-01-01, as the script counts them.

    >>> days_since_epoch(date(1970, 1, 11))
    10
    """
    return (day - EPOCH).days


def sentence(text: str, *, capital: bool = False) -> str:
    """A text with its full stop; texts that begin with a name keep their first letter.

    >>> sentence("too few scans", capital=True), sentence("abdomen · CT1: noise is up.")
    ('Too few scans.', 'abdomen · CT1: noise is up.')
    """
    first = text[:1].upper() if capital else text[:1]
    return first + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def within_sentence(title: str) -> str:
    """A title within a sentence; abbreviations keep their capitals.

    >>> within_sentence("Equivalent noise"), within_sentence("CTDIvol")
    ('equivalent noise', 'CTDIvol')
    """
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
