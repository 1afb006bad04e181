"""Description of a derived slice: checked text, reproducible UIDs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from ctiqa.data.derived_dicom.derivation import Derivation, derived_uid
from ctiqa.errors import UsageError


@given(st.lists(st.one_of(st.text(), st.integers(), st.floats()), max_size=4))
def test_uids_are_valid_and_depend_on_their_parts(parts: list[object]) -> None:
    uid = derived_uid(*parts)
    assert UID(uid).is_valid
    assert len(uid) <= 64
    assert derived_uid(*parts) == uid != derived_uid(*parts, "")


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
