"""What the broken files are made of: small good ones of every kind, from the corpus.

The name of a patient is planted in each where the format has a place for it.
"""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from tests.corpus import build
from tests.corpus.dicom_bytes import small
from tests.fuzz import parts
from tests.io import make

from ctiqa.weights import PACKAGED

NAME = make.PATIENT.encode()
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Seed:
    """A good file.

    Attributes:
        parts: Its parts; joined they are the file, before packing.
        pack: Packs the file, for formats that are packed; checksums are made after the breaking.
        needs_word: Whether it is read only where the user vouches for what it means.
    """

    parts: tuple[bytes, ...]
    pack: Callable[[bytes], bytes] = bytes
    needs_word: bool = False

    @property
    def name_is_after(self) -> bytes:
        """What stands before the planted name; empty where none is planted."""
        content = parts.joined(self.parts)
        place = content.find(NAME)
        return content[max(place - 8, 0) : place] if place >= 0 else b""


def two() -> build.Array:
    """Two slices of 256 × 256, int16 HU."""
    return np.stack([small(), small()[::-1]])


def _stored() -> build.Array:
    return (small().astype(np.int32) + 1024).astype(np.uint16)


def dicom(syntax: str, **tags: Any) -> Seed:
    """A DICOM slice in a transfer syntax."""
    content = build.content_of(build.dicom, _stored(), syntax=syntax, **tags)
    implicit, big = syntax == make.IMPLICIT, syntax == make.BIG_ENDIAN
    if syntax == make.DEFLATED:
        return _deflated(content)
    return Seed(parts.dicom(content, implicit=implicit, big=big))


def _deflated(content: bytes) -> Seed:
    """A deflated file, broken before it is deflated."""
    end = 144 + int.from_bytes(content[140:144], "little")
    head, body = content[:end], zlib.decompress(content[end:], -zlib.MAX_WBITS)
    cut = parts.dicom(body)

    def pack(broken: bytes) -> bytes:
        packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        return head + packer.compress(broken) + packer.flush()

    return Seed(cut, pack)


def headless() -> Seed:
    """A DICOM slice without preamble and meta information."""
    with tempfile.TemporaryDirectory() as folder:
        path = make.strip_meta(build.dicom(Path(folder), _stored(), syntax=make.IMPLICIT))
        return Seed(parts.dicom(path.read_bytes(), implicit=True))


def uncompressed() -> list[Seed]:
    """DICOM slices in every syntax without compression."""
    signed = {"PixelRepresentation": 1, "RescaleIntercept": "0", "BitsStored": 16, "HighBit": 15}
    syntaxes = (make.EXPLICIT, make.IMPLICIT, make.DEFLATED, make.BIG_ENDIAN)
    content = build.content_of(build.dicom, small().view(np.uint16), **signed)
    return [
        *(dicom(syntax) for syntax in syntaxes),
        headless(),
        Seed(parts.dicom(content)),
        _gzipped(content),
    ]


def _gzipped(content: bytes) -> Seed:
    return Seed(parts.dicom(content), partial(gzip.compress, compresslevel=1))


def coded(*syntaxes: str) -> list[Seed]:
    """DICOM slices in some compressed syntaxes."""
    return [dicom(syntax) for syntax in syntaxes]


def enhanced() -> list[Seed]:
    """Enhanced CT of two frames, uncompressed and compressed."""
    found = []
    for syntax in (make.EXPLICIT, make.IMPLICIT, make.RLE, make.JPEG_LS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.dcm"
            make.write_enhanced(path, list(two()), slopes=[1, 1], z_mm=[0, 5], syntax=syntax)
            content = path.read_bytes()
        found.append(Seed(parts.dicom(content, implicit=syntax == make.IMPLICIT)))
    return found


def nifti() -> list[Seed]:
    """NIfTI, plain and packed."""
    found = []
    for kind in ("i2", "f4"):
        content = build.content_of(build.nifti, two().astype(kind), descrip=NAME)
        found.append(Seed(parts.nifti(content)))
    packed = Seed(found[0].parts, partial(gzip.compress, compresslevel=1))
    return [*found, packed]


def nrrd() -> list[Seed]:
    """NRRD in one file, raw and packed, and with its data beside it."""
    found = []
    for encoding in ("raw", "gzip"):
        fields = {"encoding": encoding, "PatientName": make.PATIENT}
        content = build.content_of(build.nrrd_file, two(), **fields)
        found.append(Seed(parts.lines(content, b"\n\n")))
    with tempfile.TemporaryDirectory() as folder:
        for line in (
            "data file: ./ct.raw",
            "data file: LIST\ns01.raw\ns02.raw",
            "data file: s%02d.raw 1 2 1",
        ):
            note = f"PatientName:={make.PATIENT}"
            path = build.nrrd_header(Path(folder), note, line, sizes="256 256 2")
            found.append(Seed(parts.lines(path.read_bytes())))
    return found


def metaimage() -> list[Seed]:
    """MetaImage in one file, raw and packed, and with its data beside it."""
    note = {"Comment": make.PATIENT}
    end = b"ElementDataFile = LOCAL\n"
    whole = build.meta_header(two(), **note) + two().tobytes()
    packed = build.meta_header(two(), CompressedData="True", **note) + zlib.compress(
        two().tobytes(), 1
    )
    beside = (
        build.meta_header(two(), name, **note)
        for name in ("ct.raw", "LIST\ns01.raw\ns02.raw", "s%02d.raw 1 2 1")
    )
    return [
        *(Seed(parts.lines(content, end)) for content in (whole, packed)),
        *(Seed(parts.lines(content)) for content in beside),
    ]


def beside() -> dict[str, bytes]:
    """Data files that lie beside detached headers."""
    first, second = (hu.tobytes() for hu in two())
    return {"ct.raw": first + second, "s01.raw": first, "s02.raw": second}


def tiff() -> list[Seed]:
    """TIFF of integers and floats, plain, packed, in tiles and in one directory."""
    floats = ((np.clip(two(), -1000, 400) + 1000) / 1400).astype(np.float32)
    kinds: tuple[tuple[build.Array, dict[str, Any]], ...] = (
        (two(), {}),
        (two(), {"compression": "zlib"}),
        (two(), {"tile": (128, 128)}),
        (two(), {"truncate": True}),
        (two().astype(np.float32), {}),
        (floats, {}),
    )
    found = []
    for hu, how in kinds:
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, hu, photometric="minisblack", description=make.PATIENT, **how)
        found.append(Seed(parts.tiff(buffer.getvalue()), needs_word=hu is floats))
    return found


def npy() -> list[Seed]:
    """NPY, and NPZ whose arrays are broken before they are packed, and after."""
    array = build.npy_bytes(two())
    facts = {"spacing_mm": np.array([8, 0.7, 0.7]), "z_mm": np.array([0.0, 8.0])}
    return [
        Seed(parts.npy(array)),
        Seed(parts.npy(build.npy_bytes(two().astype(np.float32)))),
        Seed(parts.npy(array), partial(_npz_with, "hu.npy", {})),
        *(
            Seed(
                parts.npy(build.npy_bytes(fact)),
                partial(_npz_with, f"{name}.npy", {"hu.npy": array}),
            )
            for name, fact in facts.items()
        ),
        Seed(parts.archive(_npz({"hu.npy": array}))),
    ]


def _npz(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _npz_with(name: str, others: dict[str, bytes], broken: bytes) -> bytes:
    return _npz({**others, name: broken})


def archive() -> list[Seed]:
    """ZIP of DICOM, broken before and after packing."""
    content = build.content_of(build.dicom, _stored())
    pack = partial(_zipped, method=zipfile.ZIP_DEFLATED)
    return [
        Seed(parts.archive(_zipped(content))),
        Seed(parts.archive(pack(content))),
        Seed(parts.dicom(content), pack),
    ]


def _zipped(content: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    return _npz({"README": b"hello", "CT/a.dcm": content}, method)


def card() -> list[Seed]:
    """Model cards."""
    contents = [
        path.read_bytes() for path in sorted(PACKAGED.glob("*.json")) if path.name != "hashes.json"
    ]
    return [Seed(parts.tokens(content)) for content in contents]


def hashes() -> list[Seed]:
    """The table of digests beside the models."""
    return [Seed(parts.tokens((PACKAGED / "hashes.json").read_bytes()))]


def recipe() -> list[Seed]:
    """All recipes."""
    contents = [path.read_bytes() for path in sorted((ROOT / "recipes").glob("*.toml"))]
    return [
        *(Seed(parts.lines(content)) for content in contents),
        *(Seed(parts.tokens(content)) for content in contents),
    ]


def index() -> list[Seed]:
    """The index of a collection of clean slices."""
    record = {
        "file": "ct.raw",
        "patient_id": "p1",
        "region": "chest",
        "n_slices": 2,
        "licence": "CC BY 4.0",
        "origin": "https://example.org",
        "kernel": "B40f",
        "manufacturer": "ACME",
        "model": "CT 1",
    }
    both = [record, {**record, "file": "s01.raw", "patient_id": "p2"}]
    return [Seed(parts.tokens(json.dumps(both, indent=1).encode()))]
