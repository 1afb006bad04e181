from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from ctiqa.evaluate.degradations import DEGRADATION, with_degradation

NOTHING: dict[str, Any] = {"denoise": 0.0, "blur_mm": 0.0, "kernel_half_per_mm": None}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "dose and views"),
        ({"kernel_half_per_mm": 0.4}, "kernel"),
        ({"kernel_half_per_mm": 0.4, "blur_mm": 0.6}, "blur"),
        ({"blur_mm": 0.6, "denoise": 0.5}, "denoising"),
        ({"denoise": 0.5, "artefact": "ring"}, "ring"),
        ({"artefact": None}, "dose and views"),
        ({"filter": "median"}, "denoising"),
        ({"filter": "gaussian", "kernel_half_per_mm": 0.4}, "blur"),
        ({"filter": "JPEG"}, "file format"),
        ({"filter": "JPEG", "artefact": "metal"}, "metal"),
        ({"filter": None}, "dose and views"),
    ],
)
def test_an_example_counts_for_the_first_of_its_kinds(changes: dict[str, Any], kind: str) -> None:
    table = pl.DataFrame(
        [NOTHING | changes], schema_overrides={"artefact": pl.String, "filter": pl.String}
    )
    assert with_degradation(table)[DEGRADATION].to_list() == [kind]


def test_a_manifest_that_does_not_tell_is_left_alone() -> None:
    table = pl.DataFrame({"label": [1.0]})
    assert with_degradation(table).equals(table)
