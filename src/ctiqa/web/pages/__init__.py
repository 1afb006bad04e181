"""The pages of the dashboard."""

from __future__ import annotations

from fastapi import APIRouter

from ctiqa.web.pages import courses, scan, scan_list, system, today
from ctiqa.web.pages.parts import files
from ctiqa.web.pages.parts.rendering import load_templates
from ctiqa.web.pages.plain import login_page, problem_page

__all__ = ["load_templates", "login_page", "problem_page", "router"]

router = APIRouter(include_in_schema=False)
for _room in (today, courses, scan_list, scan, system, files):
    router.include_router(_room.router)
