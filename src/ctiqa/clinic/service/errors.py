"""What keeps the clinic from starting."""

from __future__ import annotations

from ctiqa.errors import CtiqaError


class StartError(CtiqaError):
    """The clinic cannot start here and now; nothing was started (exit status 4)."""
