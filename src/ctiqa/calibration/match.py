"""Find the slices of every case: by UID, by path, or by the end of a path."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ctiqa.calibration.scored import ScoredSlice
from ctiqa.errors import some


class SliceIndex:
    """Slices by everything that may name them.

    Args:
        slices: The slices of all scans.
        skipped: Why a file was skipped, by file.
        root: Folder to which the paths of the cases are relative.
    """

    def __init__(
        self, slices: Sequence[ScoredSlice], skipped: Mapping[str, str], root: Path
    ) -> None:
        self._slices = slices
        self._root = root
        self._uids: dict[str, list[int]] = defaultdict(list)
        self._places: dict[str, list[int]] = defaultdict(list)
        self._endings: dict[str, list[int]] = defaultdict(list)
        self._skipped = {_absolute(file): detail for file, detail in skipped.items()}
        for number, each in enumerate(slices):
            for uid in {each.series_uid, each.instance_uid} - {None, ""}:
                self._uids[str(uid)].append(number)
            for place in _places(each):
                self._places[place].append(number)
            for ending in _endings(each):
                self._endings[ending].append(number)

    def find(self, case: str, *, is_path: bool) -> tuple[tuple[int, ...], str]:
        """The slices of a case.

        Args:
            case: Path of a file, of a frame (``file[frame]``) or of a folder; or the UID of a
                series or slice.
            is_path: Whether it is a path.

        Returns:
            Indices of its slices; without any, the reason.
        """
        numbers = self._named(case) if is_path else self._uids.get(case, [])
        if not numbers:
            return (), self._why_absent(case, is_path=is_path)
        series = dict.fromkeys(self._slices[number].series_uid for number in numbers)
        if len(series) > 1:
            return (), f"matches {len(series)} series ({some(series, 2)}); name one of them"
        return tuple(numbers), ""

    def _named(self, path: str) -> list[int]:
        if found := self._places.get(_absolute(self._root / path)):
            return found
        if path in self._uids:
            return self._uids[path]
        return self._endings.get(path.replace("\\", "/"), [])

    def _why_absent(self, case: str, *, is_path: bool) -> str:
        if not is_path:
            return "no such slice or series among the scores"
        place = self._root / case
        if detail := self._skipped.get(_absolute(place)):
            return f"skipped: {detail}"
        return "not among the scores" if place.exists() else "no such file"


def _absolute(path: str | Path) -> str:
    return os.path.realpath(path)


def _places(each: ScoredSlice) -> Iterator[str]:
    """The file, its frame, and every folder above it."""
    file = _absolute(each.file)
    yield file
    yield f"{file}[{each.frame}]"
    yield from map(str, Path(file).parents)


def _endings(each: ScoredSlice) -> Iterator[str]:
    """Every ending of the path of the file, of its frame, and of the folder of its series."""
    for ending in _parts(each.file):
        yield ending
        yield f"{ending}[{each.frame}]"
    if each.place != each.file:
        yield from _parts(each.place)


def _parts(path: str) -> Iterable[str]:
    parts = [part for part in path.replace("\\", "/").split("/") if part]
    return ("/".join(parts[k:]) for k in range(len(parts)))
