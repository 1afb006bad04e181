"""TIFF: every way to store a page, stacks in one page, previews, and damage."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.io import make
from tests.io.volumes import Array, read_all, refusal, stack

from ctiqa.errors import Reason, RefusedError
from ctiqa.io import ReadOptions, find_scans, read_file_headers, read_slice, tiff_pages
from ctiqa.io.tiff import describe

VOUCHED = ReadOptions(tiff_hu=True)

ASCII, SHORT, LONG = 2, 3, 4


def write(folder: Path, pixels: Array, **how: Any) -> Path:
    """Pages as tifffile writes them."""
    path = folder / "a.tif"
    tifffile.imwrite(path, pixels, **{"photometric": "minisblack", **how})
    return path


def tiff_of(pixels: bytes, *, order: str = "<", size: int = 256, **entries: Any) -> bytes:
    """A page of one strip, entry by entry; ``t273=(LONG, 8)`` overrides one."""
    tags = {
        256: (LONG, size),
        257: (LONG, size),
        258: (SHORT, 16),
        259: (SHORT, 1),
        262: (SHORT, 1),
        273: (LONG, 8),
        277: (SHORT, 1),
        278: (LONG, size),
        279: (LONG, len(pixels)),
        339: (SHORT, 2),
        **{int(name[1:]): entry for name, entry in entries.items()},
    }
    start = 8 + len(pixels) + len(pixels) % 2
    directory = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + struct.pack(f"{order}{'H2x' if kind == SHORT else 'I'}", value)
        for tag, (kind, value) in sorted(tags.items())
    )
    mark = b"II" if order == "<" else b"MM"
    return (
        mark
        + struct.pack(f"{order}HI", 42, start)
        + pixels.ljust(start - 8, b"\0")
        + struct.pack(f"{order}H", len(tags))
        + directory
        + bytes(4)
    )


@pytest.mark.parametrize("kind", ["i2", "i4", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"rowsperstrip": 7},
        {"tile": (64, 48)},
        {"bigtiff": True},
        {"compression": "zlib"},
        {"compression": "zlib", "rowsperstrip": 100},
        {"compression": "zlib", "tile": (112, 64)},
        {"compression": "zlib", "bigtiff": True, "rowsperstrip": 16},
    ],
)
def test_every_way_to_store_a_page(
    tmp_path: Path, kind: str, byteorder: str, how: dict[str, Any]
) -> None:
    hu = stack().astype(kind)
    path = write(tmp_path, hu.astype(byteorder + kind), byteorder=byteorder, **how)
    np.testing.assert_array_equal(read_all(path), hu.astype(np.float32))


@pytest.mark.parametrize("order", ["<", ">"])
def test_horizontal_differences(tmp_path: Path, order: str) -> None:
    hu = make.phantom()
    first = np.diff(hu, axis=1, prepend=np.int16(0)).astype(f"{order}i2")
    content = tiff_of(zlib.compress(first.tobytes()), order=order, t259=(SHORT, 8), t317=(SHORT, 2))
    (tmp_path / "a.tif").write_bytes(content)
    np.testing.assert_array_equal(read_all(tmp_path / "a.tif")[0], hu)


def test_differences_of_floats(tmp_path: Path) -> None:
    """Technical Note 3: bytes of a row by significance, highest first, then differences."""
    hu = make.phantom().astype(">f4") + np.float32(0.25)
    planes = hu.view(np.uint8).reshape(256, 256, 4).transpose(0, 2, 1).reshape(256, -1)
    content = np.diff(planes, axis=1, prepend=np.uint8(0)).tobytes()
    entries: dict[str, Any] = {
        "t258": (SHORT, 32),
        "t339": (SHORT, 3),
        "t259": (SHORT, 8),
        "t317": (SHORT, 3),
    }
    (tmp_path / "a.tif").write_bytes(tiff_of(zlib.compress(content), **entries))
    np.testing.assert_array_equal(read_all(tmp_path / "a.tif")[0], hu.astype(np.float32))


@pytest.mark.parametrize(
    "how", [{"metadata": {"axes": "ZYX"}}, {"imagej": True}, {"description": "by hand"}]
)
def test_pages_are_slices(tmp_path: Path, how: dict[str, Any]) -> None:
    path = write(tmp_path, stack(), **how)
    np.testing.assert_array_equal(read_all(path), stack())
    assert read_file_headers(path).warnings == ()


def imagej_stack(path: Path, hu: Array, images: int) -> Path:
    """As ImageJ writes stacks above 4 GB: one page, the other slices behind it."""
    description = f"ImageJ=1.54f\nimages={images}\nslices={images}\nloop=false\n"
    tifffile.imwrite(path, hu[0], photometric="minisblack", description=description, metadata=None)
    with path.open("ab") as stream, tifffile.TiffFile(path) as tiff:
        offset = tiff.pages[0].dataoffsets[0]
        assert offset + hu[0].nbytes >= path.stat().st_size - 1
        for each in hu[1:]:
            stream.write(each.tobytes())
    return path


def test_slices_behind_one_page(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_all(imagej_stack(tmp_path / "a.tif", stack(), 3)), stack())


def test_slices_behind_one_page_as_tifffile_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(stack(), photometric="minisblack", contiguous=True, truncate=True)
    with tifffile.TiffFile(path) as tiff:
        assert len(tiff.pages) == 1
    np.testing.assert_array_equal(read_all(path), stack())


def test_stacks_of_one_page_each(tmp_path: Path) -> None:
    """Two pages that stand for two slices each, as tifffile writes them."""
    hu = np.concatenate([stack(), stack()[:1] + np.int16(1)])
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for part in (hu[:2], hu[2:]):
            writer.write(part, photometric="minisblack", truncate=True)
    with tifffile.TiffFile(path) as tiff:
        assert len(tiff.pages) == 2
    np.testing.assert_array_equal(read_all(path), hu)


def test_a_list_of_pages_that_ends_too_soon(tmp_path: Path) -> None:
    """The last page but one links to none, but the first one says how many there are."""
    path = write(tmp_path, stack(), metadata={"axes": "ZYX"})
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        last: Any = tiff.pages[2]
        place = content.index(struct.pack("<I", last.offset), tiff.pages[1].offset)
    content[place : place + 4] = bytes(4)
    path.write_bytes(content)
    contents = read_file_headers(path)
    assert len(contents.headers) == 2
    assert contents.warnings == ("the TIFF says that it holds 3 slices; 2 were found",)


def test_a_list_of_pages_that_leads_nowhere(tmp_path: Path) -> None:
    content = bytearray(tiff_of(PIXELS))
    content[-4:] = struct.pack("<I", 1 << 30)
    (tmp_path / "a.tif").write_bytes(content)
    assert refusal(tmp_path / "a.tif").reason is Reason.TRUNCATED


def test_slices_are_read_in_a_process_of_their_own(tmp_path: Path) -> None:
    headers = read_file_headers(write(tmp_path, stack())).headers
    assert [header.source.isolated for header in headers] == [True] * 3


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    header = read_file_headers(write(tmp_path, stack())).headers[2]
    write(tmp_path, stack().astype(np.float32))
    with pytest.raises(RefusedError) as caught:
        read_slice(header)
    assert caught.value.reason is Reason.CORRUPT


def test_slices_that_are_promised_and_missing(tmp_path: Path) -> None:
    path = imagej_stack(tmp_path / "a.tif", stack()[:2], 3)
    assert refusal(path).reason is Reason.TRUNCATED
    path = imagej_stack(tmp_path / "b.tif", stack()[:2], 999_999_999)
    assert refusal(path).reason is Reason.TOO_LARGE


def test_slices_that_nobody_names_are_noticed(tmp_path: Path) -> None:
    contents = read_file_headers(imagej_stack(tmp_path / "a.tif", stack(), 1))
    assert len(contents.headers) == 1
    assert contents.warnings == ("the TIFF has room for 2 more slice(s) that no page names",)


@pytest.mark.parametrize("first", [True, False])
def test_pages_of_another_kind_are_left_out(tmp_path: Path, first: bool) -> None:
    others: list[tuple[Array, dict[str, Any]]] = [
        (np.zeros((64, 64), np.int16), {}),
        (make.phantom(), {"subfiletype": 1}),
        (np.zeros((256, 260, 3), np.uint8), {"photometric": "rgb"}),
        (stack()[0].astype(np.float32), {}),
    ]
    slices: list[tuple[Array, dict[str, Any]]] = [(each, {}) for each in stack()]
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for pixels, how in [*others, *slices] if first else [*slices, *others]:
            given: dict[str, Any] = {"photometric": "minisblack", "metadata": None, **how}
            writer.write(pixels, **given)
    (scan,) = find_scans([tmp_path]).scans
    np.testing.assert_array_equal(read_all(tmp_path), stack())
    assert "4 page(s) of the TIFF left out" in scan.warnings[0]


def test_challenge_needs_the_users_word(tmp_path: Path) -> None:
    """LDCTIQAC2023: HU = 1400 p - 1000."""
    pixels = np.random.default_rng(0).random((512, 512), np.float32)
    path = write(tmp_path, pixels)
    error = refusal(path)
    assert error.reason is Reason.HU_CONVENTION_UNKNOWN
    assert "--tiff-hu" in error.detail
    hu = read_all(path, VOUCHED)[0]
    np.testing.assert_allclose(hu, 1400 * pixels - 1000, atol=1e-3)


def test_the_users_word_is_for_floats(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_all(write(tmp_path, stack()), VOUCHED), stack())


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((512, 512), 1.5, np.float32), Reason.NOT_HU),
        (np.full((512, 512), np.nan, np.float32), Reason.NOT_FINITE),
        ((make.phantom() + 1024).astype(np.uint16), Reason.HU_CONVENTION_UNKNOWN),
        ((make.phantom() / 8).astype(np.int8), Reason.HU_CONVENTION_UNKNOWN),
        (np.zeros((512, 512), np.complex64), Reason.NOT_HU),
        (np.zeros((64, 64), np.int16), Reason.TOO_SMALL),
    ],
)
def test_refusals(tmp_path: Path, pixels: Array, reason: Reason) -> None:
    assert refusal(write(tmp_path, pixels), VOUCHED).reason is reason


@pytest.mark.parametrize(
    ("pixels", "how"),
    [
        (np.zeros((512, 512, 3), np.uint8), {"photometric": "rgb"}),
        (np.zeros((3, 512, 512), np.int16), {"planarconfig": "separate"}),
        (np.zeros((512, 512, 2), np.int16), {"planarconfig": "contig"}),
        (np.zeros((512, 512), np.uint8), {"colormap": np.zeros((3, 256), np.uint16)}),
    ],
)
def test_colours_are_refused(tmp_path: Path, pixels: Array, how: dict[str, Any]) -> None:
    if "colormap" in how:
        how = {**how, "photometric": "palette"}
    assert refusal(write(tmp_path, pixels, **how)).reason is Reason.COLOUR


PIXELS = make.phantom().tobytes()


@pytest.mark.parametrize(
    ("pixels", "entries", "reason"),
    [
        (PIXELS, {"t262": (SHORT, 0)}, Reason.HU_CONVENTION_UNKNOWN),
        (PIXELS, {"t259": (SHORT, 5)}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        (PIXELS, {"t259": (SHORT, 32773)}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        (PIXELS, {"t266": (SHORT, 2)}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        (PIXELS, {"t258": (SHORT, 12)}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        (PIXELS, {"t32997": (LONG, 2)}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        (PIXELS, {"t273": (LONG, 0)}, Reason.CORRUPT),
        (PIXELS, {"t279": (LONG, 0)}, Reason.CORRUPT),
        (PIXELS, {"t278": (LONG, 0)}, Reason.CORRUPT),
        (PIXELS, {"t278": (LONG, 100)}, Reason.CORRUPT),
        (PIXELS, {"t273": (LONG, 1 << 30)}, Reason.TRUNCATED),
        (PIXELS, {"t279": (LONG, 1000)}, Reason.TRUNCATED),
        (PIXELS, {"t257": (LONG, 1 << 31)}, Reason.TOO_LARGE),
        (PIXELS, {"t257": (LONG, 0)}, Reason.CORRUPT),
        (zlib.compress(PIXELS)[:-100], {"t259": (SHORT, 8)}, Reason.TRUNCATED),
        (zlib.compress(PIXELS)[:-4] + bytes(4), {"t259": (SHORT, 8)}, Reason.CORRUPT),
        (zlib.compress(PIXELS[:-2]), {"t259": (SHORT, 8)}, Reason.TRUNCATED),
        (zlib.compress(PIXELS + bytes(9)), {"t259": (SHORT, 8)}, Reason.CORRUPT),
        (PIXELS, {"t259": (SHORT, 8)}, Reason.CORRUPT),
        (zlib.compress(PIXELS), {"t259": (SHORT, 8), "t317": (SHORT, 9)}, None),
        # Bytes of floats by significance, but no floats; differences, but nothing is packed.
        (zlib.compress(PIXELS), {"t259": (SHORT, 8), "t317": (SHORT, 3)}, None),
        (PIXELS, {"t317": (SHORT, 2)}, None),
    ],
)
def test_pages_that_cannot_be_read(
    tmp_path: Path, pixels: bytes, entries: dict[str, Any], reason: Reason | None
) -> None:
    (tmp_path / "a.tif").write_bytes(tiff_of(pixels, **entries))
    expected = reason or Reason.UNSUPPORTED_TRANSFER_SYNTAX
    assert refusal(tmp_path / "a.tif").reason is expected


def test_an_entry_that_cannot_be_read(tmp_path: Path) -> None:
    """Without its type the predictor would be passed over, and differences taken for pixels."""
    differences = np.diff(make.phantom(), axis=1, prepend=np.int16(0)).tobytes()
    content = tiff_of(zlib.compress(differences), t259=(SHORT, 8), t317=(SHORT, 2))
    entry = struct.pack("<HH", 317, SHORT)
    assert content.count(entry) == 1
    (tmp_path / "a.tif").write_bytes(content.replace(entry, struct.pack("<HH", 317, 99)))
    assert refusal(tmp_path / "a.tif").reason is Reason.CORRUPT


def test_pages_in_a_circle(tmp_path: Path) -> None:
    content = bytearray(tiff_of(PIXELS))
    content[-4:] = struct.pack("<I", 8 + len(PIXELS))
    (tmp_path / "a.tif").write_bytes(content)
    error = refusal(tmp_path / "a.tif")
    assert error.reason is Reason.CORRUPT
    assert "circular" in error.detail


def test_pages_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_pages, "MAX_PAGES", 2)
    with pytest.raises(RefusedError) as caught:
        describe(write(tmp_path, stack()), ReadOptions())
    assert caught.value.reason is Reason.TOO_LARGE


def test_directories_over_one_another(tmp_path: Path) -> None:
    """Ten thousand directories of four thousand entries each, in a hundred kilobytes."""
    content = bytearray(b"II*\0" + struct.pack("<I", 8) + bytes(200_000))
    for number in range(10_000):
        place = 8 + 6 * number
        content[place : place + 2] = struct.pack("<H", 4096)
    (tmp_path / "a.tif").write_bytes(content)
    assert refusal(tmp_path / "a.tif").reason in (Reason.TOO_LARGE, Reason.CORRUPT)


@pytest.mark.parametrize("cut", [6, 9, 5000, -3, -40, -170])
def test_a_file_that_was_cut(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.tif").write_bytes(tiff_of(PIXELS)[:cut])
    found = find_scans([tmp_path])
    if cut == -3:
        # Only the end of the list of pages is missing.
        assert found.skipped == ()
        return
    assert found.skipped[0].reason in (Reason.TRUNCATED, Reason.CORRUPT, Reason.NO_PIXELS)


@given(place=st.integers(0, 200), patch=st.binary(min_size=1, max_size=8), big=st.booleans())
@settings(max_examples=150)
def test_any_damage_of_a_directory(tmp_path: Path, place: int, patch: bytes, big: bool) -> None:
    """Written whole each time: the header and the directory lie in front."""
    path = write(tmp_path, make.phantom(), bigtiff=big, compression="zlib", rowsperstrip=64)
    content = bytearray(path.read_bytes())
    content[place : place + len(patch)] = patch
    path.write_bytes(content)
    with suppress(RefusedError):
        headers = read_file_headers(path, VOUCHED).headers
        assert all(read_slice(each, VOUCHED).hu.shape == (each.rows, each.cols) for each in headers)
