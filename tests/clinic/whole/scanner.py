"""A scanner that sends series, and sends again what was not acknowledged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE

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
        pause_s: Time between two series, in seconds.
        acknowledged: SOP Instance UIDs that the listener has acknowledged, by series.
        stop: Ends the sending after the series in work.
    """

    port: int
    title: str = "SCANNER"
    n_slices: int = 2
    pause_s: float = 0
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def send_series(self, deadline_s: float = 120) -> str:
        """Send a new series until all of it is acknowledged.

        Returns:
            Its UID.
        """
        return self.send(new_series(self.n_slices), deadline_s)

    def send(self, images: Sequence[Dataset], deadline_s: float = 120) -> str:
        """Send images of one series until all of them are acknowledged.

        Returns:
            The UID of the series.
        """
        series = str(images[0].SeriesInstanceUID)
        mine = self.acknowledged.setdefault(series, set())
        end = time.monotonic() + deadline_s
        while left := [each for each in images if each.SOPInstanceUID not in mine]:
            assert time.monotonic() < end, f"{len(left)} instances were never acknowledged"
            self.send_once(left, mine)
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
            self.stop.wait(self.pause_s)

    def send_once(self, images: Sequence[Dataset], acknowledged: set[str]) -> list[int | None]:
        """Send images on one association, as far as it goes.

        Args:
            images: The images, or other objects.
            acknowledged: Gets the UIDs of those that were acknowledged.

        Returns:
            The status of each that was answered.
        """
        found: list[int | None] = []
        entity = AE(ae_title=self.title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 5
        for sop_class in {each.SOPClassUID for each in images}:
            entity.add_requested_context(sop_class, images[0].file_meta.TransferSyntaxUID)
        association = entity.associate("127.0.0.1", self.port, ae_title="CTIQA")
        if not association.is_established:
            return found
        try:
            for each in images:
                found.append(association.send_c_store(each).get("Status"))
                if found[-1] == 0x0000:
                    acknowledged.add(str(each.SOPInstanceUID))
        except (RuntimeError, ValueError, OSError):
            return found  # the association is gone
        finally:
            if association.is_established:
                association.release()
        return found


def new_series(n_slices: int, **tags: Any) -> list[Dataset]:
    """Slices of the packaged example as a new series of a new study.

    Args:
        n_slices: Number of slices.
        tags: Further elements of the header.
    """
    files = sorted(EXAMPLE.glob("*.dcm"))[:n_slices]
    study, series = generate_uid(), generate_uid()
    images: list[Dataset] = []
    for file in files:
        image = dcmread(file)
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        for keyword, text in tags.items():
            setattr(image, keyword, text)
        images.append(image)
    return images
