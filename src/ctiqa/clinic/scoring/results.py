"""Results as DICOM objects in the folder ``out``, and where they are to be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from ctiqa.clinic.config.sending import Kind, Target
from ctiqa.clinic.records.deliveries import NewDelivery
from ctiqa.clinic.spool.durable import sync_folder
from ctiqa.errors import RefusedError
from ctiqa.io.atomic import write_bytes
from ctiqa.io.dicom.writing.content import file_bytes
from ctiqa.sr.encapsulated import encapsulated_pdf
from ctiqa.sr.report import structured_report
from ctiqa.sr.source import source_of
from ctiqa.types import ScanScore

MAKERS = {"sr": structured_report, "pdf": encapsulated_pdf}


@dataclass(frozen=True, slots=True)
class ResultObject:
    """A result as a DICOM file.

    Attributes:
        kind: Structured report or PDF.
        name: Its name in the folder ``out``: equal results have equal names.
        content: The file.
    """

    kind: Kind
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Results:
    """The results of a series.

    Attributes:
        objects: The files.
        failure: Why there is none of a scan; empty if there are all.
    """

    objects: tuple[ResultObject, ...]
    failure: str = ""


def load_tables(targets: Sequence[Target]) -> None:
    """Load the tables of the library for structured reports, if there are to be some.

    They take 100 MB for a moment. Before the network is loaded, that memory is used again by it.

    Args:
        targets: Where results are sent.
    """
    if any("sr" in each.results for each in targets):
        with suppress(ImportError):  # They are loaded with the first report in any case.
            from highdicom._standard_utils import get_module_attribute_map  # noqa: PLC0415

            get_module_attribute_map()


def results_of(
    verdicts: Sequence[ScanScore], model: Mapping[str, Any], targets: Sequence[Target]
) -> Results:
    """Make the objects that targets want.

    Args:
        verdicts: The scans of a series, whose files are where they were.
        model: Facts of the model.
        targets: Where results are sent.
    """
    kinds: tuple[Kind, ...] = tuple(sorted({kind for each in targets for kind in each.results}))
    if not kinds:
        return Results(())
    objects: list[ResultObject] = []
    failure = ""
    for verdict in verdicts:
        try:
            source = source_of(verdict)
            made = [(kind, MAKERS[kind](verdict, model, source=source)) for kind in kinds]
        except RefusedError as error:
            failure = error.detail
            continue
        objects += [_object(kind, each) for kind, each in made]
    return Results(tuple(objects), failure)


def _object(kind: Kind, made: Dataset) -> ResultObject:
    return ResultObject(kind, f"{made.SOPInstanceUID}.dcm", file_bytes(made))


def keep_results(objects: Sequence[ResultObject], folder: Path) -> None:
    """Write objects to a folder; they survive a power cut.

    Raises:
        OutputError: If a file cannot be written.
        OSError: If the disk fails.
    """
    for each in objects:
        write_bytes(folder / each.name, each.content)
    if objects:
        sync_folder(folder)


def deliveries_of(objects: Sequence[ResultObject], targets: Sequence[Target]) -> list[NewDelivery]:
    """Which object goes where."""
    return [
        NewDelivery(target.name, each.kind, each.name)
        for each in objects
        for target in targets
        if each.kind in target.results
    ]
