from __future__ import annotations

import pytest
from tests.score.made import answered, report, scan_of, scan_score

from ctiqa.cli.console.score_table import _score_text, print_report
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
        "Score     2.0 fair   90 % interval 1.5–2.5   equivalent noise 20.0 HU",
        "Slices    2 of 3 scored",
        "Worst     000.dcm 1.0 (chest, metal) · 001.dcm 3.0 (chest)",
        "Seen      chest 2, limb 1 not scored",
        "Check     metal in 1 slice",
    ):
        assert line in lines


def test_what_a_model_does_not_answer_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, scan_score([1.0, 3.0]))
    assert "Score     2.0 fair   90 % interval 1.5–2.5" in lines
    assert "Worst     000.dcm 1.0 · 001.dcm 3.0" in lines
    assert not any(line.startswith(("Seen", "Check")) for line in lines)


def test_no_word_and_no_colour_where_the_kernel_is_sharp() -> None:
    soft, sharp = scan_of(answered(1.0)), scan_of(answered(1.0, findings=SHARP))
    assert _score_text(soft).plain.startswith("1.0 poor ")
    assert _score_text(soft).style == "bold yellow"
    assert _score_text(sharp).plain.startswith(
        "1.0 (sharp kernel: compare within this kernel only) "
    )
    assert _score_text(sharp).style == "bold"
