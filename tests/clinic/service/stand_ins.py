"""Parts for the tests of the supervisor; a module, because they run in processes of their own."""

from __future__ import annotations

import os
from threading import Event
from typing import Any

from ctiqa.clinic.config.config import Config
from ctiqa.errors import OutputError

POISON = "1.2.66"
"""Series that ends whoever scores it."""


def run_poisoned_scorer(config: Config, number: int, stop: Event) -> None:
    """Score as usual; one series ends the process without a word."""
    # Slow to load, and not needed by the other part.
    from ctiqa.clinic.scoring.run import run_scorer
    from ctiqa.score.scorer import Scorer

    score = Scorer.score_found

    def dies(scorer: Scorer, found: Any, *words: Any, **more: Any) -> Any:
        if any(scan.series_uid == POISON for scan in found.scans):
            os._exit(13)
        return score(scorer, found, *words, **more)

    Scorer.score_found = dies  # type: ignore[assignment,method-assign]
    run_scorer(config, number, stop)


def run_failing(_config: Config, _stop: Event) -> None:
    """End with an error at once."""
    raise OutputError("the stand-in has failed")
