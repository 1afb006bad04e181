from __future__ import annotations

import pytest
from tests.score.made import answered, report, scan_of, scan_score

from ctiqa.cli.console.tables.score import _quality_text, print_report
from ctiqa.score.report.sentences import quality
from ctiqa.types import ScanScore

SHARP = ("sharp kernel",)


def printed(capsys: pytest.CaptureFixture[str], scan: ScanScore) -> list[str]:
    print_report(report(scan))
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def test_all_answers_of_a_model_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    metal = answered(1.0, 0, noise_hu=40.0, findings=("metal",))
    scan = scan_of(metal, answered(3.0, 1, noise_hu=10.0), answered(None, 2, region="limb"))
    lines = printed(capsys, scan)
    for line in (
        "Quality   2.0 fair   90 % interval 1.5–2.5   equivalent noise 20.0 HU",
        "Worst     000.dcm 1.0 (chest, metal) · 001.dcm 3.0 (chest)",
        "Judged    2 of 3 slices (2 chest); not judged: 1 limb",
        "Check     metal in 1 slice, z 0 mm",
    ):
        assert line in lines


def test_what_a_model_does_not_answer_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, scan_score([1.0, 3.0]))
    assert "Quality   2.0 fair   90 % interval 1.5–2.5" in lines
    assert "Worst     000.dcm 1.0 · 001.dcm 3.0" in lines
    assert not any(line.startswith(("Noise", "Reserve", "Check")) for line in lines)


def test_no_word_and_no_colour_where_the_kernel_is_sharp() -> None:
    soft, sharp = scan_of(answered(1.0)), scan_of(answered(1.0, findings=SHARP))
    assert _quality_text(soft, quality(soft)).plain.startswith("1.0 poor ")
    assert _quality_text(soft, quality(soft)).style == "bold yellow"
    assert _quality_text(sharp, quality(sharp)).plain.startswith(
        "1.0 (sharp kernel: compare within this kernel only) "
    )
    assert _quality_text(sharp, quality(sharp)).style == "bold"
