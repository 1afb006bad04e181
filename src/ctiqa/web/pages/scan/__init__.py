"""The page of one scan."""

from __future__ import annotations

from ctiqa.web.pages.scan.routes import router

__all__ = ["router"]
