from __future__ import annotations

import pytest

from ctiqa.catalog import DEFAULT_MODEL, MODELS, find_model
from ctiqa.errors import UsageError


def test_default_model_is_listed() -> None:
    assert find_model(DEFAULT_MODEL) in MODELS


def test_names_are_unique() -> None:
    names = [record.name for record in MODELS]
    assert len(set(names)) == len(names)


def test_misspelt_name_gets_a_hint() -> None:
    with pytest.raises(UsageError, match="got 'ctiqa-s2'; did you mean 'ctiqa-s4'"):
        find_model("ctiqa-s2")


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(UsageError, match="known models: ctiqa-s4"):
        find_model("zzz")
