"""What the sender says of itself on the health page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ctiqa.clinic.records.deliveries import TargetCounts

ILL_AFTER = 3
"""A target is shown as ill if a result was tried as often in vain; once may be chance."""

NOTHING = TargetCounts(0, 0, 0, 0, None)


@dataclass(frozen=True, slots=True)
class SenderState:
    """The state of all targets.

    Attributes:
        is_well: Whether every target takes what is sent.
        sentence: Numbers of each target and its last error, in plain words.
        facts: Numbers in total, and of each target (``waiting.pacs``).
    """

    is_well: bool
    sentence: str
    facts: Mapping[str, float]


def state_of(counts: Mapping[str, TargetCounts], targets: Sequence[str]) -> SenderState:
    """The state of the targets in the configuration.

    Args:
        counts: What became of the results, by name of the target.
        targets: Names of the targets.

    >>> state = state_of({"pacs": TargetCounts(2, 5, 0, 4, "nothing listens")}, ["pacs"])
    >>> state.is_well, state.sentence
    (False, "'pacs': 2 results wait, 5 sent; the last try failed: nothing listens")
    >>> state.facts["waiting"], state.facts["waiting.pacs"]
    (2, 2)
    """
    if not targets:
        return SenderState(True, "no target for results is configured", _facts({}))
    named = {name: counts.get(name, NOTHING) for name in targets}
    is_well = all(each.most_tries < ILL_AFTER for each in named.values())
    return SenderState(is_well, ". ".join(map(_sentence, named.items())), _facts(named))


def _sentence(item: tuple[str, TargetCounts]) -> str:
    name, counts = item
    waits = "1 result waits" if counts.waiting == 1 else f"{counts.waiting} results wait"
    failed = f", {counts.failed} given up" if counts.failed else ""
    error = f"; the last try failed: {counts.error}" if counts.error else ""
    return f"'{name}': {waits}, {counts.sent} sent{failed}{error}"


def _facts(named: Mapping[str, TargetCounts]) -> dict[str, float]:
    facts: dict[str, float] = {}
    for state in ("waiting", "sent", "failed"):
        numbers = {f"{state}.{name}": getattr(each, state) for name, each in named.items()}
        facts |= {state: sum(numbers.values()), **numbers}
    return facts
