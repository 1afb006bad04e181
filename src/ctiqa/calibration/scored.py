"""The scores of a model that readers' scores are compared with: of a run, or of its JSON report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctiqa.calibration.curve import open_score
from ctiqa.errors import DataError, UsageError
from ctiqa.text.strict_json import StrictJsonError, read_json
from ctiqa.types import SCORE_RANGE, Results, ScanScore, SliceScore

REPORT_SCHEMA = 1
"""Version of the JSON report that is read."""


@dataclass(frozen=True, slots=True)
class ScoredSlice:
    """One slice with its score.

    Attributes:
        series_uid: UID of its series.
        place: File or folder of its series.
        file: Its file.
        frame: Index of the frame in the file.
        instance_uid: SOPInstanceUID, if present.
        open_score: Score on the open scale; ``None`` where the model abstains.
        why: Why it has no score.
    """

    series_uid: str
    place: str
    file: str
    frame: int
    instance_uid: str | None
    open_score: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ScoredImages:
    """All slices of a run.

    Attributes:
        model: Model card, with the digest of the network.
        slices: The slices.
        skipped: Why a file was skipped, by file.
    """

    model: Mapping[str, Any]
    slices: tuple[ScoredSlice, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)


def scores_of(results: Results | Path) -> ScoredImages:
    """The scores of a run, or of a JSON report of ``ctiqa score``.

    Raises:
        UsageError: If they are calibrated already, or the report cannot be read.
        DataError: If the file is not a report.
    """
    found = _of_report(results) if isinstance(results, Path) else _of_results(results)
    if found.model.get("calibration"):
        raise UsageError(
            "the scores must be those of the model itself, got calibrated ones; score again "
            "without --calibration"
        )
    if not all(isinstance(found.model.get(key), str) for key in ("name", "sha256")):
        raise DataError(
            "the scores must come with the name and the sha256 of their model, got none; score "
            "again with 'ctiqa score'"
        )
    return found


def _of_results(results: Results) -> ScoredImages:
    slices = tuple(_of_slice(scan, each) for scan in results.scans for each in scan.slices)
    skipped = {str(each.file): each.detail for each in results.skipped}
    return ScoredImages(results.model, slices, skipped)


def _of_slice(scan: ScanScore, verdict: SliceScore) -> ScoredSlice:
    source = verdict.header.source
    return ScoredSlice(
        series_uid=scan.scan.series_uid,
        place=str(scan.scan.path),
        file=str(source.file),
        frame=source.frame,
        instance_uid=source.instance_uid,
        open_score=_open(verdict.score, verdict.equivalent_noise_hu),
        why=", ".join(verdict.flags),
    )


def _of_report(file: Path) -> ScoredImages:
    try:
        content = read_json(file)
        if content["schema"] != REPORT_SCHEMA:
            raise ValueError(f"schema {content['schema']}")
        slices = tuple(
            _of_entry(scan, each) for scan in content["scans"] for each in scan["slices"]
        )
        skipped = {str(each["file"]): str(each["detail"]) for each in content["skipped"]}
        return ScoredImages(dict(content["model"]), slices, skipped)
    except OSError as error:
        raise UsageError(
            f"'report' must be a readable file, got {file} ({error.strerror}); write one with "
            "'ctiqa score PATH --out report.json'"
        ) from None
    except (StrictJsonError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"'{file}' must be a JSON report of 'ctiqa score' ({type(error).__name__}: {error}); "
            "write one with 'ctiqa score PATH --out report.json'"
        ) from None


def _of_entry(scan: Mapping[str, Any], entry: Mapping[str, Any]) -> ScoredSlice:
    noise = entry.get("equivalent_noise_hu")
    return ScoredSlice(
        series_uid=str(scan["series_uid"]),
        place=str(scan["path"]),
        file=str(entry["file"]),
        frame=int(entry["frame"]),
        instance_uid=entry["instance_uid"],
        open_score=_open(entry["score"], None if noise is None else float(noise)),
        why=", ".join(map(str, entry["flags"])),
    )


def _open(score: float | None, noise_hu: float | None) -> float | None:
    if score is None:
        return None
    low, high = SCORE_RANGE
    if not low <= float(score) <= high:
        raise ValueError(f"score {score}")
    return open_score(float(score), noise_hu)
