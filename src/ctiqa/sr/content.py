"""The content tree of the structured report: one measurement group of the whole series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    ContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    ImageContentItem,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    NumContentItem,
    ObservationContext,
    ObserverContext,
    RelationshipTypeValues,
    TextContentItem,
    TrackingIdentifier,
    UIDRefContentItem,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard

from ctiqa.io.dicom.writing.uids import derived_uid
from ctiqa.score.report.facts import NOTICE
from ctiqa.score.report.model_facts import calibration_text
from ctiqa.score.report.page.thumbnails import BEST, MEDIAN, ONLY, WORST, pick_slices
from ctiqa.score.report.sentences import QUALITY, summary_rows
from ctiqa.score.verdict import has_sharp_kernel
from ctiqa.sr import codes
from ctiqa.sr.answers import Answer, answers_of
from ctiqa.sr.codes import Coded
from ctiqa.sr.quantities import Quantity, quantities_of
from ctiqa.sr.sealing import model_identity
from ctiqa.sr.source import Source
from ctiqa.text.plain_text import clean
from ctiqa.types import ScanScore
from ctiqa.version import __version__

NAMES_OF_SLICES = {
    BEST: codes.BEST,
    MEDIAN: codes.MIDDLE,
    WORST: codes.WORST,
    ONLY: codes.MIDDLE,
}
"""Code of a reference by the role of the slice."""

NUMBERED = "Noise"
"""Label of the summary row that only repeats numbers."""


def measurement_report(
    verdict: ScanScore, model: Mapping[str, Any], source: Source
) -> MeasurementReport:
    """The content of the report of a scan.

    Args:
        verdict: The scan.
        model: Facts of the model.
        source: The series of the scan.
    """
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=derived_uid("tracking", source.series_uid, *model_identity(model)),
            identifier="CT image quality of the series",
        ),
        finding_type=_concept(codes.IMAGE_QUALITY),
        algorithm_id=_algorithm(model),
        measurements=[_measurement(each) for each in quantities_of(verdict)],
    )
    group[0].ContentSequence.extend(
        [
            *map(_evaluation, answers_of(verdict)),
            *_texts(verdict),
            *_slices(verdict, source),
            UIDRefContentItem(_concept(codes.SERIES_UID), source.series_uid, CONTAINS),
        ]
    )
    report = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer()),
        procedure_reported=_concept(codes.PROCEDURE),
        imaging_measurements=[group],
        title=_concept(codes.REPORT),
    )
    # Before the measurements, which come last.
    report[0].ContentSequence.insert(-1, _text(NOTICE))
    return report


CONTAINS = RelationshipTypeValues.CONTAINS


LONGEST_MEANING = 64
"""Characters of a code meaning (PS3.5, LO); names from model cards may be longer."""


def _concept(code: Coded) -> CodedConcept:
    return CodedConcept(code.value, code.scheme, clean(code.meaning, LONGEST_MEANING))


def _algorithm(model: Mapping[str, Any]) -> AlgorithmIdentification:
    """Name, version and parameters (TID 4019)."""
    parameters = {
        "model": f"{model.get('name')} {model.get('version')}",
        "sha256": model.get("sha256"),
        "calibration": calibration_text(model),
        "interval": "90 % prediction interval",
    }
    return AlgorithmIdentification(
        name="ctiqa",
        version=__version__,
        parameters=[f"{name}: {clean(str(text))}" for name, text in parameters.items() if text],
    )


def _observer() -> ObserverContext:
    """The program as the device that observes."""
    return ObserverContext(
        observer_type=standard.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=derived_uid("device observer", __version__),
            name="ctiqa",
            manufacturer_name="ctiqa",
            model_name="ctiqa",
        ),
    )


def _measurement(quantity: Quantity) -> Measurement:
    measurement = Measurement(
        name=_concept(quantity.name),
        value=quantity.value,
        unit=_concept(quantity.unit),
        derivation=None if quantity.derivation is None else _concept(quantity.derivation),
        method=None if quantity.method is None else _concept(quantity.method),
    )
    _state(measurement[0], quantity.value)
    return measurement


def _state(item: Dataset, value: float) -> None:
    """Write a number as the JSON report does: highdicom makes 30.0 of 30."""
    item.MeasuredValueSequence[0].NumericValue = str(value)


def _evaluation(answer: Answer) -> ContentItem:
    """A coded answer, with its number of slices as a property."""
    item = CodeContentItem(_concept(answer.name), _concept(answer.value), CONTAINS)
    if answer.slices is not None:
        count = NumContentItem(
            _concept(codes.SLICE_COUNT),
            answer.slices,
            _concept(codes.SLICES),
            relationship_type=RelationshipTypeValues.HAS_PROPERTIES,
        )
        _state(count, answer.slices)
        item.ContentSequence = ContentSequence([count])
    return item


def _text(text: str) -> ContentItem:
    return TextContentItem(_concept(codes.COMMENT), clean(text), CONTAINS)


def _texts(verdict: ScanScore) -> Iterator[ContentItem]:
    """The sentences of other reports, without those that only repeat numbers."""
    for label, text in summary_rows(verdict):
        # The quality is said by numbers and a code, unless there is no word for it.
        repeats = label == QUALITY and verdict.score is not None and not has_sharp_kernel(verdict)
        if label != NUMBERED and not repeats:
            yield _text(f"{label}: {text}")
    for warning in verdict.warnings:
        yield _text(warning)


def _slices(verdict: ScanScore, source: Source) -> Iterator[ContentItem]:
    """References to the best, median and worst slice; of long series all would be too many."""
    classes = dict(source.instances)
    for role, each in pick_slices(verdict):
        origin = each.header.source
        uid = origin.instance_uid or ""
        frames = sum(other.header.source.file == origin.file for other in verdict.slices)
        yield ImageContentItem(
            _concept(NAMES_OF_SLICES[role]),
            classes[uid],
            uid,
            referenced_frame_numbers=[origin.frame + 1] if frames > 1 else None,
            relationship_type=CONTAINS,
        )
