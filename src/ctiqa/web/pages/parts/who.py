"""What routes of pages depend on, as types of their arguments."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.datastructures import FormData

from ctiqa.web.security.forms import checked_form
from ctiqa.web.security.viewer import Viewer, reviewer, viewer

Seer = Annotated[Viewer, Depends(viewer)]
"""Who looks at a page."""

Reviewer = Annotated[Viewer, Depends(reviewer)]
"""Who marks a scan, or tries something again."""

CheckedForm = Annotated[FormData, Depends(checked_form)]
"""The fields of a form that only the own pages can have sent."""
