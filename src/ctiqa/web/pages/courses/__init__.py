"""Trends and limits, of everything and of one protocol and scanner."""

from __future__ import annotations

from ctiqa.web.pages.courses.routes import router

__all__ = ["router"]
