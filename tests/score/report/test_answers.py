from __future__ import annotations

import pytest
from tests.score.made import answered, verdict

from ctiqa.score.report.answers import format_noise, shown_in
from ctiqa.types import SliceScore


@pytest.mark.parametrize(
    ("each", "noise", "shown"),
    [
        (
            answered(2.0, noise_hu=12.34, findings=("metal", "rings")),
            "12.3 HU",
            "chest, metal, rings",
        ),
        (answered(2.0, noise_hu=153.0), "153.0 HU", "chest"),
        (verdict(2.0), "", ""),
    ],
)
def test_answers_of_a_slice(each: SliceScore, noise: str, shown: str) -> None:
    assert (format_noise(each), shown_in(each)) == (noise, shown)
