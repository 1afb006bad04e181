"""Reproducible UIDs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from ctiqa.io.dicom.writing.uids import derived_uid


@given(st.lists(st.one_of(st.text(), st.integers(), st.floats()), max_size=4))
def test_uids_are_valid_and_depend_on_their_parts(parts: list[object]) -> None:
    uid = derived_uid(*parts)
    assert UID(uid).is_valid
    assert len(uid) <= 64
    assert derived_uid(*parts) == uid != derived_uid(*parts, "")
