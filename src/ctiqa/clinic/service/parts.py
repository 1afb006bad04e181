"""Which parts a configuration needs, and where their functions are."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from threading import Event

from ctiqa.clinic.config.config import Config

RECEIVER = "receiver"


@dataclass(frozen=True, slots=True)
class Part:
    """A part, which is a process of its own.

    Attributes:
        name: Its name on the health page and in the log.
        module: Where its function is; imported in its process alone.
        function: Name of the function, called with the configuration, ``number`` if there is one,
            and an event that ends it.
        number: Number of a process of which there are several.
    """

    name: str
    module: str
    function: str
    number: int | None = None

    def run(self, config: Config, stop: Event) -> None:
        """Do the work of the part until it is stopped."""
        function = getattr(import_module(self.module), self.function)
        if self.number is None:
            function(config, stop)
        else:
            function(config, self.number, stop)


def parts_of(config: Config) -> list[Part]:
    """The parts that a configuration needs; the one that receives is the first.

    >>> [each.name for each in parts_of(Config())]
    ['receiver', 'keeper', 'scorer-1']
    """
    parts = [
        Part(RECEIVER, "ctiqa.clinic.receiving", "run_receiver"),
        Part("keeper", "ctiqa.clinic.keeping.keeper", "run_keeper"),
    ]
    parts += [
        Part(f"scorer-{number}", "ctiqa.clinic.scoring.run", "run_scorer", number)
        for number in range(1, config.score.workers + 1)
    ]
    if config.send:
        parts.append(Part("sender", "ctiqa.clinic.sending", "run_sender"))
    if config.fetch:
        parts.append(Part("fetcher", "ctiqa.clinic.fetching", "run_fetcher"))
    if config.alert:
        parts.append(Part("alerter", "ctiqa.clinic.alerts", "run_alerter"))
    return parts
