"""The work of ``ctiqa survey merge``: collect the results of workers and shards.

Imported only when the command runs, because it loads NumPy.
"""

from __future__ import annotations

from pathlib import Path

import typer

from ctiqa.cli.console.say import complain, say
from ctiqa.cli.console.status import DONE, DONE_WITH_SKIPS, INTERRUPTED
from ctiqa.cli.console.stopping import stoppable
from ctiqa.cluster import Merged, merge_parts, merge_parts_to_parquet
from ctiqa.errors import UsageError, some


def run_merge(parts: str, store: str | None, out: Path | None, *, quiet: bool) -> int:
    """Put parts into a store, or write them as Parquet.

    Args:
        parts: Folder or URL of the parts.
        store: Address of the store.
        out: Folder of the Parquet files.
        quiet: Print no summary.

    Returns:
        The exit status.

    Raises:
        Exit: If the user stopped it.
        CtiqaError: If the request breaks a rule, or something cannot be read or written.
    """
    if store is None and out is None:
        raise UsageError("'--store' or '--out' is missing; name a store or a folder for Parquet")
    with stoppable() as stop:
        try:
            merged = _merged(parts, store, out)
        except KeyboardInterrupt:
            say("Stopped: what is stored is kept. The same command does the rest.", err=True)
            raise typer.Exit(stop.status or INTERRUPTED) from None
    if not quiet:
        for each in merged:
            say(f"{each.parts} parts, {each.scans} scans, {each.new} of them new")
    if to_do := merged[0].to_do:
        complain(
            f"results are missing: {len(to_do)} shards have not ended ({some(to_do)}); run them "
            "again, and merge again"
        )
    return DONE_WITH_SKIPS if to_do or any(each.damaged for each in merged) else DONE


def _merged(parts: str, store: str | None, out: Path | None) -> list[Merged]:
    merged = []
    if store is not None:
        merged.append(merge_parts(parts, store, say=complain))
    if out is not None:
        merged.append(merge_parts_to_parquet(parts, out, say=complain))
    return merged
