"""Pictures of the worst slice of a scan, made when they are looked at, one at a time."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal, get_args

import numpy as np

from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.clinic.config import Config
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.errors import CtiqaError
from ctiqa.hu import apply_window, body_mask
from ctiqa.io import ReadOptions, find_scans, read_slice
from ctiqa.score.maps.overlay import fitting_window, overlay
from ctiqa.score.png import Pixels8, encode_png
from ctiqa.score.scorer import Scorer
from ctiqa.score.view import body_box, shrink
from ctiqa.store.privacy import UID, Privacy
from ctiqa.types import HuImage, Scan, SliceHeader
from ctiqa.web.problems import Problem, ProblemError

Kind = Literal["slice", "map"]
"""The slice alone, or coloured by its local noise."""

KINDS: tuple[Kind, ...] = get_args(Kind)

SIDE = 512
"""Largest side in pixels."""

MOST_KEPT = 64
"""Number of pictures in memory; one takes up to 0.5 MB."""

PATIENCE_S = 20.0
"""So long a picture waits for those before it."""

FOLDER = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,127}")
"""Names of series that are folders of the spool."""

READING = ReadOptions(allow_reformats=True)

BUSY = Problem(
    503,
    "pictures_busy",
    "other pictures are being made",
    "load the page again in a moment",
    headers={"Retry-After": "10"},
)

GONE = Problem(
    404,
    "no_picture",
    "there is no picture of this scan: its files are not in the spool any more, or cannot be read",
    "look at the scan in the archive",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A slice of a series.

    Attributes:
        scan: Name of the scan in addresses.
        series: Name of the series in the store, and of its folder.
        index: Number of the slice along z.
        count: Number of slices that were scored or refused; the files must have as many.
    """

    scan: str
    series: str
    index: int
    count: int


class Pictures:
    """Makes pictures, and keeps the last ones.

    Args:
        config: The configuration.
    """

    def __init__(self, config: Config) -> None:
        self._spool = SpoolFolder(config.spool.folder)
        self._score = config.score
        self._scorer: Scorer | None = None
        self._kept: OrderedDict[tuple[Wanted, Kind], bytes] = OrderedDict()
        self._lock = Lock()

    def is_there(self, series: str) -> bool:
        """Whether the files of a series are in the spool."""
        return self._folder(series) is not None

    def get(self, wanted: Wanted, kind: Kind, privacy: Privacy) -> bytes:
        """A picture as PNG.

        Args:
            wanted: Which slice.
            kind: What is shown.
            privacy: Of the store, by which series are named.

        Raises:
            ProblemError: 404 if it cannot be made, 503 if too many are being made.
        """
        if (found := self._kept.get((wanted, kind))) is not None:
            return found
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise ProblemError(BUSY)
        try:
            if (wanted, kind) not in self._kept:
                self._keep(wanted, self._made(wanted, privacy))
            return self._kept[wanted, kind]
        except (CtiqaError, OSError, KeyError):
            raise ProblemError(GONE) from None
        finally:
            self._lock.release()

    def _folder(self, series: str) -> Path | None:
        if not FOLDER.fullmatch(series):
            return None
        folder = self._spool.series / series
        return folder if folder.is_dir() else None

    def _keep(self, wanted: Wanted, made: Mapping[Kind, Pixels8]) -> None:
        for kind, pixels in made.items():
            self._kept[wanted, kind] = encode_png(pixels)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _made(self, wanted: Wanted, privacy: Privacy) -> dict[Kind, Pixels8]:
        """Both pictures, as far as they can be made."""
        header = self._header(wanted, privacy)
        image = read_slice(header, READING)
        mask = body_mask(image.hu)
        window, box = fitting_window(image.hu, mask), body_box(mask)
        made: dict[Kind, Pixels8] = {"slice": _grey(image.hu[box], window)}
        noise = self._loaded().score(image).noise_map_hu
        if noise is not None:
            coloured = overlay(image.hu, noise, mask, window)[box]
            made["map"] = np.round(shrink(coloured, SIDE)).astype(np.uint8)
        return made

    def _header(self, wanted: Wanted, privacy: Privacy) -> SliceHeader:
        """The header of the slice, if the files are those that were scored."""
        folder = self._folder(wanted.series)
        found = () if folder is None else find_scans([folder], READING, jobs=1).scans
        fitting = [scan for scan in found if _name(scan, privacy) == wanted.series]
        headers = [scan.headers for scan in fitting if len(scan.headers) == wanted.count]
        if not headers:
            raise ProblemError(GONE)
        return headers[0][wanted.index]

    def _loaded(self) -> Scorer:
        if self._scorer is None:
            model = self._score.model or DEFAULT_MODEL
            self._scorer = Scorer(model, jobs=1, engine=self._score.engine)
        return self._scorer


def _name(scan: Scan, privacy: Privacy) -> str:
    return privacy.uid(scan.series_uid) if UID.fullmatch(scan.series_uid) else ""


def _grey(hu: HuImage, window: Any) -> Pixels8:
    return np.round(255 * apply_window(shrink(hu, SIDE), window)).astype(np.uint8)
