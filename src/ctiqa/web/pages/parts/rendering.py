"""Pages from templates, which are read once; every text is cleaned and escaped."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.responses import HTMLResponse

from ctiqa.score.report.facts import NOTICE, format_interval, format_score
from ctiqa.score.report.page.charts import across
from ctiqa.score.report.page.templating import REPORT_TEMPLATES
from ctiqa.text.plain_text import clean
from ctiqa.trends.page.page import FILTERS
from ctiqa.trends.page.page import TEMPLATES as TREND_TEMPLATES
from ctiqa.version import __version__
from ctiqa.web.pages.parts.files import addresses
from ctiqa.web.pages.parts.words import (
    address,
    age,
    flag_meaning,
    flag_name,
    gigabytes,
    measure,
    moment,
    zone_of,
)
from ctiqa.web.security.viewer import Viewer

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE_TEMPLATES = Path(__file__).parents[2] / "templates"

PAGES = (
    ("/", "Today"),
    ("/trends", "Trends"),
    ("/scans", "Scans"),
    ("/health", "Health"),
)
"""What the navigation leads to."""

REPORT_FILTERS = {"across": across, "interval": format_interval, "score": format_score}
"""Filters of the drawings of the report."""

OWN_FILTERS = {
    "age": age,
    "clean": clean,
    "flag_meaning": flag_meaning,
    "flag_name": flag_name,
    "gigabytes": gigabytes,
    "measure": measure,
    "moment": moment,
}


def page(
    template: str,
    context: dict[str, Any],
    viewer: Viewer | None = None,
    *,
    current: str = "",
    status: int = 200,
) -> HTMLResponse:
    """A page with its frame.

    Args:
        template: Name of the template.
        context: What it shows.
        viewer: Who looks at it; ``None`` for pages without navigation.
        current: The page of the navigation that it belongs to.
        status: HTTP status.
    """
    made = datetime.now().astimezone()
    frame = {
        "current": current,
        "made": made,
        "notice": NOTICE,
        "pages": PAGES,
        "static": addresses(),
        "version": __version__,
        "viewer": viewer,
        "zone": zone_of(made),
    }
    return HTMLResponse(fragment(template, {**frame, **context}), status)


def fragment(template: str, context: dict[str, Any]) -> Markup:
    """A page, or a part of one.

    Args:
        template: Name of the template.
        context: What it shows.
    """
    return Markup(environment().get_template(template).render(context))  # noqa: S704 - escaped


def load_templates() -> None:
    """Read all templates of the dashboard, so that the first page need not wait for them."""
    for file in PAGE_TEMPLATES.iterdir():
        environment().get_template(file.name)


@cache
def environment() -> Environment:
    """The templates of the pages, of the trends and of the report, in this order."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - slow

    made = Environment(
        loader=FileSystemLoader([PAGE_TEMPLATES, TREND_TEMPLATES, REPORT_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update({**FILTERS, **REPORT_FILTERS, **OWN_FILTERS})
    made.globals["address"] = address
    return made


def _cleaned(value: Any) -> Any:
    """Clean every text that is put into a page; generated HTML is kept."""
    return clean(value) if type(value) is str else value
