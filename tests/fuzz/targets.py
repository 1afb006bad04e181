"""What is broken, and the public door that it goes through."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from random import Random

import numpy as np
from tests.corpus import compressed
from tests.fuzz import seeds
from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import NAME, Seed
from tests.io import make

from ctiqa.errors import CtiqaError, RefusedError
from ctiqa.io import ReadOptions, find_scans, read_slice
from ctiqa.types import Scan, SliceHeader
from ctiqa.weights import load_hashes, parse_card

READ = "read"
DECODER_LOST = "corrupt (a process that decodes was lost)"
LENIENT = ReadOptions(tiff_hu=True, allow_reformats=True)
MOST_SLICES = 2
"""Slices of a file that are read."""


class WrongError(AssertionError):
    """Something came out that must not: pixels that are no HU, or a name in a text."""


Door = Callable[[Path, bool], tuple[str, list[str]]]
"""Reads a file; gives how that ended, and every text that a user could see."""


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        name: Its name on the command line.
        file: What the file is called.
        seeds: Good files of this kind.
        door: How it is read.
        words: What the format has a meaning for.
        beside: Files that lie beside it.
    """

    name: str
    file: str
    seeds: Callable[[], list[Seed]]
    door: Door
    words: tuple[bytes, ...] = ()
    beside: Callable[[], dict[str, bytes]] = field(default=dict)


@dataclass(frozen=True)
class Input:
    """A file to be read.

    Attributes:
        content: Its bytes.
        is_named: Whether the patient's name stands where it was planted and nowhere else; a name
            that the breaking moved into another element is that element's value.
        lenient: Whether the user vouches for all that can be vouched for.
    """

    content: bytes
    is_named: bool
    lenient: bool


@cache
def _seeds(name: str) -> tuple[tuple[Seed, ...], tuple[bytes, ...]]:
    """The seeds of a target, and all their parts."""
    found = tuple(TARGETS[name].seeds())
    return found, tuple(part for seed in found for part in seed.parts)


def make_input(target: Target, seed: int, number: int) -> Input:
    """The input with some number: the same for the same seed, whatever came before.

    The first ones are the good files themselves.
    """
    found, others = _seeds(target.name)
    if number < len(found):
        good = found[number]
        return Input(good.pack(b"".join(good.parts)), is_named=True, lenient=good.needs_word)
    random = Random((seed << 64) + (zlib.crc32(target.name.encode()) << 32) + number)
    chosen = random.choice(found)
    broken = mutated(chosen.parts, target.words, list(others), random)
    content = chosen.pack(broken)
    if chosen.pack is not bytes and random.random() < 0.2:
        content = mutated([content[:64], content[64:]], (), [b""], random)
    named = broken.count(NAME) == broken.count(chosen.name_is_after + NAME)
    return Input(content, is_named=named, lenient=random.random() < 0.3)


def count_of_seeds(target: Target) -> int:
    """Number of good files of a target."""
    return len(_seeds(target.name)[0])


def through_io(path: Path, lenient: bool) -> tuple[str, list[str]]:
    """Find and read a file as scoring does."""
    options = LENIENT if lenient else ReadOptions()
    found = find_scans([path], options)
    texts = [skipped.detail for skipped in found.skipped]
    texts += [text for scan in found.scans for text in _texts(scan)]
    headers = [header for scan in found.scans for header in scan.headers][:MOST_SLICES]
    ends = [skipped.reason.value for skipped in found.skipped]
    for header in headers:
        try:
            _check(read_slice(header, options).hu, header)
            ends.insert(0, READ)
        except RefusedError as error:
            ends.append(DECODER_LOST if "decoder crashed" in error.detail else error.reason.value)
            texts.append(error.detail)
    return (ends[0] if ends else "nothing"), texts


def _texts(scan: Scan) -> list[str]:
    """Every text about a scan that a report shows."""
    known = [header.acquisition for header in scan.headers[:MOST_SLICES]]
    shown = [(each.kernel, each.manufacturer, each.model, each.body_part) for each in known]
    return [*scan.warnings, *(text for texts in shown for text in texts if text)]


def _check(hu: np.ndarray[tuple[int, ...], np.dtype[np.float32]], header: SliceHeader) -> None:
    """Pixels that are read are HU."""
    if hu.dtype != np.float32 or hu.shape != (header.rows, header.cols):
        raise WrongError(f"pixels are {hu.dtype} {hu.shape}, not {header.rows} x {header.cols}")
    if not np.isfinite(hu).all() or hu.min() < -1024 or hu.max() > 32_768:
        raise WrongError(f"pixels span {hu.min()} to {hu.max()}")


def through_card(path: Path, _lenient: bool) -> tuple[str, list[str]]:
    """Read a model card; what is read can be written into a report."""
    return _or_said(
        lambda: json.dumps(dict(parse_card(path.read_bytes(), path).facts), allow_nan=False)
    )


def through_hashes(path: Path, _lenient: bool) -> tuple[str, list[str]]:
    """Read the digests of a folder of models."""
    return _or_said(lambda: load_hashes(path.parent))


def through_recipe(path: Path, _lenient: bool) -> tuple[str, list[str]]:
    """Read a recipe."""
    from ctiqa.recipe import read_recipe

    return _or_said(lambda: read_recipe(path))


def through_index(path: Path, _lenient: bool) -> tuple[str, list[str]]:
    """Read the index of a collection of clean slices."""
    from ctiqa.data.sources.clean_series import read_index

    return _or_said(lambda: read_index(path.parent))


def _or_said(read: Callable[[], object]) -> tuple[str, list[str]]:
    """How reading ended: well, or with an error that ctiqa raises on purpose."""
    try:
        read()
    except CtiqaError as error:
        return type(error).__name__, [str(error)]
    return READ, []


TAGS = tuple(
    group.to_bytes(2, "little") + element.to_bytes(2, "little")
    for group, element in (
        *((0x0008, 0x0008), (0x0008, 0x0016), (0x0008, 0x0018), (0x0008, 0x0060), (0x0008, 0x0070)),
        *((0x0018, 0x1210), (0x0020, 0x000E), (0x0020, 0x0032), (0x0020, 0x0037), (0x0028, 0x0008)),
        *((0x0028, 0x0010), (0x0028, 0x0011), (0x0028, 0x0030), (0x0028, 0x0100), (0x0028, 0x0101)),
        *((0x0028, 0x0102), (0x0028, 0x0103), (0x0028, 0x0120), (0x0028, 0x1052), (0x0028, 0x1053)),
        *((0x0028, 0x1054), (0x5200, 0x9229), (0x5200, 0x9230), (0x7FE0, 0x0001), (0x7FE0, 0x0010)),
        *((0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD), (0x7FE0, 0x0002), (0x7FE0, 0x0008)),
    )
)
VRS = (b"SQ", b"UN", b"OB", b"OW", b"LO", b"DS", b"IS", b"US", b"UL", b"PN", b"UI", b"CS", b"UT")
DICOM_WORDS = (*TAGS, *VRS, b"SQ\0\0\xff\xff\xff\xff", b"UN\0\0\xff\xff\xff\xff", b"\xff\xd9")
NRRD_WORDS = (
    *(b"data file: ", b"encoding: ", b"type: ", b"sizes: ", b"space: ", b"byte skip: ", b"gzip"),
    *(b"line skip: ", b"dimension: ", b"hex", b"bzip2", b"int64", b"block", b"none", b"domain"),
)
META_WORDS = (
    *(b"HeaderSize = ", b"DimSize = ", b"NDims = ", b"ElementType = ", b"MET_LONG_LONG"),
    *(b"CompressedData = True\n", b"CompressedDataSize = ", b"ElementDataFile = "),
)
NPY_WORDS = (
    b"'fortran_order': True",
    b"|O",
    b"<i2",
    b">f8",
    b"<U9",
    b"()",
    b"(0,)",
    b"[('a','i2')]",
)
JSON_WORDS = (
    *(b"NaN", b"1e999", b"-Infinity", b"[" * 5000, b'{"a":' * 3000, b'"\\ud800"', b"[]", b"{}"),
)
TOML_WORDS = (
    *(b"[[a]]\n", b"a.b.c = 1\n", b"inf", b"nan", b"1979-05-27", b"'''", b"[" * 3000, b"0x1"),
)

_io = partial(Target, door=through_io)
_dicom = partial(_io, file="a.dcm", words=DICOM_WORDS)

TARGETS = {
    target.name: target
    for target in (
        _dicom("dicom", seeds=seeds.uncompressed),
        _dicom("dicom-rle", seeds=partial(seeds.coded, make.RLE)),
        _dicom("dicom-jpeg-lossless", seeds=partial(seeds.coded, compressed.JPEG_LOSSLESS)),
        _dicom(
            "dicom-jpeg-12-bit",
            seeds=partial(seeds.coded, compressed.JPEG_EXTENDED, compressed.JPEG_SPECTRAL),
        ),
        _dicom("dicom-jpeg-ls", seeds=partial(seeds.coded, make.JPEG_LS)),
        _dicom("dicom-jpeg-2000", seeds=partial(seeds.coded, make.JPEG_2000)),
        _dicom("dicom-enhanced", seeds=seeds.enhanced),
        _io("nifti", "a.nii", seeds.nifti),
        _io("nrrd", "a.nhdr", seeds.nrrd, words=NRRD_WORDS, beside=seeds.beside),
        _io("metaimage", "a.mhd", seeds.metaimage, words=META_WORDS, beside=seeds.beside),
        _io("tiff", "a.tif", seeds.tiff),
        _io("numpy", "a.npz", seeds.npy, words=NPY_WORDS),
        _io("zip", "a.zip", seeds.archive, words=DICOM_WORDS),
        Target("card", "card.json", seeds.card, through_card, JSON_WORDS),
        Target("hashes", "hashes.json", seeds.hashes, through_hashes, JSON_WORDS),
        Target("recipe", "a.toml", seeds.recipe, through_recipe, TOML_WORDS),
        Target("index", "index.json", seeds.index, through_index, JSON_WORDS, seeds.beside),
    )
}
