"""Audit of the labels of a data set before training: statistics, and rules they break."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.dose_relations import relations
from ctiqa.evaluate.label_audit import charts as audit_charts
from ctiqa.evaluate.label_audit.groups import Group, group, picks
from ctiqa.evaluate.label_audit.parts import label_parts
from ctiqa.evaluate.label_audit.rules import LEAST_SPREAD, RULES, Audit, Source
from ctiqa.evaluate.manifest_table import complete, parts_of
from ctiqa.evaluate.monotonicity import Monotonicity, monotonicity_along
from ctiqa.evaluate.pages.html_page import pictured
from ctiqa.io.atomic import write_bytes
from ctiqa.types import SCORE_RANGE


def audit(examples: Examples) -> Audit:
    """Audit the labels of a data set; pixels are not read.

    Args:
        examples: The data set. Its manifest needs ``label``; results that need another column are
            left out if that column is absent.

    Raises:
        DataError: If there is no example or no label at all.
    """
    table = complete(examples.table)
    drawn = table.filter(pl.col("purpose") == "example")
    ladder = table.filter(pl.col("purpose") == "ladder")
    splits = parts_of(table, "split")
    return Audit(
        name=examples.folder.name,
        whole=group("all", table),
        splits=tuple(group(name, part) for name, part in splits.items()),
        regions=_groups(table, "region"),
        cells={name: _groups(part, "region") for name, part in splits.items()},
        sources=_sources(table),
        relations=(*relations(drawn, "dose"), *relations(drawn, "views")),
        ladders=relations(ladder, "dose"),
        monotonicity=(*_monotonicity(ladder, "Dose ladder"), *_monotonicity(drawn, "Examples")),
        parts=label_parts(drawn),
        level_patients=_level_patients(drawn),
        leaks={
            "split": _in_two(table, "split"),
            "fold": _in_two(table.filter(pl.col("fold") >= 0), "fold"),
        },
        outside=int((~table["label"].drop_nulls().is_between(*SCORE_RANGE)).sum()),
        picks=tuple(picks(drawn)),
    )


def _monotonicity(table: pl.DataFrame, name: str) -> tuple[Monotonicity, ...]:
    found = (
        monotonicity_along(table, "dose", f"{name}, label"),
        monotonicity_along(table, "dose", f"{name}, label before clipping", "raw"),
    )
    return tuple(order for order in found if order)


def _level_patients(table: pl.DataFrame) -> dict[str, float]:
    spread = pl.col("label").std(ddof=0).alias("spread")
    found = table.group_by("patient").agg(spread, pl.col("label").count().alias("n"))
    level = found.filter((pl.col("spread") < LEAST_SPREAD) & (pl.col("n") > 2)).sort("patient")
    return dict(level.select("patient", "spread").rows())


def _in_two(table: pl.DataFrame, column: str) -> tuple[str, ...]:
    places = table.group_by("patient").agg(pl.col(column).n_unique())
    return tuple(places.filter(pl.col(column) > 1)["patient"].cast(pl.String).sort().to_list())


def _sources(table: pl.DataFrame) -> tuple[Source, ...]:
    parts = table.group_by("origin", "licence", maintain_order=True)
    found = [Source(str(licence), group(str(origin), part)) for (origin, licence), part in parts]
    return tuple(sorted(found, key=lambda each: (each.group.name, each.licence)))


def _groups(table: pl.DataFrame, column: str) -> tuple[Group, ...]:
    return tuple(group(name, part) for name, part in parts_of(table, column).items())


def write_audit(examples: Examples, out: Path) -> None:
    """Write the audit of a data set as one self-contained HTML page.

    The output is deterministic.

    Args:
        examples: The data set.
        out: File to write.

    Raises:
        DataError: If there is no example or no label at all.
        OutputError: If the file cannot be written; an existing file is not changed.
    """
    found = audit(examples)
    pictures = [pictured(examples.folder, pick.row) for pick in found.picks]
    page = audit_charts.render_charts(
        audit=found,
        rules=RULES,
        broken={each.rule: each.values for each in found.warnings},
        picks=list(zip(found.picks, pictures, strict=True)),
    )
    write_bytes(out, page.encode("utf-8", "replace"))
