"""Statuses of C-STORE (PS3.4 B.2.3, PS3.7 C) and failure reasons of STOW-RS, which are the same."""

from __future__ import annotations

from ctiqa.clinic.sending.answer import SENT, Answer, later, never

DUPLICATE = 0x0111
"""The target has an instance with this UID, which is the same result."""

STORED = frozenset({0x0000, 0x0001, 0x0107, 0x0116, DUPLICATE, 0xB000, 0xB006, 0xB007})
"""Success, or warnings: the target has the result."""

TEMPORARY = {
    0x0110: "fails in processing it; if this goes on, see the log of the target",
    0x0124: "does not allow ctiqa to store; allow its AE title to store there",
    0x0210: "thinks that it gets a message twice",
    0x0213: "has no resources left; see its disk and memory",
    0xA700: "has no resources left; see its disk and memory",
    0xFE00: "has cancelled it",
}
"""Statuses after which the same result may be taken later."""

FINAL = {
    0x0106: "finds a value that is not allowed",
    0x0117: "does not take the UID of the result",
    0x0118: "does not know this kind of object; allow structured reports or PDF there",
    0x0120: "finds that an attribute is missing",
    0x0121: "finds that a value is missing",
    0x0122: "does not take this kind of object; allow structured reports or PDF there",
    0x0211: "does not know C-STORE; state the address of an archive",
    0x0212: "finds a parameter of the message mistyped",
    0xA900: "finds that the data do not match the kind of object",
    0xC000: "cannot understand the object",
}
"""Statuses after which the same result would be refused again."""

_REMEDY = "see the log of the target, then send the result again on the page of the scan"


def judged(status: int) -> Answer:
    """What follows from a status.

    Args:
        status: Status of a C-STORE response, or failure reason of an answer of STOW-RS.

    >>> judged(0x0111).verdict, judged(0xA701).verdict, judged(0xC123).verdict
    ('sent', 'later', 'never')
    >>> judged(0x0122).sentence
    'it does not take this kind of object; allow structured reports or PDF there (status 0x0122)'
    """
    if status in STORED:
        return SENT
    group = _group(status)
    if group in FINAL:
        remedy = "" if ";" in FINAL[group] else f"; {_REMEDY}"
        return never(f"it {FINAL[group]}{remedy} (status 0x{status:04X})")
    text = TEMPORARY.get(group, "answers with a failure; see the log of the target")
    return later(f"it {text} (status 0x{status:04X})")


def _group(status: int) -> int:
    """The status that stands for all of its kind."""
    if status & 0xFF00 in (0xA700, 0xA900):
        return status & 0xFF00
    return 0xC000 if status & 0xF000 == 0xC000 else status
