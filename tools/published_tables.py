"""Published tables, each with the command that reproduces it, for docs/systems.md.

python -m tools.published_tables            writes the tables into the page
python -m tools.published_tables --check    reports whether the page is out of date

The rows come from ``published.toml`` in ``ctiqa.evaluate.ablation``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tools.blocks import with_block, write_or_check

from ctiqa.evaluate.ablation.published import PUBLISHED_METRICS, PublishedRow, published

PAGE = Path(__file__).parents[1] / "docs" / "systems.md"
BEGIN, END = "<!-- published: python -m tools.published_tables -->", "<!-- /published -->"

HEAD = "| | overall | PLCC | SROCC | KROCC | MAE | MSE |\n|---|---|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Table:
    """One published table.

    Attributes:
        name: Name of the table in ``published.toml``.
        title: Title of the paper's table.
        command: Command that makes our table, without its options.
    """

    name: str
    title: str
    command: str


TABLES = (
    Table("blocks", "Shen et al., table 1: stem blocks", "ctiqa ablate blocks"),
    Table("members", "Shen et al., table 2: teacher members", "ctiqa ablate members"),
    Table("beta", "Shen et al., table 3: distillation weight", "ctiqa ablate beta"),
    Table("networks", "Shen et al., table 4: networks", "ctiqa compare"),
    Table("tfkt", "Rifa et al., setting A", "ctiqa ablate tfkt"),
    Table("challenge", "Rifa et al., setting B, and the challenge", "ctiqa ablate tfkt"),
)

DATA = {
    "tfkt": "data/tfkt --natural data/kadid10k",
    "challenge": "data/ldctiqac2023-official --natural data/kadid10k",
}
"""Data of the commands that do not use those of Shen et al."""


def command(table: Table) -> str:
    """The complete command line.

    >>> command(TABLES[0])
    'ctiqa ablate blocks recipes/shen2025.toml --data data/shen2025 --out runs/blocks'
    """
    recipe = "tfkt" if table.name in DATA else "shen2025"
    data = DATA.get(table.name, "data/shen2025")
    return f"{table.command} recipes/{recipe}.toml --data {data} --out runs/{table.name}"


def section(table: Table) -> str:
    """A published table as Markdown, below the command that reproduces it."""
    rows = list(published(table.name).values())
    sources = " and ".join(dict.fromkeys(f"{row.source}; {row.measured_on}" for row in rows))
    lines = (f"| {row.name} | {' | '.join(_cells(row))} |" for row in rows)
    title = f"**{table.title}**: `{command(table)}`"
    return "\n".join([title, "", HEAD, *lines, "", f"{sources}."])


def _cells(row: PublishedRow) -> list[str]:
    shown = row.by_name
    return [f"{shown[name]:.4f}" if name in shown else "" for name in PUBLISHED_METRICS]


def page_with_tables(text: str) -> str:
    """The page with all tables between their markers."""
    return with_block(text, BEGIN, END, "\n\n".join(section(table) for table in TABLES))


def main() -> int:
    """Write the tables, or check them."""
    return write_or_check([PAGE], page_with_tables, __doc__)


if __name__ == "__main__":
    sys.exit(main())
