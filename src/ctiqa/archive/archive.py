"""What is surveyed, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event

from ctiqa.archive.choice import Choice
from ctiqa.io import ReadOptions
from ctiqa.score.scorer import ScoreProgress, Scorer
from ctiqa.store.keys import model_digest, options_digest
from ctiqa.store.marks import Marker
from ctiqa.store.store import Store


@dataclass(frozen=True, slots=True)
class Archive:
    """What is surveyed, and how.

    Attributes:
        paths: Folders, files, manifests and URLs.
        scorer: The model.
        options: How files are read.
        choice: Which series are scored.
        progress: Called with (stage, done, total).
        stop: Ends the survey early once it is set.
        own: Files and folders that the survey writes, which are not listed.
    """

    paths: Sequence[str]
    scorer: Scorer
    options: ReadOptions = field(default_factory=ReadOptions)
    choice: Choice = field(default_factory=Choice)
    progress: ScoreProgress | None = None
    stop: Event = field(default_factory=Event)
    own: Sequence[str] = ()

    @property
    def how(self) -> str:
        """Name of the model and the options: another one looks at every file again."""
        return f"{model_digest(self.scorer.facts)} {options_digest(self.options)}"

    def marker(self, store: Store) -> Marker:
        """Makes the marks of this survey."""
        return Marker(store.privacy, self.how)

    def tell(self, stage: str, done: int, total: int) -> None:
        """Report progress, if anybody wants to know."""
        if self.progress is not None:
            self.progress(stage, done, total)
