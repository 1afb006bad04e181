"""What a target answers, in words that an administrator can act on.

Texts of a target (error comments, bodies of answers) are never quoted: they may name a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ctiqa.clinic.records.deliveries import Delivery

Verdict = Literal["sent", "later", "never"]
"""``sent``: the target has it; ``later``: may succeed later; ``never``: the result is refused."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one try.

    Attributes:
        verdict: What follows from it.
        sentence: Why it failed and what to do, in plain words; empty if it did not.
        is_of_target: Whether the same holds for every other result now, such as no connection.
    """

    verdict: Verdict
    sentence: str = ""
    is_of_target: bool = False


SENT = Answer("sent")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A result with its file.

    Attributes:
        delivery: The result.
        file: Its file.
        sop_class: SOP Class UID.
        sop_instance: SOP Instance UID.
        transfer_syntax: Transfer Syntax UID.
    """

    delivery: Delivery
    file: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str


def later(sentence: str) -> Answer:
    """A failure of one result that may pass."""
    return Answer("later", sentence)


def no_target(sentence: str) -> Answer:
    """A failure that holds for every result now, and may pass."""
    return Answer("later", sentence, is_of_target=True)


def never(sentence: str) -> Answer:
    """A result is refused for good."""
    return Answer("never", sentence)
