"""How series are scored, wherever that happens; small, and can be sent to another computer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

from ctiqa.archive.choice import Choice
from ctiqa.archive.unit import Unit
from ctiqa.archive.work import Worker, work_on
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.errors import UsageError
from ctiqa.io import ReadOptions
from ctiqa.score.scorer import Scorer
from ctiqa.store.bundle import Bundle
from ctiqa.store.keys import model_digest, options_digest
from ctiqa.store.marks import Marker
from ctiqa.store.privacy import Privacy
from ctiqa.version import __version__


@dataclass(frozen=True, slots=True)
class Setup:
    """How series are scored, and what is kept of them.

    Attributes:
        model: Name of a model, or path of its file on every computer.
        engine: Engine, as in :class:`ctiqa.Scorer`.
        calibration: Path of a calibration on every computer.
        options: How files are read.
        choice: Which series are scored.
        privacy: That of the store that the results are for. ``None`` takes that of the parts that
            are there, or the defaults.

    >>> Setup() == Setup(engine="auto")
    True
    """

    model: str = DEFAULT_MODEL
    engine: str = "auto"
    calibration: str | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    choice: Choice = field(default_factory=Choice)
    privacy: Privacy | None = None

    @property
    def how(self) -> str:
        """Digests of the model, which must be on this computer, and of the options."""
        return f"{model_digest(self.scorer(1).facts)} {options_digest(self.options)}"

    def scorer(self, jobs: int | None) -> Scorer:
        """The scorer of this process; made on the first call.

        Args:
            jobs: Slices that it scores at once; ``None`` takes all cores.
        """
        return _scorer(self.model, self.engine, self.calibration, jobs)


@dataclass(frozen=True, slots=True)
class Job:
    """What all tasks of a survey have in common.

    Attributes:
        setup: How series are scored.
        parts: Address of the parts.
        survey: Name of the survey that the parts belong to.
        privacy: What the parts keep of UIDs, days and names of files.
        how: :attr:`Setup.how` where the survey was started.
        jobs: Slices that one process scores at once; ``None`` takes all cores.
        version: Version of ctiqa where the survey was started.
    """

    setup: Setup
    parts: str
    survey: str
    privacy: Privacy
    how: str
    jobs: int | None = 1
    version: str = __version__

    @property
    def marker(self) -> Marker:
        """Marks files for the store that the rows are for."""
        return Marker(self.privacy, self.how)

    def check_version(self) -> None:
        """Check that this process runs the version that the survey was started with.

        Raises:
            UsageError: If it does not.
        """
        if self.version != __version__:
            raise UsageError(
                f"all workers must have ctiqa {self.version}, as where the survey was started, got "
                f"{__version__}; install the same version"
            )


Work = Callable[[Job, str, Unit], Iterator[Bundle]]
"""Scores the unit that was found at a root; must be a function of a module."""


def score_unit(job: Job, root: str, unit: Unit) -> Iterator[Bundle]:
    """Score a unit with the scorer of this process.

    Raises:
        UsageError: If the model or its calibration is another one here.
    """
    if _here(job.setup) != job.how:
        raise UsageError(
            "all workers must have the same model and calibration as where the survey was started; "
            f"{job.setup.model!r} is another one here: copy the file"
        )
    setup = job.setup
    worker = Worker(setup.scorer(job.jobs), job.marker, setup.options, setup.choice)
    return work_on(unit, root, worker)


@cache
def _scorer(model: str, engine: str, calibration: str | None, jobs: int | None) -> Scorer:
    return Scorer(model, jobs=jobs, engine=engine, calibration=calibration)


@cache
def _here(setup: Setup) -> str:
    return setup.how
