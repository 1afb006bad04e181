"""Results as rows, as private as the store they are for: made anywhere, written later."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ctiqa.errors import Reason, UsageError
from ctiqa.score.report.report import Report
from ctiqa.store.keys import SeriesKey, model_digest, series_key
from ctiqa.store.marks import Mark
from ctiqa.store.privacy import Privacy
from ctiqa.store.rows import Row, scan_row, slice_row
from ctiqa.types import ScanScore

NameOf = Callable[[Path], str]
"""The path or URL by which a file is known; a download has another one."""


@dataclass(frozen=True, slots=True)
class ScanRows:
    """A scan.

    Attributes:
        row: Its columns, except those that say when and by which run it was stored.
        slices: Those of its slices, along z.
        inputs: Its files, which are no longer skipped if they were.
    """

    row: Row
    slices: tuple[Row, ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one or more series add to a store.

    Attributes:
        model: Facts of the model, :attr:`ctiqa.types.Results.model`.
        scans: The scans.
        skipped: Why an input was skipped, by its hash.
        marks: The files that need not be read again.
        counts: Numbers of series that were not scored: ``known`` for those that the store has,
            ``left_out`` for those that were not chosen.
        cleared: Inputs that are not skipped any more, by their hashes, besides those of ``scans``.
        details: Why an input was skipped, in words, by its hash. They may quote names of files, so
            they are neither stored nor part of the JSON.
    """

    model: Mapping[str, Any]
    scans: tuple[ScanRows, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    cleared: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict, compare=False)

    def to_json(self) -> str:
        """As JSON; the day of a study in ISO form, an infinite dose reserve as ``Infinity``."""
        kept = {name: value for name, value in asdict(self).items() if name != "details"}
        return json.dumps(kept, default=_iso)

    @classmethod
    def from_json(cls, text: str) -> Bundle:
        """The bundle that :meth:`to_json` has written.

        Raises:
            ValueError: If the text is not one.

        >>> Bundle.from_json(Bundle({"name": "m"}).to_json()).model
        {'name': 'm'}
        """
        try:
            found = json.loads(text)
            return cls(
                found["model"],
                tuple(_scan(each) for each in found["scans"]),
                found["skipped"],
                tuple(Mark(**each) for each in found["marks"]),
                found["counts"],
                tuple(found["cleared"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a bundle: {error}") from error


def bundle_of(
    report: Report,
    privacy: Privacy,
    *,
    keys: Iterable[SeriesKey] = (),
    marks: Sequence[Mark] = (),
    name_of: NameOf = str,
) -> Bundle:
    """The rows of a report.

    Of a run that was stopped, the last scan is left out: part of it may be missing.

    Raises:
        UsageError: If a key belongs to another model.
    """
    skipped = {
        privacy.input_id(name_of(each.file)): each
        for each in report.skipped
        if each.reason is not Reason.STOPPED
    }
    reasons = {key: each.reason.value for key, each in skipped.items()}
    details = {key: each.detail for key, each in skipped.items()}
    scans = tuple(
        _rows(key, verdict, report, privacy, name_of) for key, verdict in keyed_scans(report, keys)
    )
    return Bundle(report.model, scans, reasons, tuple(marks), details=details)


def keyed_scans(report: Report, keys: Iterable[SeriesKey]) -> Iterable[tuple[SeriesKey, ScanScore]]:
    """The scans to store, each with its key.

    Raises:
        UsageError: If a key belongs to another model.
    """
    model = model_digest(report.model)
    given = {key.series_uid: key for key in keys}
    if wrong := [key.series_uid for key in given.values() if key.model != model]:
        raise UsageError(
            f"'keys' must be for the model of the report, {len(wrong)} are for another one; make "
            "them with 'series_key(scan, report.model, report.options)'"
        )
    stopped = any(each.reason is Reason.STOPPED for each in report.skipped)
    for verdict in report.scans[:-1] if stopped else report.scans:
        key = given.get(verdict.scan.series_uid)
        yield key or series_key(verdict.scan, report.model, report.options), verdict


def _rows(
    key: SeriesKey, verdict: ScanScore, report: Report, privacy: Privacy, name_of: NameOf
) -> ScanRows:
    row = {
        "series_uid": privacy.series_uid(key),
        "content": privacy.content(key),
        "model_digest": key.model,
        "options_digest": key.options,
        **scan_row(verdict, privacy),
    }
    # A file of which a part was skipped stays in the list of skipped inputs.
    files = {each.header.source.file for each in verdict.slices}
    whole = files - {each.file for each in report.skipped}
    inputs = sorted(privacy.input_id(name_of(file)) for file in whole)
    slices = tuple(slice_row(*each) for each in enumerate(verdict.slices))
    return ScanRows(row, slices, tuple(inputs))


def _scan(found: Mapping[str, Any]) -> ScanRows:
    row = dict(found["row"])
    day = row["study_day"]
    row["study_day"] = None if day is None else date.fromisoformat(day)
    return ScanRows(row, tuple(found["slices"]), tuple(found["inputs"]))


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
