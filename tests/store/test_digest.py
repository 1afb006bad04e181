"""The digest of a store is that of its content alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.store import made
from tests.store.postgres import Server

from ctiqa.errors import Reason
from ctiqa.score.report.report import Report
from ctiqa.store import Run, Store, open_store

REPORTS = [
    *made.reports(3),
    made.report(made.scan_score("1.2.99", warnings=("ä",)), skipped=[made.skip()]),
]


def test_sqlite_and_postgresql_have_the_same_digest(server: Server, tmp_path: Path) -> None:
    digests: list[str] = []
    for address in (str(tmp_path / "ct.sqlite"), server.create("digest")):
        with open_store(address) as store:
            for report in REPORTS[:: 1 if digests else -1]:
                store.add(report, Run())
            digests.append(store.digest())
    assert digests[0] == digests[1]


CHANGED = {
    "score": made.report(made.scan_score(score=3.0001)),
    "slice": made.report(made.scan_score(slices=(made.slice_score(0, 3.0),))),
    "flag": made.report(made.scan_score(flags=("other",))),
    "warning": made.report(made.scan_score(warnings=())),
    "model": made.report(made.scan_score(), title="other"),
    "skipped": made.report(made.scan_score(), skipped=[made.skip()]),
    "reason": made.report(made.scan_score(), skipped=[made.skip(reason=Reason.DERIVED)]),
    "physics": made.report(made.scan_score(physics=replace(made.MEASURED, noise_hu=9.6))),
    "nothing": made.report(),
}


@pytest.mark.parametrize("report", CHANGED.values(), ids=CHANGED)
def test_every_change_changes_the_digest(store: Store, tmp_path: Path, report: Report) -> None:
    store.add(made.report(made.scan_score()), Run())
    with open_store(tmp_path / "other.sqlite") as other:
        other.add(report, Run())
        assert other.digest() != store.digest()


def test_an_empty_store_has_a_digest(store: Store, tmp_path: Path) -> None:
    with open_store(tmp_path / "other.sqlite") as other:
        assert other.digest() == store.digest()
