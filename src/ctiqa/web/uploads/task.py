"""What the server and the process that scores say to each other."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

REPORT = "report.json"
"""File with the report, in the folder of the upload."""

OUTCOME = "outcome.json"
"""File with what became of the upload."""


@dataclass(frozen=True, slots=True)
class Task:
    """An upload that is to be scored.

    Attributes:
        folder: Folder of the upload.
        name: What is to be scored, a name in the folder.
        most_bytes: Largest size after unpacking, in bytes.
        most_files: Largest number of files.
        model: Name or path of the model; ``None`` for the default one.
        engine: Name of the engine.
        calibration: File of a calibration.
    """

    folder: str
    name: str
    most_bytes: int
    most_files: int
    model: str | None
    engine: str
    calibration: str | None

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an upload.

    Attributes:
        status: HTTP status.
        code: Stable name.
        rule: The rule that was broken; empty if the series was scored.
        remedy: What to do.
        reasons: Codes of why inputs were not scored, with their numbers.
    """

    status: int = 200
    code: str = "scored"
    rule: str = ""
    remedy: str = ""
    reasons: dict[str, int] | None = None

    def write(self, folder: Path) -> None:
        """Write it into the folder of the upload."""
        (folder / OUTCOME).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Outcome | None:
        """What :meth:`write` has written; ``None`` if the process did not get so far."""
        try:
            return cls(**json.loads((folder / OUTCOME).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
