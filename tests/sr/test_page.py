"""The pages of the PDF: what stands there, and that they are always the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.sr.made import MODEL, scored, write_study

from ctiqa.score.report.facts import NOTICE
from ctiqa.sr import encapsulated_pdf
from ctiqa.sr.page.document import report_as_pdf
from ctiqa.types import ScanScore

READER = shutil.which("pdftotext")

needs_reader = pytest.mark.skipif(
    READER is None, reason="needs pdftotext (Debian package poppler-utils)"
)


def pages_of(page: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", page))


def text_of(verdict: ScanScore, folder: Path) -> str:
    file = folder / "page.pdf"
    file.write_bytes(report_as_pdf(verdict, MODEL, "1.2.3"))
    done = subprocess.run([str(READER), "-layout", file, "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_the_object_holds_the_pdf(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path))
    held = encapsulated_pdf(verdict, MODEL)
    page = report_as_pdf(verdict, MODEL, verdict.scan.series_uid)
    assert held.EncapsulatedDocumentLength == len(page)
    assert held.EncapsulatedDocument[: len(page)] == page
    assert held.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert len(held.SourceInstanceSequence) == 3
    assert held.BurnedInAnnotation == "NO"


@needs_reader
def test_it_says_what_the_report_says(tmp_path: Path) -> None:
    text = text_of(scored(write_study(tmp_path, CTDIvol=12.5)), tmp_path)
    for expected in (
        NOTICE,
        "2.9 good",
        "90 % interval 2.4–3.4",
        "equivalent noise 30.0 HU (20.0–45.0)",
        '"good" needs',
        "Water Equivalent Diameter 255.5 mm",
        "Sharpness f50: frequency at which the MTF is 0.5 0.3000 /mm",
        "Mean CTDIvol 12.50 mGy",
        "Size Specific Dose Estimate 9.750 mGy",
        "Finding of image quality Metal 3 slices",
        "Kernel B30f",
        "tiny 1.0",
        "Series 1.2.3",
    ):
        assert expected in text


@needs_reader
def test_a_scan_without_score(tmp_path: Path) -> None:
    text = text_of(scored(write_study(tmp_path), [None, None, None]), tmp_path)
    assert "not scored" in text
    assert "not judged: 3 no body in the slice" in text
    assert "4 excellent" not in text


@needs_reader
def test_a_sharp_kernel_has_no_word(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path), findings=("sharp kernel",))
    text = text_of(verdict, tmp_path)
    assert "2.9 (sharp kernel: compare within this kernel only)" in text
    assert "good" not in text


@pytest.mark.parametrize("gaps", [(), (1,), (0, 2), (0, 1, 3, 4)])
def test_slices_without_score_leave_a_gap(tmp_path: Path, gaps: tuple[int, ...]) -> None:
    values = [None if at in gaps else 2.0 + 0.1 * at for at in range(5)]
    verdict = scored(write_study(tmp_path, 5), values)
    page = report_as_pdf(verdict, MODEL, "1.2")
    assert pages_of(page) == 1
    judged = 5 - len(gaps)
    assert f"({judged}) Tj".encode() in page


def test_it_never_has_more_than_two_pages(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path))
    slices = verdict.slices * 400
    names = tuple(f"artefact of kind {number}" for number in range(10))
    loud = replace(
        verdict,
        slices=tuple(replace(each, findings=names) for each in slices),
        warnings=("a long warning " * 100,) * 50,
    )
    assert pages_of(report_as_pdf(loud, MODEL, "1.2")) == 2


@needs_reader
def test_hostile_texts_are_text(tmp_path: Path) -> None:
    verdict = scored(
        write_study(
            tmp_path,
            ConvolutionKernel="<b>&日",
            Manufacturer="A<br/>",
            SpecificCharacterSet="ISO_IR 192",
        )
    )
    text = text_of(verdict, tmp_path)
    assert "<b>&?" in text
    assert "A<br/>" in text
