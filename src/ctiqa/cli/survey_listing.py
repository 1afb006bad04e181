"""The work of ``ctiqa survey list``: list an archive, and write the manifest.

Imported only when the command runs, because it loads NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctiqa.archive.sources.manifest.writing import check_manifest_name, write_manifest
from ctiqa.archive.survey import Archive, units_of
from ctiqa.archive.totals import Totals
from ctiqa.cli.console.progress import stage_bars
from ctiqa.cli.console.say import complain, say
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS
from ctiqa.cli.console.stopping import break_off, stoppable
from ctiqa.io import ReadOptions
from ctiqa.io.dicom.decoding import lazy_gdcm
from ctiqa.score.report.outputs import check_outputs
from ctiqa.score.scorer import Scorer


@dataclass(frozen=True, slots=True)
class ListRequest:
    """The arguments of ``ctiqa survey list``, as typed.

    Attributes:
        roots: What is listed.
        out: The manifest.
        jobs: Processes that read headers; ``None`` is all cores.
        reading: How files are read.
        quiet: Neither summary nor progress.
    """

    roots: Sequence[str]
    out: Path
    jobs: int | None
    reading: ReadOptions
    quiet: bool


def run_list(request: ListRequest) -> int:
    """List an archive and write its manifest.

    Returns:
        The exit status.

    Raises:
        CtiqaError: If the request breaks a rule, or nothing can be listed or written.
    """
    lazy_gdcm.claim_process()
    check_manifest_name(request.out)
    check_outputs([request.out])
    totals = Totals()
    with stoppable() as stop:
        try:
            with stage_bars(quiet=request.quiet) as progress:
                scorer = Scorer(jobs=request.jobs)
                archive = Archive(request.roots, scorer, request.reading, progress=progress)
                units = [unit for _, unit in units_of(archive, None, totals)]
            rows = write_manifest(units, request.out)
        except KeyboardInterrupt:
            break_off(stop)
    if not request.quiet:
        say(f"Listed   {rows} files as {len(units)} units in {request.out}")
    for name, why in totals.failed.items():
        complain(f"{name} could not be listed: {why}")
    return DONE_WITH_SKIPS if totals.failed or totals.skipped else DONE
