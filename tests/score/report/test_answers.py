from __future__ import annotations

import pytest
from tests.score.made import answered, scan_of, verdict

from ctiqa.score.report.answers import answer_rows, format_noise, shown_in
from ctiqa.types import SliceScore


def test_regions_and_findings_are_counted() -> None:
    limbs = [answered(None, region="limb", findings=("motion",)) for _ in range(3)]
    slices = (
        *limbs,
        answered(2.0, region="abdomen"),
        *(answered(3.0, region="chest", findings=("motion", "metal")) for _ in range(2)),
        answered(3.0, region="chest", findings=("sharp kernel",)),
        verdict(None),
    )
    assert answer_rows(scan_of(*slices)) == [
        ("Seen", "chest 3, abdomen 1, limb 3 not scored"),
        ("Check", "motion in 5 slices, metal in 2 slices, sharp kernel in 1 slice"),
    ]


def test_rows_without_an_answer_are_left_out() -> None:
    assert answer_rows(scan_of(answered(2.0))) == [("Seen", "chest 1")]
    assert answer_rows(scan_of(verdict(2.0))) == []


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


def test_texts_of_a_card_cannot_steer_a_terminal() -> None:
    hostile = answered(2.0, region="a\x1b[2J", findings=("b\u202e",))
    texts = [shown_in(hostile), *(text for _, text in answer_rows(scan_of(hostile)))]
    assert all(text.isprintable() for text in texts)
