"""The process that scores one upload: ``python -m ctiqa.web.uploads.child``, a task on stdin."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from threading import Thread

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.errors import CtiqaError, NothingToDoError, RefusedError
from ctiqa.io import Found
from ctiqa.io.access.archives import open_archive
from ctiqa.io.dicom.decoding import lazy_gdcm
from ctiqa.score import Scorer
from ctiqa.score.report.report import Report
from ctiqa.web.uploads.receiving import ZIP
from ctiqa.web.uploads.task import REPORT, Outcome, Task

NICE = 5
"""The process leaves the processor to the pages."""

ONE_SERIES = "send one CT series as DICOM files, or as a ZIP archive of them"


def main() -> None:
    """Score what the task says, and leave report and outcome in its folder."""
    lazy_gdcm.claim_process()
    task = Task(**json.loads(sys.stdin.readline()))
    Thread(target=_end_with_server, daemon=True).start()
    os.nice(NICE)
    # Names in the report are relative to the folder, and say nothing of the server.
    os.chdir(task.folder)
    scored(task).write(Path(task.folder))


def scored(task: Task) -> Outcome:
    """Score an upload; the report is written to the working folder.

    Args:
        task: What is to be scored; the working folder is that of the upload.
    """
    try:
        return _refused(task) or _scored(task)
    except RefusedError as error:
        return Outcome(422, "unreadable", error.detail, ONE_SERIES, {error.reason.value: 1})
    except NothingToDoError:
        return Outcome(422, "no_series", "the upload must hold a CT series", ONE_SERIES)
    except CtiqaError:
        rule = "the server cannot score: its model or engine does not work"
        return Outcome(500, "no_model", rule, "try 'ctiqa score' on the server, which says why")


def _scored(task: Task) -> Outcome:
    model = DEFAULT_MODEL if task.model is None else task.model
    scorer = Scorer(model, engine=task.engine, calibration=task.calibration)
    found = scorer.find(task.name)
    if refused := _not_one(found):
        return refused
    report = scorer.score_found(found)
    # A scan none of whose slices can be decoded is not in the report.
    if not report.scans or report.scans[0].score is None:
        return Outcome(422, "no_score", "no slice could be scored", ONE_SERIES, _why(report))
    report.write(REPORT)
    return Outcome()


def _refused(task: Task) -> Outcome | None:
    """Refuse an archive by what its list of members says; it is never unpacked beyond that."""
    if task.name != ZIP:
        return None
    members = open_archive(Path(task.name)).members.values()
    if len(members) > task.most_files:
        rule = f"an upload must have at most {task.most_files} files, got {len(members)}"
        return Outcome(413, "too_many_files", rule, "send one series")
    n_bytes = sum(member.file_size for member in members)
    if n_bytes > task.most_bytes:
        most = task.most_bytes >> 20
        rule = f"an archive must unpack to at most {most} MB, got {n_bytes >> 20} MB"
        return Outcome(413, "unpacks_too_large", rule, "send less, or raise the limit")
    return None


def _not_one(found: Found) -> Outcome | None:
    reasons = dict(Counter(each.reason.value for each in found.skipped))
    if not found.scans:
        rule = "the upload must hold a CT series that can be scored"
        return Outcome(422, "no_series", rule, ONE_SERIES, reasons)
    if len(found.scans) > 1:
        rule = f"an upload must hold one series, got {len(found.scans)}"
        return Outcome(422, "several_series", rule, ONE_SERIES, reasons)
    return None


def _why(report: Report) -> dict[str, int]:
    flags = (flag for scan in report.scans for each in scan.slices for flag in each.flags)
    return dict(Counter([*(each.reason.value for each in report.skipped), *flags]))


def _end_with_server() -> None:
    """End when the server is gone, which closes the pipe."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
