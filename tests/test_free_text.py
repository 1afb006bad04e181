"""Names, numbers and dates typed into free text are left out; names of protocols are kept."""

from __future__ import annotations

import pytest

from ctiqa.text.free_text import protocol_text, station_text

PROTOCOLS = (
    "Abdomen 1.0 Br40 S3 60% 120kV",
    "ThoraxRoutine  8.0.0  B40f",
    "5.2 CHEST/ABD/PEL (FEET FIRST)",
    "1A TRAUMA/PLAIN HEAD DM /Head",
    "CAT - Image Quality : CAT Image Quality",
    "Wirbelsäulenganzaufnahme",
    "AX 1.25 BONE",
    "1PETCT_WholeBody",
    "t1_mpr_tra_iso",
    "Tête sans injection",
    "胸部平扫",
    "120 kV 100 mAs",
)
"""Texts of real headers, and like them."""

IDENTITIES = (
    "Mueller^Hans",
    "Mueller, Hans",
    "Mueller=Hans",
    "Thorax *3.2.55",
    "Thorax 03.02.1955",
    "Thorax 3/2/55",
    "Thorax 1955-02-03",
    "Thorax 19550203",
    "Hans 1955",
    "Pat.-Nr. 47112",
    "4711 235",
    "471-12-35",
    "4 7 1 1 2 3 5",
    "A1B2C3D4E5F6",
    "123-45-6789",
    "geb. Schmidt",
    "Frau Schmidt",
    "hans@example.org",
    "1.2.840.113619.2.55.3",
    "x" * 25,
    "word " * 13,
    "Thorax\ufffd",
    "Thorax\n12",
    "",
)
"""Names, numbers, dates, and what is neither text nor protocol."""


@pytest.mark.parametrize("text", PROTOCOLS)
def test_names_of_protocols_are_kept_as_they_are(text: str) -> None:
    assert protocol_text(text) == text


@pytest.mark.parametrize("text", IDENTITIES)
@pytest.mark.parametrize("around", ["{}", "Abdomen {}", "{} native"])
def test_what_identifies_a_person_takes_the_whole_text_with_it(text: str, around: str) -> None:
    if text:
        assert protocol_text(around.format(text)) is None
    assert protocol_text(text) is None


def test_more_characters_can_be_allowed_but_no_numbers() -> None:
    assert protocol_text("I31f\\3") is None
    assert protocol_text("I31f\\3", also="\\") == "I31f\\3"
    assert protocol_text("I31f\\47112", also="\\") is None


@pytest.mark.parametrize("text", ["194", "47-11", " "])
def test_a_text_without_a_letter_is_no_name(text: str) -> None:
    assert protocol_text(text) is None
    assert station_text(text) is None


@pytest.mark.parametrize("text", ["CT1", "AWP65478", "RAD-CT_02", "STATION_NAME"])
def test_names_of_scanners_are_kept(text: str) -> None:
    assert station_text(text) == text


@pytest.mark.parametrize(
    "text", ["471123", "CT47112-35", "Mueller Hans", "Mueller^H", "x" * 17, "", None]
)
def test_other_stations_are_left_out(text: str | None) -> None:
    assert station_text(text) is None


def test_nothing_stays_nothing() -> None:
    assert protocol_text(None) is None
