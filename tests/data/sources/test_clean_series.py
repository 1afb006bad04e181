from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.data.collection import PATIENTS, Prepared, record

from ctiqa.data.sources.clean_series import Series, kernel_of, read_index, region_of
from ctiqa.errors import DataError
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL, Kernel


def series(n_slices: int) -> Series:
    return Series("a", Path("a.npz"), "p", "chest", "", n_slices, "", "")


def test_the_index_becomes_series(prepared: Prepared) -> None:
    found = read_index(prepared.root)
    assert [s.patient for s in found] == list(PATIENTS)
    assert [(s.region, s.kernel) for s in found] == list(PATIENTS.values())
    assert {s.name for s in found} == {f"series-{p}" for p in PATIENTS}


def test_pixels_come_in_hu_with_their_spacing(prepared: Prepared) -> None:
    hu, spacing = read_index(prepared.root)[0].read()
    assert hu.dtype == np.float32
    assert hu.shape == (1, 128, 128)
    assert spacing == (2.4, 2.4)


def test_padding_is_raised_to_its_floor(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    np.savez(file, hu=np.full((1, 4, 4), -3024, np.int16), spacing_mm=np.array([5, 0.7, 0.8]))
    hu, spacing = Series("a", file, "p", "chest", "", 1, "", "").read()
    assert set(hu.ravel().tolist()) == {-1024.0}
    assert spacing == (0.7, 0.8)


def test_every_problem_of_an_index_is_listed_at_once(tmp_path: Path) -> None:
    (tmp_path / "series-C0.npz").touch()
    lacking = record("C3")
    del lacking["licence"], lacking["origin"]
    records = [
        record("C0"),
        record("C0"),
        record("C1"),
        record("C2"),
        lacking,
        record("C4", n_slices="some"),
        "a word",
    ]
    (tmp_path / "index.json").write_text(json.dumps(records))
    with pytest.raises(DataError, match="has 6 problems") as caught:
        read_index(tmp_path)
    assert [line.strip() for line in str(caught.value).splitlines()[1:]] == [
        "record 1: series-C0 occurs twice",
        "record 2: no file series-C1.npz",
        "record 3: no file series-C2.npz",
        "record 4: lacks licence, origin",
        "record 5: n_slices must be a count, got 'some'",
        "record 6: must be an object, got 'a word'",
    ]


@pytest.mark.parametrize("content", [None, "[", '{"file": 1}', "3"])
def test_an_index_must_be_a_readable_list(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "index.json").write_text(content)
    with pytest.raises(DataError, match=r"index.json' must be a "):
        read_index(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"hu": np.zeros((1, 4, 4), np.int16)}, "spacing_mm is not a file in the archive"),
        (
            {"hu": np.zeros((2, 4, 4), np.int16), "spacing_mm": np.ones(3)},
            r"must hold 1 slices .* got shape \(2, 4, 4\)",
        ),
    ],
)
def test_a_file_must_be_what_the_index_says(
    tmp_path: Path, arrays: dict[str, Any], expected: str
) -> None:
    file = tmp_path / "a.npz"
    np.savez(file, **arrays)
    with pytest.raises(DataError, match=expected):
        replace(series(1), file=file).read()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    file.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match=r"a.npz' cannot be read"):
        replace(series(1), file=file).read()


@pytest.mark.parametrize(
    ("words", "region"),
    [
        ("chest", "chest"),
        ("Chest/Abdomen/Pelvis", "trunk"),
        ("whole body PET/CT, smooth B10f", "trunk"),
        ("abdomen (CT colonography)", "abdomen"),
        ("HEAD", "head"),
        ("neck", "head"),
    ],
)
def test_words_of_regions(words: str, region: str) -> None:
    assert region_of(words) == region


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("LUNG", SHARP_KERNEL),
        ("BONE", SHARP_KERNEL),
        ("BONEPLUS", SHARP_KERNEL),
        ("B60f", SHARP_KERNEL),
        ("B70s", SHARP_KERNEL),
        ("59 .21.B50s", SHARP_KERNEL),
        ("YB", SHARP_KERNEL),
        ("SOFT", SOFT_KERNEL),
        ("B10f", SOFT_KERNEL),
        ("B20s", SOFT_KERNEL),
        ("B30f", STANDARD_KERNEL),
        ("B45f", STANDARD_KERNEL),
        ("STANDARD", STANDARD_KERNEL),
        ("FC17", STANDARD_KERNEL),
        ("", STANDARD_KERNEL),
    ],
)
def test_words_of_kernels(name: str, kernel: Kernel) -> None:
    assert kernel_of(name) == kernel


def test_the_body_kernel_ab50_is_soft() -> None:
    assert kernel_of("59 .10.AB50") == SOFT_KERNEL


@pytest.mark.parametrize(("there", "most"), [(1, 4), (4, 4), (5, 4), (40, 16), (1000, 7)])
def test_chosen_slices_are_spread_evenly(there: int, most: int) -> None:
    chosen = series(there).chosen(most)
    assert len(chosen) == min(there, most)
    assert list(chosen) == sorted(set(chosen))
    assert 0 <= chosen[0] <= chosen[-1] < there
    gaps = np.diff(chosen)
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
