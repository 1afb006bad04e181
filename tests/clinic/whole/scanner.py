"""A scanner that sends series, and sends again what was not acknowledged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]

import ctiqa

EXAMPLE = Path(ctiqa.__file__).parent / "assets" / "example"

PAUSE_S = 0.2
"""Time before a scanner tries again, in seconds."""


@dataclass
class Scanner:
    """Sends one new series after the other.

    Attributes:
        port: Port of the listener.
        title: AE title of the scanner.
        n_slices: Slices of a series.
        acknowledged: SOP Instance UIDs that the listener has acknowledged, by series.
        stop: Ends the sending after the series in work.
    """

    port: int
    title: str = "SCANNER"
    n_slices: int = 2
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def send_series(self, deadline_s: float = 120) -> str:
        """Send a new series until all of it is acknowledged.

        Returns:
            Its UID.
        """
        images = new_series(self.n_slices)
        series = str(images[0].SeriesInstanceUID)
        mine = self.acknowledged.setdefault(series, set())
        end = time.monotonic() + deadline_s
        while left := [each for each in images if each.SOPInstanceUID not in mine]:
            assert time.monotonic() < end, f"{len(left)} instances were never acknowledged"
            self._send(left, mine)
            if len(mine) < len(images):
                time.sleep(PAUSE_S)
        return series

    def start(self) -> None:
        """Send series after series, in a thread."""
        self._thread = Thread(target=self._send_on, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Send no more series; the one in work is completed."""
        self.stop.set()
        assert self._thread is not None
        self._thread.join()

    def _send_on(self) -> None:
        while not self.stop.is_set():
            self.send_series()

    def _send(self, images: Sequence[Dataset], acknowledged: set[str]) -> None:
        """Send images on one association, as far as it goes."""
        entity = AE(ae_title=self.title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 5
        entity.add_requested_context(CTImageStorage, images[0].file_meta.TransferSyntaxUID)
        association = entity.associate("127.0.0.1", self.port, ae_title="CTIQA")
        if not association.is_established:
            return
        try:
            for each in images:
                answer = association.send_c_store(each)
                if answer.get("Status") == 0x0000:
                    acknowledged.add(str(each.SOPInstanceUID))
        except (RuntimeError, ValueError, OSError):
            return  # the association is gone
        finally:
            if association.is_established:
                association.release()


def new_series(n_slices: int) -> list[Dataset]:
    """Slices of the packaged example as a new series of a new study."""
    files = sorted(EXAMPLE.glob("*.dcm"))[:n_slices]
    study, series = generate_uid(), generate_uid()
    images: list[Dataset] = []
    for file in files:
        image = dcmread(file)
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        images.append(image)
    return images
