"""What is kept of a scan, and that it comes back as it was."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from tests.store import made
from tests.store.faults import refused

from ctiqa.store import Run, Store
from ctiqa.store.database.faults import RowError
from ctiqa.store.database.tables import scans
from ctiqa.store.privacy import Privacy
from ctiqa.store.rows import scan_row, slice_row, without_names
from ctiqa.types import Acquisition, ScanScore, SeriesFacts

EXPECTED = {
    "series_uid": "1.2.3",
    "study_day": date(2026, 11, 26),
    "station": "CT1",
    "manufacturer": "Maker, Ltd",
    "model": "Scan 64",
    "protocol": "Thorax",
    "description": "Thorax 3.0 Br40",
    "kernel": "Br40",
    "body_part": "CHEST",
    "region": "chest",
    "slice_thickness_mm": 3.0,
    "kvp": 120.0,
    "tube_current_ma": 110.0,
    "ctdivol_mgy": 8.25,
    "ctdi_phantom_cm": 32.0,
    "score": 3.0,
    "low": 2.75,
    "high": 3.25,
    "equivalent_noise_hu": 21.0,
    "equivalent_noise_low": 19.0,
    "equivalent_noise_high": 23.0,
    "dose_reserve": math.inf,
    "noise_hu": 9.5,
    "quantum_noise_hu": 8.25,
    "f50_per_mm": 0.34,
    "water_equivalent_diameter_mm": 240.5,
    "ssde_mgy": 11.75,
    "n_judged": 2,
    "n_unjudged": 1,
    "findings": '{"metal": 1}',
    "flags": '{"region": 1}',
    "scan_flags": '["region", "whole"]',
    "warnings": '["1 of 3 slices not scored: limb"]',
    "scored_by": "tiny 1",
}


def with_findings() -> ScanScore:
    slices = (
        made.slice_score(0, 3.25, findings=("metal",)),
        made.slice_score(1, 2.75),
        made.slice_score(2, None),
    )
    return made.scan_score(slices=slices, flags=("region", "whole"))


def row(
    *series: SeriesFacts, acquired: tuple[Acquisition, ...] = (), **facts: Any
) -> dict[str, Any]:
    """The columns of a scan whose slices have these facts."""
    known = [made.slice_score(index, 3.0) for index in range(max(len(series), len(acquired), 1))]
    for index, each in enumerate(series):
        known[index] = replace(known[index], header=replace(known[index].header, series=each))
    for index, fact in enumerate(acquired):
        known[index] = replace(known[index], header=replace(known[index].header, acquisition=fact))
    return scan_row(made.scan_score(slices=tuple(known), **facts), Privacy())


def test_a_scan_comes_back_as_it_was(store: Store) -> None:
    store.add(made.report(with_findings()), Run())
    (found,) = store.scans().to_dicts()
    assert {name: found[name] for name in EXPECTED} == EXPECTED


def test_nothing_else_is_kept(store: Store) -> None:
    keys = {"content", "model_digest", "options_digest", "run", "stored", "current"}
    assert set(store.scans().columns) == keys | set(EXPECTED)


def test_a_slice_comes_back_as_it_was(store: Store) -> None:
    store.add(made.report(with_findings()), Run())
    first, _, last = store.slices("1.2.3").to_dicts()
    assert {name: first[name] for name in ("number", "z_mm", "score", "low", "high")} == {
        "number": 0,
        "z_mm": 0.0,
        "score": 3.25,
        "low": 3.0,
        "high": 3.5,
    }
    assert (first["region"], first["findings"], first["flags"]) == ("chest", "metal", "")
    assert (last["number"], last["score"], last["flags"]) == (2, None, "region")
    assert (first["equivalent_noise_hu"], first["dose_reserve"]) == (20.5, 0.5)


def test_a_scan_of_which_nothing_is_known(store: Store) -> None:
    nothing = replace(made.header(), acquisition=Acquisition(), series=SeriesFacts(), z_mm=None)
    unscored = replace(made.slice_score(0, None), header=nothing, region=None, dose_reserve=None)
    bare = made.scan_score(
        slices=(replace(unscored, equivalent_noise_hu=None),),
        score=None,
        interval=None,
        equivalent_noise_hu=None,
        equivalent_noise_interval=None,
        physics=None,
        dose_reserve=None,
    )
    store.add(made.report(bare), Run())
    (found,) = store.scans().to_dicts()
    unknown = [name for name in EXPECTED if found[name] is None]
    counted = {"series_uid", "n_judged", "n_unjudged", "findings", "flags", "scan_flags"}
    counted |= {"warnings", "scored_by"}
    assert set(unknown) == set(EXPECTED) - counted
    assert (found["n_judged"], found["n_unjudged"]) == (0, 1)


def test_numbers_are_rounded_like_those_of_the_report() -> None:
    physics = replace(made.MEASURED, f50_per_mm=0.123456789)
    found = row(score=1.23456789, physics=physics)
    assert (found["score"], found["f50_per_mm"]) == (1.2346, 0.123457)


@pytest.mark.parametrize("odd", [math.nan, None])
def test_numbers_that_are_none_are_unknown(odd: float | None) -> None:
    acquired = (Acquisition(kvp=odd, ctdivol_mgy=odd), Acquisition(kvp=100.0, ctdivol_mgy=4.0))
    found = row(acquired=acquired)
    assert (found["kvp"], found["ctdivol_mgy"]) == (100.0, 4.0)
    assert row(score=odd)["score"] is None


def test_the_usual_setting_and_the_median_dose_stand_for_a_scan() -> None:
    acquired = tuple(
        Acquisition(kvp=kvp, ctdi_phantom_cm=phantom, kernel=kernel, ctdivol_mgy=dose)
        for kvp, phantom, kernel, dose in (
            (120.0, 32.0, "Br40", 4.0),
            (120.0, 32.0, "Br40", 5.0),
            (80.0, 16.0, "Hr40", 9.0),
        )
    )
    found = row(acquired=acquired)
    assert (found["kvp"], found["ctdi_phantom_cm"], found["kernel"]) == (120.0, 32.0, "Br40")
    assert found["ctdivol_mgy"] == 5.0


def test_the_first_day_of_a_series_counts() -> None:
    days = (date(2026, 11, 27), date(2026, 11, 26), None)
    found = row(*(SeriesFacts(study_day=day) for day in days))
    assert found["study_day"] == date(2026, 11, 26)


def test_the_region_is_that_of_the_judged_slices() -> None:
    slices = (
        made.slice_score(0, None, region="limb"),
        made.slice_score(1, None, region="limb"),
        made.slice_score(2, 3.0, region="neck"),
    )
    assert scan_row(made.scan_score(slices=slices), Privacy())["region"] == "neck"
    limbs = made.scan_score(slices=slices[:2], score=None)
    assert scan_row(limbs, Privacy())["region"] == "limb"


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("2 of 30 slices could not be read", "2 of 30 slices could not be read"),
        (
            "3 frame(s) of 'Doe's scan.dcm' left out: localizer",
            "3 frame(s) of '...' left out: localizer",
        ),
        ("2 kernels in one series: B30f, Doe", "2 kernels in one series"),
        ("a\x1b[31m", "a\ufffd[31m"),
    ],
)
def test_warnings_name_no_file(sentence: str, kept: str) -> None:
    assert without_names(sentence) == kept
    assert json.loads(json.dumps(row(warnings=(sentence,))["warnings"])) == [kept]


def test_texts_are_fit_to_be_shown() -> None:
    found = slice_row(0, made.slice_score(0, 3.0, region="a\x1b", findings=("b\x00",)))
    assert (found["region"], found["findings"]) == ("a\ufffd", "b\ufffd")


@pytest.mark.parametrize("count", [2**70, None], ids=["beyond 64 bits", "missing"])
def test_a_value_that_the_database_refuses_is_named_as_an_error_of_ctiqa(
    store: Store, count: int | None
) -> None:
    """Other errors pass when the database is well again: this one does not."""
    store.add(made.report(made.scan_score()), Run())
    digest = store.digest()
    with refused(RowError, "refuses a value"), store.writing() as connection:
        connection.execute(sa.update(scans).values(n_judged=count))
    assert store.digest() == digest
