"""Parts of the clinic that have a problem, or are silent."""

from __future__ import annotations

from ctiqa.clinic.config import Config
from ctiqa.clinic.records.alerts import Finding
from ctiqa.clinic.records.health import Health, Sign
from ctiqa.clinic.service.parts import parts_of

KIND = "part"

ALERTER = "alerter"
"""The part that looks; if it is silent, nobody can say so."""


def part_findings(config: Config, health: Health) -> list[Finding]:
    """The parts that the configuration asks for and that are ill, silent or were never seen.

    Args:
        config: The configuration.
        health: The signs of life in it.

    Raises:
        OutputError: If the database cannot be reached.
    """
    signs = {each.part: each for each in health.signs()}
    names = [each.name for each in parts_of(config) if each.name != ALERTER]
    sentences = {name: _sentence(name, signs.get(name), health) for name in names}
    return [
        Finding(KIND, name, sentence, {"part": name})
        for name, sentence in sentences.items()
        if sentence
    ]


def _sentence(name: str, sign: Sign | None, health: Health) -> str:
    """What is wrong with a part; empty if nothing is."""
    if sign is None:
        return f"{name} has never given a sign of life; see whether it runs, and its log"
    if health.is_silent(sign):
        return (
            f"{name} has said nothing since {sign.at:%Y-%m-%d %H:%M} UTC; see whether it runs, its "
            "log, and whether all clocks are right"
        )
    return "" if sign.is_well else f"{name} has a problem: {sign.sentence}"
