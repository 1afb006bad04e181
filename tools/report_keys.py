"""Keys of the JSON report, from its JSON Schema, for docs/report-json.md.

python -m tools.report_keys            writes the table into the page
python -m tools.report_keys --check    exit status 1 if the page is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.blocks import with_block, write_or_check

from ctiqa.score.report.schema import report_schema

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "report-json.md"
BEGIN, END = "<!-- keys: python -m tools.report_keys -->", "<!-- /keys -->"

WORDS = {
    "array": "list",
    "boolean": "true or false",
    "integer": "integer",
    "null": "null",
    "number": "number",
    "object": "object",
    "string": "text",
}
"""Types of JSON in words."""

Schema = Mapping[str, Any]


def keys(schema: Schema, at: str = "") -> Iterator[tuple[str, Schema]]:
    """Dotted paths of all keys of an object, lists marked by ``[]``, with their schemas.

    >>> inner = {"type": "array", "items": {"properties": {"b": {"type": "string"}}}}
    >>> [path for path, _ in keys({"properties": {"a": inner}})]
    ['a', 'a[].b']
    """
    for name, each in schema.get("properties", {}).items():
        yield f"{at}{name}", each
        yield from keys(each, f"{at}{name}.")
        yield from keys(each.get("items", {}), f"{at}{name}[].")


def type_in_words(each: Schema, shared: Schema) -> str:
    """The type of a key.

    Args:
        each: Schema of the key.
        shared: Definitions that it may refer to; their titles are types in words.

    >>> type_in_words({"type": ["string", "null"]}, {}), type_in_words({"const": 1}, {})
    ('text or null', '1')
    >>> type_in_words({"$ref": "#/$defs/noise"}, {"noise": {"title": "number or null"}})
    'number or null'
    """
    if "$ref" in each:
        return str(shared[each["$ref"].rpartition("/")[2]]["title"])
    if "const" in each:
        return str(each["const"])
    if "enum" in each:
        return "code"
    named = each["type"] if isinstance(each["type"], list) else [each["type"]]
    return " or ".join(WORDS[name] for name in named)


def table() -> str:
    """The keys as a Markdown table."""
    schema = report_schema()
    rows = (
        f"| `{path}` | {type_in_words(each, schema['$defs'])} | {each['description']} |"
        for path, each in keys(schema)
    )
    return "\n".join(["| key | type | meaning |", "|---|---|---|", *rows])


def page_with_table(text: str) -> str:
    """The page with the table between its markers."""
    return with_block(text, BEGIN, END, table())


def main() -> int:
    """Write the table, or check it."""
    return write_or_check([PAGE], page_with_table, __doc__)


if __name__ == "__main__":
    sys.exit(main())
