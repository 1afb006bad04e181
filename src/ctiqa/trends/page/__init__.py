"""The page of trends."""

from __future__ import annotations

from ctiqa.trends.page.page import trends_page

__all__ = ["trends_page"]
