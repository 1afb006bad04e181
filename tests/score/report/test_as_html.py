from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.html_page import EVIL, PICTURE, read_page
from tests.score.made import (
    answered,
    report,
    scan_of,
    scan_score,
    skip,
    verdict,
    write_series,
)
from tests.score.report.page.made import NOW, page
from tests.score.tiny_model import card

from ctiqa.score import Scorer
from ctiqa.score.report.as_html import report_as_html
from ctiqa.score.report.page.scan_view import scan_names
from ctiqa.score.report.report import Report
from ctiqa.score.verdict import WORDS
from ctiqa.types import ScanScore


def test_page_is_whole_and_fetches_nothing() -> None:
    text = page(scan_score([1.0, 2.0, None, 3.0]), scan_score([2.0]), skipped=(skip(),))
    assert len(read_page(text).images) == 2 * (3 + 1)
    read_page(page(scan_score([1.0, 2.0, 3.0]), skipped=(skip(),)))


def test_page_says_what_matters() -> None:
    text = page(scan_score([2.0, 4.0], kernel="B40f", kvp=120.0), skipped=(skip(),))
    for expected in (
        '<html lang="en">',
        "For research use only",
        '<span class="big">3.0</span><span class="word">good</span>',
        "90 % interval 2.5–3.5",
        "<dt>Kernel</dt><dd>B40f</dd>",
        "120 kVp",
        "scout or localizer",
        "300 slices of 12 patients never seen in training",
        "0.981 (95 % CI 0.970–0.990)",
        "diagnostic interpretation is impossible",
        '<time datetime="2026-11-21T03:15:00+00:00">',
        "<title id=",
        "<desc id=",
    ):
        assert expected in text


def test_all_answers_of_a_model_are_shown() -> None:
    metal = answered(1.0, 0, noise_hu=40.0, findings=("metal",))
    scan = scan_of(metal, answered(3.0, 1, noise_hu=10.0), answered(None, 2, region="limb"))
    text = page(scan, scan_of(answered(2.0, noise_hu=30.0), name="other"))
    read_page(text)
    for expected in (
        'equivalent noise <span class="strong">20.0 HU</span>',
        '<dt>Judged</dt><dd><span class="part">2 of 3 slices (2 chest); not judged: 1 limb</span>',
        '<dt>Check</dt><dd><span class="part">metal in 1 slice, z 0 mm</span>',
        '<span class="shows">equivalent noise 40.0 HU</span>',
        '<span class="shows">chest, metal</span>',
        '<td class="num">12.0 HU</td>',
        "<td>limb</td>",
        "<td>metal</td>",
        "<td>not a region that the model was trained to score</td>",
        '<td class="num">30.0 HU</td>',
    ):
        assert expected in text


def test_local_noise_is_shown_with_one_scale_per_scan() -> None:
    noise = np.full((8, 8), 20, dtype=np.float32)
    slices = [replace(answered(score, k), noise_map_hu=noise) for k, score in enumerate((1.0, 2.0))]
    text = page(scan_of(*slices), scan_score([3.0]))
    found = read_page(text)
    maps = [each["alt"] for each in found.images if "local noise as colour" in each["alt"]]
    assert maps == ["Best slice, local noise as colour", "Worst slice, local noise as colour"]
    assert text.count("Colours of local noise, from 4 HU to 128 HU") == 1
    assert '<span style="left: 80.0%">64</span><span style="left: 100.0%">128</span>' in text


def test_what_a_model_does_not_answer_is_not_shown() -> None:
    text = page(scan_score([2.0, 3.0]), scan_score([1.0], name="other"))
    assert not re.search("quivalent noise|ocal noise|>Seen<|>Check<|compare within", text)


def shown_of_a_scan(text: str) -> str:
    """What a page shows of its one scan, as text."""
    section = re.findall('<section class="scan".*?</section>', text, re.DOTALL)
    assert len(section) == 1
    return re.sub("<[^>]*>", " ", section[0])


def test_no_word_where_the_kernel_is_sharp() -> None:
    soft = [answered(score, index) for index, score in enumerate((1.0, 2.0, 3.0))]
    sharp = [replace(each, findings=("sharp kernel",)) for each in soft[:2]]
    words = re.compile(rf"\b({'|'.join(WORDS)})\b")
    assert words.search(shown_of_a_scan(page(scan_of(*soft))))
    text = page(scan_of(*sharp, soft[2]))
    read_page(text)
    shown = shown_of_a_scan(text)
    assert not words.search(shown)
    assert "Sharp kernel: compare within this kernel only." in shown
    assert "Score 2.0 (sharp kernel: compare within this kernel only) on a scale" in shown


def test_a_single_slice_of_a_sharp_kernel_has_no_word() -> None:
    slices = (answered(1.0, 0, findings=("sharp kernel",)), answered(2.0, 1), answered(3.0, 2))
    text = page(scan_of(*slices))
    assert '<td class="whole">1.0</td>' in text
    assert '<td class="whole">2.0 fair</td>' in text


def test_scan_without_a_score() -> None:
    text = page(scan_score([None, None]))
    read_page(text)
    assert '<span class="word">not scored</span>' in text
    assert "no body in the slice" in text


def test_single_slice_has_no_curve() -> None:
    assert "Score along z" not in page(scan_score([2.0]))


def test_texts_from_files_are_escaped() -> None:
    evil = f'{EVIL}"&'
    scan = scan_score([2.0, 3.0], name=evil, kernel=evil, manufacturer=evil, body_part=evil)
    slices = (*scan.slices, verdict(1.0, 2, flags=(evil,)))
    scan = ScanScore(scan.scan, 2.0, (1.0, 3.0), slices, (), (evil,))
    skipped = (skip(evil),)
    text = page(scan, scan, skipped=skipped)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 8
    read_page(text)


def test_same_names_are_told_apart() -> None:
    first, second, other = (scan_score([1.0], name=name) for name in ("a/scan", "b/scan", "c"))
    assert scan_names([first, second, other]) == ["scan (series ….2.840.1)"] * 2 + ["c"]


def test_page_from_files_names_no_patient(scorer: Scorer, tmp_path: Path) -> None:
    content = scorer.score_paths([write_series(tmp_path, 3)])
    text = report_as_html(content, NOW).decode()
    assert text.count(PICTURE) == 3
    assert not re.search("secret", text, re.IGNORECASE)


@pytest.mark.parametrize("count", [0, 1])
def test_page_without_scans_lists_what_was_skipped(count: int) -> None:
    text = report_as_html(report(skipped=[skip()] * count), NOW).decode()
    assert ("Skipped files" in text) == bool(count)


def test_no_text_of_a_page_can_steer_what_shows_it() -> None:
    hostile = "a\x1b[2J\x00\u202e\ud800b"
    scan = replace(scan_score([2.0, 3.0], name=hostile, kernel=hostile), warnings=(hostile,))
    model = card(hostile, version=hostile, label=hostile, licence=hostile, citation=hostile)
    content = Report(model | {"sha256": hostile}, (scan,), (skip(hostile),))
    text = report_as_html(content, NOW).decode()
    assert text.replace("\n", "").isprintable()
    assert "a\ufffd[2J" in text
