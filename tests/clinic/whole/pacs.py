"""An archive that takes results, and remembers what it was sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    Verification,
)

SUCCESS = 0x0000


@dataclass
class Pacs:
    """A storage SCP on the loopback address.

    Attributes:
        port: Its port, once it is started; the same after a restart.
        kept: Objects by SOP Instance UID.
        times: How often each was sent.
    """

    port: int = 0
    kept: dict[str, Dataset] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    _server: Any = None

    def start(self) -> None:
        """Listen."""
        entity = AE(ae_title="PACS")
        for each in (ComprehensiveSRStorage, EncapsulatedPDFStorage, Verification):
            entity.add_supported_context(each)
        handlers: list[Any] = [
            (evt.EVT_C_STORE, self._keep),
            (evt.EVT_C_ECHO, lambda _event: SUCCESS),
        ]
        self._server = entity.start_server(
            ("127.0.0.1", self.port), block=False, evt_handlers=handlers
        )
        self.port = self._server.socket.getsockname()[1]

    def stop(self) -> None:
        """Listen no more; what is kept stays."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def of_series(self, series: str) -> list[Dataset]:
        """The reports on a series of images."""
        return [each for each in list(self.kept.values()) if series in _series_of(each)]

    def _keep(self, event: Any) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        self.times[uid] += 1
        self.kept[uid] = event.dataset
        return SUCCESS


def _series_of(report: Dataset) -> set[str]:
    """Series that a report is evidence of."""
    studies = report.get("CurrentRequestedProcedureEvidenceSequence", [])
    return {
        str(series.SeriesInstanceUID)
        for study in studies
        for series in study.ReferencedSeriesSequence
    }
