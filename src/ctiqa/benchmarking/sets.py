"""The sets of images to compare: the reference, the input, and the output of every method."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

from ctiqa.errors import NothingToDoError, UsageError, some
from ctiqa.io import ReadOptions, find_scans
from ctiqa.io.access.files import IMAGE_SUFFIX
from ctiqa.text.plain_text import clean
from ctiqa.types import Scan, Skipped

REFERENCE, INPUT = "reference", "input"
"""Names of the two sets that are not methods."""

Progress = Callable[[str, int, int], None]
"""Called with the stage, done and total."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """One set of images.

    Attributes:
        name: ``"reference"``, ``"input"`` or the name of a method.
        path: File or folder.
        scans: Scans found there.
        skipped: Files that cannot be read, with the reasons.
    """

    name: str
    path: Path
    scans: tuple[Scan, ...]
    skipped: tuple[Skipped, ...] = ()


def method_of(text: str) -> tuple[str, str]:
    """Name and path of a method given as PATH or NAME=PATH.

    Raises:
        UsageError: If name or path is empty.

    >>> method_of("mine=out/v2"), method_of("out/bm3d.nii.gz"), method_of("out/v2/")
    (('mine', 'out/v2'), ('bm3d', 'out/bm3d.nii.gz'), ('v2', 'out/v2/'))
    """
    name, equals, path = text.partition("=")
    if not equals or os.sep in name or (os.altsep and os.altsep in name):
        name, path = _name_of(text), text
    if not (name.strip() and path):
        raise UsageError(f"a method must be PATH or NAME=PATH, got {text!r}")
    return name.strip(), path


def _name_of(path: str) -> str:
    """The last part of a path; of ``.`` that of the working folder."""
    return stem(Path(path).name or Path(path).resolve().name) if path else ""


def stem(name: str) -> str:
    """The name of a file without the suffixes of images.

    >>> stem("p1.nii.gz"), stem("IM.0001"), stem("1.2.840.dcm")
    ('p1', 'IM.0001', '1.2.840')
    """
    while (short := IMAGE_SUFFIX.sub("", name)) not in {name, ""}:
        name = short
    return name


def check_names(names: Sequence[str]) -> None:
    """Check that methods can be told apart.

    Raises:
        UsageError: If two have the same name, or one has none or one that is reserved.
    """
    for name, count in Counter(names).items():
        if not name.strip():
            raise UsageError(f"a method must have a name, got {name!r}")
        if count > 1:
            raise UsageError(f"{count} methods are called {name!r}; name them as NAME=PATH")
        if name in {REFERENCE, INPUT}:
            raise UsageError(f"a method must not be called {name!r}; name it as NAME=PATH")


def find_sets(
    given: Sequence[tuple[str, Path]],
    options: ReadOptions,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> tuple[ImageSet, ...]:
    """Read the headers of all sets.

    Args:
        given: Name and path of each set.
        options: How to read them.
        jobs: Processes that read headers.
        progress: Called with ``"reading"``.

    Raises:
        UsageError: If a path does not exist, or two sets share a file.
        NothingToDoError: If a set holds no CT slice in HU.
    """
    tell = progress and partial(progress, "reading")
    sets = []
    for name, path in given:
        found = find_scans([path], options, jobs=jobs, progress=tell)
        sets.append(ImageSet(name, path, found.scans, found.skipped))
        if not found.scans:
            raise NothingToDoError(f"{title(name)} holds no CT slice in HU: {_why(found.skipped)}")
    for first, second in combinations(sets, 2):
        _check_apart(first, second)
    return tuple(sets)


def title(name: str) -> str:
    """How a set is called in messages.

    >>> title("input"), title("mine")
    ('the input', "method 'mine'")
    """
    return f"the {name}" if name in {REFERENCE, INPUT} else f"method '{clean(name)}'"


def _why(skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return "the folder is empty"
    return some((f"{each.file.name}: {each.detail}" for each in skipped), most=3)


def _check_apart(first: ImageSet, second: ImageSet) -> None:
    shared = sorted({*_files(first)} & {*_files(second)})
    if shared:
        raise UsageError(
            f"{title(first.name)} and {title(second.name)} hold the same file, "
            f"{clean(shared[0])}; give each set its own images"
        )


def _files(images: ImageSet) -> Iterator[str]:
    for scan in images.scans:
        yield from {os.path.realpath(header.source.file) for header in scan.headers}
