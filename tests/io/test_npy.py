"""NumPy arrays: the order of their axes, and archives that lie."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.io import make
from tests.io.volumes import Array, as_npz, read_all, refusal, stack

from ctiqa.errors import Reason
from ctiqa.io import find_scans, read_file_headers


def cube(slices: int = 256, rows: int = 256, cols: int = 256) -> Array:
    return np.broadcast_to(make.phantom(rows, cols), (slices, rows, cols))


def write(folder: Path, array: Array, **facts: list[float]) -> Path:
    path = folder / ("a.npz" if facts else "a.npy")
    if facts:
        arrays: dict[str, Any] = {name: np.array(fact) for name, fact in facts.items()}
        np.savez(path, hu=array, **arrays)
    else:
        np.save(path, array)
    return path


def test_npz_knows_spacing_and_positions(tmp_path: Path) -> None:
    headers = read_file_headers(as_npz(tmp_path, stack())).headers
    assert [header.z_mm for header in headers] == [0, 3, 6]
    assert headers[0].spacing_mm == (0.7, 0.7)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [((256, 256, 260), (1, 2, 0)), ((256, 256, 40), (1, 2, 0)), ((256, 40, 256), (1, 0, 2))],
)
def test_another_order_of_axes_is_found_by_the_shape(
    tmp_path: Path, shape: tuple[int, int, int], axes: tuple[int, int, int], order: str
) -> None:
    array = cube(shape[axes.index(0)]).transpose(axes)
    assert array.shape == shape
    error = refusal(write(tmp_path, np.asarray(array, order=order)))  # type: ignore[call-overload]
    assert error.reason is Reason.NOT_AXIAL
    assert "[slices, rows, cols]" in error.detail


@pytest.mark.parametrize(
    ("array", "spacing", "is_refused", "is_warned"),
    [
        (cube(), [3, 0.7, 0.7], False, False),
        (cube(), [0.7, 0.7, 3], True, False),
        (cube(), [0.7, 0.7, 0.7], False, True),
        (cube(), [], False, True),
        (cube(300, 260, 280), [], False, True),
        (cube(300, 260, 280), [3, 0.7, 0.7], False, False),
        (cube(40), [0.7, 0.7, 3], True, False),
        (cube(300), [], False, False),
        (cube(3, 260, 280), [], False, False),
    ],
)
def test_where_the_shape_cannot_tell_the_spacing_may(
    tmp_path: Path, array: Array, spacing: list[float], is_refused: bool, is_warned: bool
) -> None:
    path = write(tmp_path, array, **({"spacing_mm": spacing} if spacing else {}))
    if is_refused:
        assert refusal(path).reason is Reason.NOT_AXIAL
        return
    warnings = read_file_headers(path).warnings
    assert [warning for warning in warnings if "which axis is which" in warning] == [*warnings]
    assert bool(warnings) == is_warned


@pytest.mark.parametrize(
    ("shape", "slices"), [((1, 3), 3), ((3,), 3), ((1,), 1), ((), 1), ((1, 1), 1)]
)
def test_axes_of_length_1_say_nothing(tmp_path: Path, shape: tuple[int, ...], slices: int) -> None:
    array = stack()[:slices].reshape(*shape, 256, 260)
    np.testing.assert_array_equal(read_all(write(tmp_path, array)), stack()[:slices])


def test_a_slice_may_stand_last(tmp_path: Path) -> None:
    path = write(tmp_path, stack()[0][..., None], spacing_mm=[0.7, 0.7, 3.0])
    np.testing.assert_array_equal(read_all(path), stack()[:1])
    assert read_file_headers(path).headers[0].spacing_mm == (0.7, 0.7)


@pytest.mark.parametrize("kind", ["i2", ">i2", "i4", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type_and_order(tmp_path: Path, kind: str, order: str) -> None:
    array = stack().astype(kind, order=order)  # type: ignore[call-overload]
    np.testing.assert_array_equal(read_all(write(tmp_path, array)), array.astype(np.float32))


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        ((stack() + 1024).astype(np.uint16), Reason.HU_CONVENTION_UNKNOWN),
        (np.stack([stack()] * 2), Reason.NOT_2D),
        (np.zeros(300), Reason.NOT_2D),
        (np.zeros((0, 256, 256)), Reason.CORRUPT),
        (stack().astype(bool), Reason.NOT_HU),
        (np.array([{"a": 1}] * 600, dtype=object).reshape(300, 2), Reason.NOT_HU),
        (np.full((300, 300), np.nan, np.float32), Reason.NOT_FINITE),
    ],
)
def test_refusals(tmp_path: Path, array: Array, reason: Reason) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    assert refusal(tmp_path / "a.npy").reason is reason


def test_npz_without_hu_and_with_pickles(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=stack())
    error = refusal(tmp_path / "a.npz")
    assert error.reason is Reason.UNKNOWN_FORMAT
    assert "the array 'hu'" in error.detail
    np.savez(tmp_path / "b.npz", hu=stack(), spacing_mm=np.array([{}], dtype=object))
    assert refusal(tmp_path / "b.npz").reason is Reason.CORRUPT


def test_positions_that_are_not_one_a_slice(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, stack(), z_mm=[0.0, 3.0])).reason is Reason.CORRUPT


@pytest.mark.parametrize("z_mm", [np.nan, np.inf, 1e306])
def test_positions_that_are_nowhere_are_unknown(tmp_path: Path, z_mm: float) -> None:
    (scan,) = find_scans([write(tmp_path, stack(), z_mm=[0.0, 3.0, z_mm])]).scans
    assert [header.z_mm for header in scan.headers] == [0.0, 3.0, None]


def npz_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npy(array: Array, path: Path) -> bytes:
    np.save(path, array)
    return path.read_bytes()


def test_npz_members_that_are_too_long(tmp_path: Path) -> None:
    content = npy(stack(), tmp_path / "a.npy")
    members = {"hu.npy": content, "spacing_mm.npy": bytes(2_000_000)}
    assert refusal(npz_of(tmp_path / "a.npz", members)).reason is Reason.TOO_LARGE
    members = {"hu.npy": content[:-1000]}
    assert refusal(npz_of(tmp_path / "b.npz", members)).reason is Reason.TRUNCATED
    members = {"hu.npy": b""}
    assert refusal(npz_of(tmp_path / "c.npz", members)).reason is Reason.EMPTY_FILE


def test_npz_whose_checksum_differs(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", hu=stack())
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    assert refusal(tmp_path / "a.npz").reason is Reason.CORRUPT


def test_a_header_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as stream:
        stream.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", 3_000_000_000))
        stream.truncate(3_000_001_000)
    assert refusal(tmp_path / "a.npy").reason is Reason.CORRUPT


def test_a_shape_that_claims_terabytes_is_not_read(tmp_path: Path) -> None:
    content = npy(stack(), tmp_path / "a.npy").replace(b"(3, 256, 260)", b"(19999, 2048, 2048)")
    length = content.index(b"\n") - 9
    (tmp_path / "a.npy").write_bytes(content[:8] + struct.pack("<H", length) + content[10:])
    assert refusal(tmp_path / "a.npy").reason is Reason.TOO_LARGE
