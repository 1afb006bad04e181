"""Who may do what: logins, and dependencies of routes.

Routes take ``Annotated[Viewer, Depends(viewer)]``, or ``Depends(reviewer)`` for those who mark
scans, and for forms ``Annotated[FormData, Depends(checked_form)]``.
"""

from __future__ import annotations

from ctiqa.web.security.forms import checked_form
from ctiqa.web.security.viewer import Viewer, caller, reviewer, viewer

__all__ = ["Viewer", "caller", "checked_form", "reviewer", "viewer"]
