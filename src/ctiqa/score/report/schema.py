"""The JSON Schema of the JSON report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCHEMA_FILE = Path(__file__).parents[2] / "assets" / "report.schema.json"
"""The schema (JSON Schema draft 2020-12); keys that it does not know are allowed."""


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the JSON report, for programs that validate what they read.

    Draft 2020-12, for the value of ``schema`` that this version of ctiqa writes. Keys that it does
    not know are valid, because new keys may be added at any time.

    Returns:
        The schema; the caller may change it.

    >>> report_schema()["properties"]["schema"]["const"]
    1
    """
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema
