"""What a survey has done, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ctiqa.archive.unit import LocalUnit, Unit
from ctiqa.store.bundle import Bundle
from ctiqa.store.privacy import Privacy
from ctiqa.store.rows import without_names

DETAILS = 3
"""Number of details shown for each reason."""


@dataclass(slots=True)
class Totals:
    """Numbers of a survey.

    Attributes:
        listed: Files that are there.
        unchanged: Those that the store knew already.
        gone: Files that the store knew and that are no longer there; their results stay.
        stored: Series that are new in the store.
        known: Series that were read, but whose results the store had.
        left_out: Series that were not chosen.
        skipped: Why files were skipped, by path or URL.
        details: The same in words, as far as they are known.
        failed: Inputs that could not be listed, with the reason.
        stopped: Whether the survey was stopped before its end.
    """

    listed: int = 0
    unchanged: int = 0
    gone: int = 0
    stored: int = 0
    known: int = 0
    left_out: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    stopped: bool = False

    def take(self, bundle: Bundle, unit: Unit, privacy: Privacy, new: int) -> None:
        """Count what was stored of a unit.

        Args:
            bundle: What was stored.
            unit: The unit.
            privacy: That of the store.
            new: Number of series that the store did not have; another survey may have been faster.
        """
        self.stored += new
        self.known += len(bundle.scans) - new + bundle.counts.get("known", 0)
        self.left_out += bundle.counts.get("left_out", 0)
        if bundle.skipped:
            names = {privacy.input_id(name): name for name in _names(unit)}
            for number, (key, reason) in enumerate(sorted(bundle.skipped.items())):
                name = names.get(key, f"{unit.name} (part {number + 1})")
                self.skipped[name] = reason
                self.details[name] = bundle.details.get(key, "")

    @property
    def reasons(self) -> dict[str, int]:
        """Number of skipped files by reason, the most frequent first."""
        return dict(Counter(sorted(self.skipped.values())).most_common())

    def usual_details(self, reason: str) -> list[str]:
        """What is most often said about a reason, without names of files."""
        names = (name for name, why in self.skipped.items() if why == reason)
        said = (without_names(self.details.get(name, "")) for name in names)
        counts = Counter(sorted(detail for detail in said if detail))
        return [detail for detail, _ in counts.most_common(DETAILS)]

    @property
    def is_complete(self) -> bool:
        """Whether every input was scored, known or left out as asked."""
        return not (self.skipped or self.failed or self.stopped)


def _names(unit: Unit) -> set[str]:
    """Names of files that may be skipped: also those in archives, if they are known."""
    names = {each.name for each in unit.entries}
    found = unit.found if isinstance(unit, LocalUnit) else None
    if found is not None:
        names |= {str(each.file) for each in found.skipped}
        names |= {str(each.source.file) for scan in found.scans for each in scan.headers}
    return names
