"""Description of a derived slice: checked text."""

from __future__ import annotations

from typing import Any

import pytest

from ctiqa.data.derived_dicom.derivation import Derivation
from ctiqa.errors import UsageError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"description": ""}, r"'description' must be 1…1024 printable characters"),
        ({"description": "a\\b"}, "without backslash"),
        ({"patient": "x" * 65}, r"'patient' must be 1…64"),
        ({"series_description": "a\nb"}, "'series_description'"),
        ({"series_uid": "1.02.x"}, "'series_uid' must be a DICOM UID, got '1.02.x'"),
    ],
)
def test_bad_derivations_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Derivation(**({"description": "x", "series_uid": "2.25.1"} | changes))
