"""Health of the system."""

from __future__ import annotations

from ctiqa.web.pages.system.routes import router

__all__ = ["router"]
