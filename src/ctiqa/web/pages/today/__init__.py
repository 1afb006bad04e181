"""The first page: what came, what failed and why, what needs attention."""

from __future__ import annotations

from ctiqa.web.pages.today.routes import router

__all__ = ["router"]
