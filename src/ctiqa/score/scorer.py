"""The scorer: one model, loaded once, scores any number of slices, scans and folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ctiqa.arrays import AnyArray
from ctiqa.calibration.apply import check_model
from ctiqa.calibration.file import Calibration
from ctiqa.catalog import DEFAULT_MODEL
from ctiqa.errors import NothingToDoError, UsageError
from ctiqa.hu import WINDOWS, Window
from ctiqa.io import Found, ReadOptions, find_scans, stream_slices
from ctiqa.io.ahead import ahead
from ctiqa.io.atomic import check_folder
from ctiqa.io.scans import AnyPath, as_paths
from ctiqa.score.arrays import scan_of, slices_from_array
from ctiqa.score.engines.engine import Engine, check_engine, choose
from ctiqa.score.examined import is_measured
from ctiqa.score.maps.place import with_places
from ctiqa.score.pipeline import Key, Use, score_slices
from ctiqa.score.report.report import Report
from ctiqa.score.select import SliceRange, select
from ctiqa.score.whole_scan import score_scan
from ctiqa.score.work import Work
from ctiqa.system.processor import usable_cores
from ctiqa.types import Scan, ScanScore, Skipped, Slice, SliceScore, SliceSource
from ctiqa.weights import Model, ModelCard, load_model

if TYPE_CHECKING:
    from ctiqa.score.maps.writer import MapWriter

ScoreProgress = Callable[[str, int, int], None]
"""Called with the stage (``"reading"``, ``"comparing"``, ``"scoring"``), done and total."""


class Scorer:
    """Scores CT image quality, 0 (bad) to 4 (excellent), with a 90 % prediction interval.

    The model is loaded once. One scorer can score any number of scans, and the same image always
    gets the same score.

    Args:
        model: Name of a model, or path of an ``.onnx`` file with its ``.json`` card beside it.
        jobs: Slices scored in parallel and number of reader processes, >= 1; ``None`` takes all
            cores.
        window: Display window, for models with a choice of windows.
        engine: ``auto``, ``onnxruntime``, ``openvino`` or ``cuda``
            (:func:`ctiqa.score.engines.engine.choose`); engines differ by at most 0.02.
        calibration: Calibration to local readers (:func:`ctiqa.calibrate`), or its file; it maps
            all scores and intervals, and reports name it.

    Raises:
        UsageError: If the model or engine does not exist, ``jobs`` is below 1, the model does
            not offer the window, or the calibration is for another model.
        DataError: If the file of the calibration breaks a rule.
        WeightsError: If the model is missing, altered or not a model.
    """

    def __init__(
        self,
        model: AnyPath = DEFAULT_MODEL,
        *,
        jobs: int | None = None,
        window: Window | None = None,
        engine: str = "auto",
        calibration: Calibration | AnyPath | None = None,
    ) -> None:
        if jobs is not None and jobs < 1:
            raise UsageError(f"'jobs' must be >= 1, got {jobs}")
        self._jobs = jobs or usable_cores()
        self._model = load_model(os.fspath(model))
        self._window = resolve_window(window, self._model.card)
        self._kind = check_engine(engine)
        self._calibration = _calibration_of(calibration, self._model)
        self._loading: Future[Engine] | None = None
        self._lock = Lock()

    @property
    def card(self) -> ModelCard:
        """The model card."""
        return self._model.card

    @property
    def facts(self) -> dict[str, Any]:
        """What reports say of the model and the calibration; the network is not loaded for it."""
        calibration = self._calibration
        by = {} if calibration is None else {"calibration": calibration.summary}
        return {**self._model.facts, **by}

    @overload
    def score(self, what: Slice) -> SliceScore: ...
    @overload
    def score(self, what: AnyPath | Sequence[AnyPath]) -> ScanScore: ...
    @overload
    def score(self, what: AnyArray) -> SliceScore | ScanScore: ...

    def score(self, what: Slice | AnyArray | AnyPath | Sequence[AnyPath]) -> SliceScore | ScanScore:
        """Score one slice or one scan.

        Args:
            what: A :class:`~ctiqa.types.Slice`; an array in HU, [rows, cols] (a slice),
                [slices, rows, cols] or [slices, 1, rows, cols] (a scan or batch), a NumPy array
                or a torch tensor on any device; or the file, folder or files of one series. Use
                :meth:`score_paths` for several series, for options, and to get skipped inputs.

        Returns:
            The score of the slice or the scan; its ``score`` is ``None`` if the model abstains.

        Raises:
            UsageError: If an array is not in HU, a path does not exist, or the paths contain more
                than one series.
            NothingToDoError: If the paths contain no readable CT slice.
            WeightsError: If the network fails.
        """
        if isinstance(what, Slice):
            return self._score_all([what])[0]
        if isinstance(what, AnyArray):
            return self._score_array(what)
        return _only_scan(self.score_paths(what))

    def score_paths(
        self,
        paths: AnyPath | Sequence[AnyPath],
        options: ReadOptions | None = None,
        *,
        slices: SliceRange | None = None,
        maps: AnyPath | None = None,
        progress: ScoreProgress | None = None,
        stop: Event | None = None,
    ) -> Report:
        """Score everything in files and folders.

        Reading and scoring overlap, also from one scan to the next; the pixels of a scan are
        never all in memory.

        Args:
            paths: Files and folders, searched recursively.
            options: How to read them.
            slices: Range of slices to score in each scan; ``None`` is all. Of a shorter scan the
                slices in the range are scored; a scan without any is skipped.
            maps: Folder for the maps of local noise of all scored slices, as PNG and for DICOM
                also as DICOM; ``None`` writes none.
            progress: Called as the work proceeds.
            stop: Once it is set, by another thread or a signal handler, no further slice is
                started: the report contains the results so far and lists the rest as skipped,
                ``stopped``.

        Returns:
            One score per scan, and the skipped inputs with their reasons. Without any scan,
            everything was skipped.

        Raises:
            UsageError: If a path does not exist, or the model makes no maps.
            NothingToDoError: If the paths hold no file at all.
            OutputError: If no map can be written to the folder.
            WeightsError: If the network fails.
        """
        if maps is not None:
            self.check_maps(maps)
        found = self.find(paths, options, slices=slices, progress=progress)
        return self.score_found(found, options, maps=maps, progress=progress, stop=stop)

    def check_maps(self, folder: AnyPath) -> None:
        """Check that maps can be made and written, before time is spent on reading.

        Raises:
            UsageError: If the model does not estimate local noise, or the path is empty.
            OutputError: If no map can be written to the folder.
            WeightsError: If the network fails.
        """
        (place,) = as_paths(folder)
        check_folder(place)
        if not self._engine.gives_noise_map():
            raise UsageError(
                f"'maps' needs a model that estimates local noise, {self.card.name!r} does not; "
                f"leave it out, or use {DEFAULT_MODEL}"
            )

    def find(
        self,
        paths: AnyPath | Sequence[AnyPath],
        options: ReadOptions | None = None,
        *,
        slices: SliceRange | None = None,
        across_series: bool = True,
        progress: ScoreProgress | None = None,
    ) -> Found:
        """First half of :meth:`score_paths`: read headers while the network is loaded.

        Args:
            paths: Files and folders, searched recursively.
            options: How to read them.
            slices: Range of slices of each scan; ``None`` is all.
            across_series: Whether a series that is a copy of another one is skipped.
            progress: Called as the work proceeds.

        Returns:
            Scans, and skipped files with their reasons.

        Raises:
            UsageError: If a path is empty or does not exist.
            NothingToDoError: If the paths hold no file at all.
        """
        tell = progress or _silent
        places = as_paths(paths)
        self._loading_engine()
        found = find_scans(
            places,
            options or ReadOptions(),
            jobs=self._jobs,
            across_series=across_series,
            progress=partial(tell, "reading"),
            comparing=partial(tell, "comparing"),
        )
        if not found.scans and not found.skipped:
            raise NothingToDoError(f"no file in {', '.join(map(str, places))}")
        scans, left_out = select(found.scans, slices)
        return Found(scans, (*found.skipped, *left_out))

    def score_found(
        self,
        found: Found,
        options: ReadOptions | None = None,
        *,
        maps: AnyPath | None = None,
        progress: ScoreProgress | None = None,
        stop: Event | None = None,
    ) -> Report:
        """Second half of :meth:`score_paths`: score what :meth:`find` has found.

        Args:
            found: Scans and skipped files.
            options: The options they were found with.
            maps: Folder for maps, as in :meth:`score_paths`; see :meth:`check_maps`.
            progress: Called as the work proceeds.
            stop: Ends the work early once it is set.

        Raises:
            WeightsError: If the network fails.
        """
        tell = progress or _silent
        total = sum(len(scan.headers) for scan in found.scans)
        chosen = options or ReadOptions()
        work = Work(
            found.scans,
            stop or Event(),
            lambda done: tell("scoring", done, total),
            self.card.noise,
        )
        slices = work.feed(ahead(_numbered(found.scans, chosen, self._jobs)))
        facts = {**self.facts, "engine": self._engine.kind}
        writer = None if maps is None else _map_writer(maps, facts)
        placed = with_places(slices, found.scans)
        use = None if writer is None else writer.write
        counts = [len(scan.headers) for scan in found.scans]
        for place, verdict in self._score_stream(
            placed, use, lambda at: is_measured(at.index, counts[at.scan])
        ):
            work.take(place.scan, verdict)
        skipped = (*found.skipped, *work.skipped, *work.not_reached())
        verdicts = work.verdicts()
        if writer is not None:
            writer.withdraw(_without_score(verdicts))
        maps_written = None if writer is None else writer.counts
        return Report(facts, verdicts, skipped, chosen, maps_written)

    @property
    def _engine(self) -> Engine:
        return self._loading_engine().result()

    def _loading_engine(self) -> Future[Engine]:
        """The network; the first call starts loading it in a separate thread."""
        with self._lock:
            if self._loading is None:
                loader = ThreadPoolExecutor(1)
                self._loading = loader.submit(self._load)
                loader.shutdown(wait=False)
            return self._loading

    def _load(self) -> Engine:
        return Engine(self._model, 1, choose(self._kind), streams=self._jobs)

    def _score_array(self, array: AnyArray) -> SliceScore | ScanScore:
        slices = slices_from_array(array)
        verdicts = self._score_all(slices)
        return verdicts[0] if np.ndim(array) == 2 else self._scan(slices, verdicts)

    def _scan(self, slices: tuple[Slice, ...], verdicts: Sequence[SliceScore]) -> ScanScore:
        return score_scan(scan_of(slices), verdicts, self.card.noise)

    def _score_all(self, slices: Sequence[Slice]) -> list[SliceScore]:
        stream = self._score_stream(
            enumerate(slices), measured=lambda index: is_measured(index, len(slices))
        )
        return [verdict for _, verdict in stream]

    def _score_stream(
        self,
        images: Iterable[tuple[Key, Slice]],
        use: Use[Key] | None = None,
        measured: Callable[[Key], bool] | None = None,
    ) -> Iterator[tuple[Key, SliceScore]]:
        card, workers = self._model.card, self._jobs
        return score_slices(
            images,
            self._engine,
            card,
            self._window,
            workers=workers,
            use=use,
            calibration=self._calibration,
            measured=measured,
        )


def _calibration_of(given: Calibration | AnyPath | None, model: Model) -> Calibration | None:
    """The calibration, read if it is a file, and checked."""
    if given is None:
        return None
    calibration = given if isinstance(given, Calibration) else Calibration.read(given)
    check_model(calibration, model)
    return calibration


def resolve_window(window: Window | None, card: ModelCard) -> Window | None:
    """The window to apply before the network; ``None`` if windowing is part of the model.

    Raises:
        UsageError: If the model does not offer the window.
    """
    offered = [WINDOWS[name] for name in card.selectable_windows]
    if window is None:
        return offered[0] if offered else None
    if window in offered:
        return window
    asked = f"{window.width_hu:g}/{window.level_hu:g}"
    if not offered:
        raise UsageError(
            f"'window' cannot be chosen for model {card.name!r}: it looks at every slice through "
            f"its own windows; leave out {asked}"
        )
    raise UsageError(
        f"'window' must be one of {', '.join(card.selectable_windows)} for model {card.name!r}, "
        f"got {asked}"
    )


def _without_score(verdicts: Iterable[ScanScore]) -> Iterator[SliceSource]:
    slices = (each for verdict in verdicts for each in verdict.slices)
    return (each.header.source for each in slices if each.score is None)


def _map_writer(folder: AnyPath, facts: Mapping[str, Any]) -> MapWriter:
    from ctiqa.score.maps.writer import MapWriter  # noqa: PLC0415 - slow to load

    return MapWriter(Path(folder), facts)


def _numbered(
    scans: Sequence[Scan], options: ReadOptions, jobs: int
) -> Iterator[tuple[int, Slice | Skipped]]:
    """The slices of all scans, each with the index of its scan."""
    for number, scan in enumerate(scans):
        for item in stream_slices(scan.headers, options, jobs=jobs):
            yield number, item


def _only_scan(report: Report) -> ScanScore:
    if not report.scans:
        reasons = "; ".join(f"{each.file.name}: {each.detail}" for each in report.skipped[:3])
        raise NothingToDoError(f"no slice could be scored ({reasons})")
    if len(report.scans) > 1:
        names = ", ".join(str(verdict.scan.path) for verdict in report.scans)
        raise UsageError(
            f"the paths hold {len(report.scans)} series ({names}); pass one of them, or use "
            "'score_paths'"
        )
    return report.scans[0]


def _silent(_stage: str, _done: int, _total: int) -> None:
    """No-op progress callback."""
