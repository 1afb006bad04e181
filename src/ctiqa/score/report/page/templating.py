"""Rendering of HTML pages from templates; every text is cleaned and escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ctiqa.text.plain_text import clean

REPORT_TEMPLATES = Path(__file__).parent / "templates"
"""Folder of the templates of the report, whose looks all pages share."""


def render_template(
    name: str,
    filters: Mapping[str, Callable[..., Any]],
    context: Mapping[str, Any],
    *folders: Path,
) -> str:
    """Render a page.

    Args:
        name: File of the template.
        filters: Filters that it uses, besides ``clean``.
        context: Values that it shows.
        *folders: Folders of templates, searched before those of the report.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - slow to load

    environment = Environment(
        loader=FileSystemLoader([*folders, REPORT_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"clean": clean, **filters})
    return environment.get_template(name).render(context)


def _shown(value: Any) -> Any:
    """Clean every text that is put into the page; generated HTML is kept."""
    return clean(value) if type(value) is str else value
