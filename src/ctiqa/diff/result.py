"""The comparison of two scans."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ctiqa.diff.differences import Difference
from ctiqa.diff.kinds import Kinds
from ctiqa.diff.matching.pairs import BY_DESIGN, Matching
from ctiqa.diff.measuring import Measured
from ctiqa.diff.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two scans compared on matched slices.

    Attributes:
        a: Scan A, scored and measured.
        b: Scan B.
        found: The pairs of slices that are compared, and why others are not.
        kinds: How the scans differ in kind: kernel, thickness, tube voltage, size.
        differences: Difference of each measure with its 95 % interval, by key.
        verdict: The verdict in words, with a code.
        notes: What to keep in mind.
        identical: Whether all slices that are compared have the same pixels.
    """

    a: Measured = field(repr=False)
    b: Measured = field(repr=False)
    found: Matching = field(repr=False)
    kinds: Kinds
    differences: Mapping[str, Difference]
    verdict: Verdict
    notes: tuple[str, ...] = ()
    identical: bool = False

    @property
    def scans(self) -> tuple[Measured, Measured]:
        """Both scans."""
        return self.a, self.b

    @property
    def is_complete(self) -> bool:
        """Whether every input was read, and every slice that has a partner is compared."""
        whys = {why for left_out in self.found.left_out for why in left_out.values()}
        return not (whys - BY_DESIGN or self.a.skipped or self.b.skipped)

    def __str__(self) -> str:
        """The verdict in words."""
        return " ".join(self.verdict.sentences)

    def write(self, path: str | os.PathLike[str], *, command: str = "") -> None:
        """Write the comparison in the format given by the suffix of the file.

        Args:
            path: ``.json`` for programs, ``.csv`` for a table with one row per pair of slices,
                ``.html`` for people; its folder must exist. The write is atomic.
            command: Command that was run, to be recorded.

        Raises:
            UsageError: If the suffix is unknown, or the file cannot be written there.
            OutputError: If writing fails; an existing file is unchanged.
        """
        from ctiqa.diff.report.outputs import write_outputs  # noqa: PLC0415 - imports this module

        write_outputs(self, [Path(path)], command)
