"""The card of a scan says what the terminal says, and a line for readers who are no physicists."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.score.made import answered, phantom, scan_of, verdict
from tests.score.report.page.made import page, text_of

from ctiqa.score.report.measures import GAP
from ctiqa.score.report.sentences import QUALITY, heading, plain_words, summary_rows
from ctiqa.types import Acquisition, PatientPhysics, ScanScore, Unmeasured

PHYSICS = PatientPhysics(
    noise_hu=6.5,
    f50_per_mm=0.34,
    water_equivalent_diameter_mm=241.0,
    missing={"ssde_mgy": Unmeasured.PHANTOM_UNKNOWN},
)
ACQUISITION = Acquisition(
    kvp=120.0, kernel="B10f", manufacturer="Siemens", model="Sensation 16", ctdivol_mgy=10.6
)


def measured_scan() -> ScanScore:
    slices = [
        replace(each, header=replace(each.header, acquisition=ACQUISITION))
        for each in (answered(4.0, k, physics=PHYSICS) for k in range(3))
    ]
    scan = scan_of(*slices, answered(None, 3, region="limb"))
    return replace(
        scan,
        equivalent_noise_interval=(6.5, 7.84),
        dose_reserve=0.09,
        dose_reserve_interval=(0.06, 0.13),
    )


def card_of(scan: ScanScore) -> str:
    card = re.search('<section class="scan".*?</section>', page(scan), re.DOTALL)
    assert card is not None
    return card[0]


def test_card_says_what_the_terminal_says() -> None:
    scan = measured_scan()
    shown = text_of(card_of(scan))
    rows = dict(summary_rows(scan))
    assert {"Reserve", "Noise", "Missing", "Judged"} <= set(rows)
    rows.pop(QUALITY)
    for label, text in rows.items():
        assert f"{label} {text.replace(GAP, ' ')}".replace('"', "&#34;") in shown
    assert heading(scan) in shown
    assert plain_words(scan)
    assert plain_words(scan) in shown


def test_equivalent_noise_has_its_interval() -> None:
    assert "equivalent noise 12.0 HU (6.5–7.8)" in text_of(card_of(measured_scan()))


def test_measures_are_told_apart() -> None:
    parts = re.findall('<span class="part">(.*?)</span>', card_of(measured_scan()))
    assert "sharpness f50 0.34 /mm" in parts
    assert "CTDIvol 10.6 mGy" in parts


def test_missing_measures_say_why() -> None:
    assert "the files do not state the phantom of CTDIvol" in card_of(measured_scan())


def test_only_what_is_known_is_explained() -> None:
    explained = page(measured_scan())
    assert "The dose reserve is" in explained
    assert "AAPM 220" in explained
    bare = page(scan_of(verdict(3.0)))
    assert "dose reserve" not in bare
    assert "AAPM" not in bare


def test_the_top_of_the_scale_is_named() -> None:
    assert "top of the scale" in card_of(measured_scan())
    assert "top of the scale" not in card_of(scan_of(answered(3.96)))


def test_one_kind_of_picture_needs_no_choice() -> None:
    scan = scan_of(answered(3.0))
    chest, abdomen = page(scan, hu=phantom(lung=True)), page(scan, hu=phantom())
    assert re.findall('type="radio" name="mode-1" value="(.*?)"', chest) == ["soft", "lung"]
    assert 'type="radio"' not in abdomen
