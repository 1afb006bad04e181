"""Duplicates stay with their originals, whoever reads them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from tests.archive.made import Surveyor, write_archive, write_slices
from tests.archive.test_listing import scan

from ctiqa.archive.local.groups import groups_of
from ctiqa.archive.sources.manifest.writing import write_manifest
from ctiqa.archive.survey import Archive, units_of
from ctiqa.archive.totals import Totals
from ctiqa.archive.unit import Unit
from ctiqa.errors import Reason
from ctiqa.score.scorer import Scorer
from ctiqa.types import Skipped


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two series of two slices, and a copy of one slice in another folder."""
    folder = write_archive(tmp_path / "archive", 2)
    write_slices(folder / "copies", 0, 1)
    return folder


def units(root: Path, scorer: Scorer) -> list[Unit]:
    return [unit for _, unit in units_of(Archive([str(root)], scorer), None, Totals())]


def test_they_are_in_the_group_of_their_originals() -> None:
    places = {name: name for name in ("/1.dcm", "/2.dcm", "/a.zip", "/b.zip", "/3.dcm")}
    scans = [scan("1", "/1.dcm", "/2.dcm"), scan("2", "/a.zip/1")]
    skipped = [
        Skipped(Path("/b.zip/1"), Reason.DUPLICATE, "", Path("/2.dcm")),
        Skipped(Path("/a.zip/2"), Reason.DUPLICATE, "", Path("/b.zip/1")),
        Skipped(Path("/3.dcm"), Reason.NOT_CT, ""),
    ]
    (group,) = groups_of(scans, places, skipped)
    assert group.scans == tuple(scans)
    assert group.names == places.keys() - {"/3.dcm"}


def test_a_worker_that_reads_a_unit_again_finds_no_further_series(
    root: Path, scorer: Scorer
) -> None:
    sent = [pickle.loads(pickle.dumps(unit)) for unit in units(root, scorer)]  # noqa: S301
    assert [unit.found for unit in sent] == [None, None]
    found = [scorer.find([Path(each.name) for each in unit.entries]) for unit in sent]
    assert [len(scan.headers) for each in found for scan in each.scans] == [2, 2]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_manifest_gives_the_same_store(
    root: Path, tmp_path: Path, survey: Surveyor, suffix: str
) -> None:
    manifest = tmp_path / f"list{suffix}"
    write_manifest(units(root, survey.scorer), manifest)
    assert survey(manifest).stored == 2
    assert survey.reasons() == {"duplicate": 1}
    digest = survey.digest()
    survey.address += "2"
    assert survey(root).stored == 2
    assert survey.digest() == digest
