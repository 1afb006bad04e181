"""Data, script and style sheet as parts of a page, which may fetch and run nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

from ctiqa.score.report.page.templating import REPORT_TEMPLATES
from ctiqa.text.plain_text import clean_tree

HERE = Path(__file__).parent

STYLES = (
    REPORT_TEMPLATES / "report.css",
    *(HERE / "styles" / name for name in ("page.css", "charts.css", "tables.css", "print.css")),
)
"""Style sheets; later ones win."""

SCRIPTS = tuple(
    HERE / "script" / f"{name}.js"
    for name in (
        "embedded",
        "look",
        "filters",
        "time",
        "course",
        "scatter",
        "panels",
        "tables",
        "start",
    )
)
"""The script, in an order in which each file uses only what comes before, or is called later."""

KINDS = {"u1": "<u1", "u2": "<u2", "u4": "<u4", "f4": "<f4"}
"""Kinds of packed numbers: unsigned integers of 1, 2 and 4 bytes, and floats of 4 bytes."""


def as_json(value: Any) -> Markup:
    r"""Plain values as JSON that cannot end the element that it is in.

    Raises:
        ValueError: If a number is not finite.

    >>> print(as_json({"protocol": "</script><b>"}))
    {"protocol":"\u003c/script\u003e\u003cb\u003e"}
    """
    text = json.dumps(clean_tree(value), allow_nan=False, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - escaped above


def packed(values: ArrayLike, kind: str) -> dict[str, str]:
    """A column as text: base64 of little-endian numbers.

    Args:
        values: Numbers, [n]; NaN stands for unknown in floats, also for what is too large for them.
        kind: A key of ``KINDS``.

    >>> packed([1, 2], "u2")
    {'kind': 'u2', 'base64': 'AQACAA=='}
    >>> packed([1e300], "f4") == packed([float("nan")], "f4")
    True
    """
    with np.errstate(over="ignore"):
        numbers = np.asarray(values).astype(KINDS[kind])
    if numbers.dtype.kind == "f":
        numbers[np.isinf(numbers)] = np.nan
    return {"kind": kind, "base64": b64encode(numbers.tobytes()).decode("ascii")}


@cache
def script() -> Markup:
    """The script of the page in one scope, after the charting library and its licence."""
    vendor = files("ctiqa") / "assets" / "vendor" / "uplot"
    library = (vendor / "uPlot.iife.min.js").read_text(encoding="utf-8")
    licence = (vendor / "LICENSE").read_text(encoding="utf-8")
    own = _joined(SCRIPTS)
    text = f'/*\n{licence}\n*/\n{library}\n(() => {{\n"use strict";\n{own}}})();\n'
    return Markup(text)  # noqa: S704 - files of the package


@cache
def style() -> Markup:
    """The style sheet of the page."""
    vendor = files("ctiqa") / "assets" / "vendor" / "uplot"
    text = (vendor / "uPlot.min.css").read_text(encoding="utf-8") + "\n" + _joined(STYLES)
    return Markup(text)  # noqa: S704 - files of the package


def content_policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """What a page may run and fetch: these scripts, these styles, and embedded pictures.

    Args:
        scripts: Contents of its script elements, to the character.
        styles: Contents of its style elements.

    Returns:
        A content security policy (W3C CSP Level 3) for a ``meta`` element.

    >>> content_policy([""], [])[:69]
    "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data"
    """
    rules: Mapping[str, Iterable[str]] = {"script-src": scripts, "style-src": styles}
    sources = [f"{rule} {' '.join(map(_source, texts)) or _NONE}" for rule, texts in rules.items()]
    nothing = [f"{rule} {_NONE}" for rule in ("default-src", "base-uri", "form-action")]
    return "; ".join([*nothing, "img-src data:", *sources])


_NONE = "'none'"


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}'"


def _joined(paths: Iterable[Path]) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in paths)
