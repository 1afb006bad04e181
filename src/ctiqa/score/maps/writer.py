"""Maps written slice by slice, while the pixels are in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from ctiqa.errors import OutputError, RefusedError
from ctiqa.hu import body_mask
from ctiqa.io.atomic import make_folder, write_bytes
from ctiqa.score.maps.colour_bar import with_colour_bar
from ctiqa.score.maps.overlay import fitting_window, overlay
from ctiqa.score.maps.place import Place
from ctiqa.score.maps.secondary_capture import secondary_capture
from ctiqa.score.png import FAST, Pixels8, encode_png
from ctiqa.types import NoiseMap, Slice, SliceScore, SliceSource


@dataclass(slots=True)
class MapCounts:
    """How many maps a run has written.

    Attributes:
        folder: Where they are.
        written: Slices with a map.
        without_score: Slices without a score, which have no map.
        without_dicom: Slices of DICOM files with a PNG only, counted by reason.
        failure: Why no further map was written; ``None`` if all were.
    """

    folder: Path
    written: int = 0
    without_score: int = 0
    without_dicom: Counter[str] = field(default_factory=Counter)
    failure: OutputError | None = None


class MapWriter:
    """Writes the map of every scored slice, from any thread.

    After a failure, such as a full disc, no further map is written, and scoring goes on.

    Args:
        folder: Where to; made with the first map. Files of the same name are replaced.
        model: Facts of the model.
    """

    def __init__(self, folder: Path, model: Mapping[str, Any]) -> None:
        self.counts = MapCounts(folder)
        self._model = model
        self._lock = Lock()
        self._written: dict[SliceSource, tuple[str, str | None]] = {}

    def write(self, place: Place, image: Slice, verdict: SliceScore) -> None:
        """Write the map of a slice as PNG, and as DICOM if it comes from DICOM."""
        if verdict.score is None or verdict.noise_map_hu is None:
            with self._lock:
                self.counts.without_score += 1
            return
        if self.counts.failure is not None:
            return
        picture = _picture(image, verdict.noise_map_hu)
        capture, reason = self._capture(picture, place, image)
        try:
            make_folder(self.counts.folder)
            self._put(place, ".png", encode_png(picture, FAST))
            if capture is not None:
                self._put(place, ".dcm", capture)
        except OutputError as error:
            self.counts.failure = error
            return
        with self._lock:
            self.counts.written += 1
            self.counts.without_dicom.update([] if reason is None else [reason])
            self._written[image.header.source] = place.name, reason

    def withdraw(self, slices: Iterable[SliceSource]) -> None:
        """Remove maps: only with the whole scan was it known that their slices get no score."""
        for source in slices:
            if source not in self._written:
                continue
            name, reason = self._written.pop(source)
            for suffix in (".png", ".dcm"):
                (self.counts.folder / f"{name}{suffix}").unlink(missing_ok=True)
            self.counts.written -= 1
            self.counts.without_score += 1
            self.counts.without_dicom.subtract([] if reason is None else [reason])
        self.counts.without_dicom = +self.counts.without_dicom

    def _capture(
        self, picture: Pixels8, place: Place, image: Slice
    ) -> tuple[bytes | None, str | None]:
        """Content of the DICOM file, or why there is none; neither if the source is not DICOM."""
        if image.header.source.format != "dicom":
            return None, None
        try:
            return secondary_capture(picture, image.header, place, self._model), None
        except RefusedError as error:
            return None, error.detail

    def _put(self, place: Place, suffix: str, content: bytes) -> None:
        write_bytes(self.counts.folder / f"{place.name}{suffix}", content)


def _picture(image: Slice, noise_hu: NoiseMap) -> Pixels8:
    mask = body_mask(image.hu)
    window = fitting_window(image.hu, mask)
    return with_colour_bar(overlay(image.hu, noise_hu, mask, window))
